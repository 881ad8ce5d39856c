"""FHIR R4 Questionnaire at the rim: reads and writes the subset we ask with; refuses the rest by name.

Subset: flat items of type boolean, choice, integer, decimal, text, string, date; answerOption.valueCoding
with itemWeight (or ordinalValue); enableWhen with all/any; translations; minValue, maxValue, unit, hidden.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.faults import Fault
from triage.definition import Condition, Kind, Option, Question, Questionnaire, Text
from triage.errors import ContentFaults

Json = dict[str, Any]

HL7 = "http://hl7.org/fhir/StructureDefinition/"
OURS = "urn:ensilinja:"
TRANSLATION = HL7 + "translation"
WEIGHTS = (HL7 + "itemWeight", HL7 + "ordinalValue")
_ITEM_KEYS = frozenset(
    {
        "linkId",
        "text",
        "_text",
        "type",
        "required",
        "repeats",
        "answerOption",
        "enableWhen",
        "enableBehavior",
        "extension",
    }
)
_TOP_KEYS = frozenset(
    {
        "resourceType",
        "id",
        "meta",
        "language",
        "url",
        "identifier",
        "version",
        "name",
        "title",
        "_title",
        "status",
        "experimental",
        "date",
        "publisher",
        "description",
        "purpose",
        "copyright",
        "approvalDate",
        "lastReviewDate",
        "effectivePeriod",
        "code",
        "subjectType",
        "item",
        "text",
        "jurisdiction",
        "contact",
        "useContext",
    }
)
_KINDS = {
    "boolean": Kind.BOOLEAN,
    "choice": Kind.CHOICE,
    "integer": Kind.INTEGER,
    "decimal": Kind.DECIMAL,
    "text": Kind.TEXT,
    "string": Kind.TEXT,
    "date": Kind.DATE,
}
_TYPES = {
    Kind.BOOLEAN: "boolean",
    Kind.CHOICE: "choice",
    Kind.MULTICHOICE: "choice",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "decimal",
    Kind.TEXT: "text",
    Kind.PHONE: "string",
    Kind.DATE: "date",
}
_OPERATORS = frozenset({"=", "!=", ">", "<", ">=", "<="})
_ANSWERS = ("answerBoolean", "answerInteger", "answerDecimal", "answerString", "answerCoding")


def parse(data: object, source: str) -> Questionnaire:
    """The questionnaire of FHIR JSON; raises ContentFaults naming everything outside the subset."""
    return _Reader(source).questionnaire(data)


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._faults: list[Fault] = []

    def questionnaire(self, data: object) -> Questionnaire:
        top = self._object(data, "")
        if top.get("resourceType") != "Questionnaire":
            self._refuse("resourceType", "is not Questionnaire")
        self._known(top, _TOP_KEYS, "")
        items = [self._object(item, f"item[{n}]") for n, item in enumerate(self._list(top, "item"))]
        questions = tuple(self._question(item) for item in items)
        self._twice([question.id for question in questions])
        found = Questionnaire(
            id=str(top.get("id", "")),
            version=str(top.get("version", "")),
            title=self._text(top, "title", "title"),
            questions=questions,
        )
        if self._faults:
            raise ContentFaults(self._faults)
        return found

    def _question(self, item: Json) -> Question:
        key = str(item.get("linkId") or "item without linkId")
        self._known(item, _ITEM_KEYS, key)
        extensions = self._extensions(item, key)
        behaviour = item.get("enableBehavior", "all")
        if behaviour not in {"all", "any"}:
            self._refuse(key, f"enableBehavior {behaviour!r} is not supported")
        conditions = tuple(self._condition(self._object(c, key), key) for c in self._list(item, "enableWhen"))
        return Question(
            id=key,
            kind=self._kind(item, extensions, key),
            text=self._text(item, "text", key),
            hint=self._extension_text(extensions, OURS + "hint", key),
            why=self._extension_text(extensions, OURS + "why", key),
            options=tuple(self._option(self._object(o, key), key) for o in self._list(item, "answerOption")),
            minimum=self._number(extensions, HL7 + "minValue", key),
            maximum=self._number(extensions, HL7 + "maxValue", key),
            unit=self._unit(extensions, key),
            optional=item.get("required") is not True,
            sensitive=self._flag(extensions, OURS + "sensitive"),
            hidden=self._flag(extensions, HL7 + "questionnaire-hidden"),
            shown_when=conditions,
            shown_when_any=behaviour == "any",
        )

    def _kind(self, item: Json, extensions: Mapping[str, Json], key: str) -> Kind:
        kind = _KINDS.get(str(item.get("type")))
        if kind is None:
            self._refuse(key, f"item type {item.get('type')!r} is not supported")
            return Kind.TEXT
        if kind is Kind.CHOICE and item.get("repeats") is True:
            return Kind.MULTICHOICE
        if item.get("repeats") is True:
            self._refuse(key, "repeats is supported for choice only")
        return Kind.PHONE if self._flag(extensions, OURS + "phone") else kind

    def _option(self, option: Json, key: str) -> Option:
        self._known(option, frozenset({"valueCoding", "extension"}), key)
        coding = self._object(option.get("valueCoding"), f"{key}.answerOption")
        self._known(coding, frozenset({"code", "display", "_display", "system", "extension"}), key)
        weight: int | None = None
        for holder in (option, coding):
            for extension in self._list(holder, "extension"):
                weight = self._weight(self._object(extension, key), key)
        return Option(
            code=str(coding.get("code", "")), text=self._text(coding, "display", key), weight=weight
        )

    def _weight(self, extension: Json, key: str) -> int | None:
        if extension.get("url") not in WEIGHTS:
            self._refuse(key, f"extension {extension.get('url')!r} of an option is not supported")
            return None
        value = extension.get("valueDecimal", extension.get("valueInteger"))
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            self._refuse(key, f"weight {value!r} is not a whole number")
            return None
        return int(value)

    def _condition(self, when: Json, key: str) -> Condition:
        self._known(when, frozenset({"question", "operator", *_ANSWERS}), key)
        op = str(when.get("operator"))
        if op not in _OPERATORS:
            self._refuse(key, f"enableWhen operator {op!r} is not supported")
        answers = [when[name] for name in _ANSWERS if name in when]
        value = answers[0] if answers else ""
        if isinstance(value, dict):
            value = str(value.get("code", ""))
        if len(answers) != 1 or not isinstance(value, bool | int | float | str):
            self._refuse(key, "enableWhen needs exactly one supported answer")
            value = ""
        return Condition(question=str(when.get("question")), op=op, value=value)

    def _extensions(self, item: Json, key: str) -> Mapping[str, Json]:
        found: dict[str, Json] = {}
        for raw in self._list(item, "extension"):
            extension = self._object(raw, key)
            url = str(extension.get("url"))
            if url not in _ITEM_EXTENSIONS:
                self._refuse(key, f"extension {url!r} is not supported")
            found[url] = extension
        return found

    def _number(self, extensions: Mapping[str, Json], url: str, key: str) -> float | None:
        if url not in extensions:
            return None
        value = extensions[url].get("valueInteger", extensions[url].get("valueDecimal"))
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(key, f"{url.rsplit('/', 1)[-1]} is not a number")
            return None
        return value

    def _unit(self, extensions: Mapping[str, Json], key: str) -> Text | None:
        url = HL7 + "questionnaire-unit"
        if url not in extensions:
            return None
        return self._text(self._object(extensions[url].get("valueCoding"), key), "display", key)

    def _flag(self, extensions: Mapping[str, Json], url: str) -> bool:
        return extensions.get(url, {}).get("valueBoolean") is True

    def _extension_text(self, extensions: Mapping[str, Json], url: str, key: str) -> Text | None:
        return self._text(extensions[url], "valueString", key) if url in extensions else None

    def _text(self, holder: Json, name: str, key: str) -> Text:
        texts = {"fi": holder.get(name, "")}
        for raw in self._list(self._object(holder.get(f"_{name}", {}), key), "extension"):
            extension = self._object(raw, key)
            parts = {p.get("url"): p for p in self._list(extension, "extension") if isinstance(p, dict)}
            language = parts.get("lang", {}).get("valueCode")
            if extension.get("url") != TRANSLATION or language not in {"sv", "en"}:
                self._refuse(key, f"extension {extension.get('url')!r} ({language}) of a text is unknown")
                continue
            texts[language] = parts.get("content", {}).get("valueString", "")
        return Text(**{language: str(text) for language, text in texts.items()})

    def _object(self, value: object, key: str) -> Json:
        if isinstance(value, dict):
            return value
        self._refuse(key, "an object is missing")
        return {}

    def _list(self, holder: Json, name: str) -> list[object]:
        value = holder.get(name, [])
        if isinstance(value, list):
            return value
        self._refuse(name, "is not a list")
        return []

    def _known(self, holder: Json, keys: frozenset[str], key: str) -> None:
        for name in holder.keys() - keys:
            self._refuse(key, f"{name!r} is not supported")

    def _twice(self, ids: list[str]) -> None:
        for question_id in {question_id for question_id in ids if ids.count(question_id) > 1}:
            self._refuse(question_id, "the linkId is used twice")

    def _refuse(self, key: str, message: str) -> None:
        self._faults.append(Fault(source=self._source, key=key, message=message))


_ITEM_EXTENSIONS = frozenset(
    {HL7 + name for name in ("minValue", "maxValue", "questionnaire-unit", "questionnaire-hidden")}
    | {OURS + name for name in ("hint", "why", "sensitive", "phone")}
)


def serialise(questionnaire: Questionnaire) -> Json:
    """The FHIR R4 JSON of a questionnaire; `parse` gives the same value back."""
    found: Json = {
        "resourceType": "Questionnaire",
        "id": questionnaire.id,
        "url": f"{OURS}questionnaire:{questionnaire.id}",
        "version": questionnaire.version,
        **_texts("title", questionnaire.title),
        "status": "draft",
        "language": "fi",
    }
    if questionnaire.questions:
        found["item"] = [_item(question) for question in questionnaire.questions]
    return found


def _item(question: Question) -> Json:
    item: Json = {"linkId": question.id, **_texts("text", question.text), "type": _TYPES[question.kind]}
    extensions = list(_item_extensions(question))
    if extensions:
        item["extension"] = extensions
    if not question.optional:
        item["required"] = True
    if question.kind is Kind.MULTICHOICE:
        item["repeats"] = True
    if question.options:
        item["answerOption"] = [_answer_option(option) for option in question.options]
    if question.shown_when:
        item["enableWhen"] = [_enable_when(condition) for condition in question.shown_when]
        item["enableBehavior"] = "any" if question.shown_when_any else "all"
    return item


def _item_extensions(question: Question) -> Iterator[Json]:
    for name, text in (("hint", question.hint), ("why", question.why)):
        if text is not None:
            yield {"url": OURS + name, **_texts("valueString", text)}
    number: Callable[[float], Json] = (
        (lambda n: {"valueInteger": int(n)})
        if question.kind is Kind.INTEGER
        else (lambda n: {"valueDecimal": n})
    )
    for name, bound in (("minValue", question.minimum), ("maxValue", question.maximum)):
        if bound is not None:
            yield {"url": HL7 + name, **number(bound)}
    if question.unit is not None:
        yield {"url": HL7 + "questionnaire-unit", "valueCoding": _texts("display", question.unit)}
    flags = (
        (HL7 + "questionnaire-hidden", question.hidden),
        (OURS + "sensitive", question.sensitive),
        (OURS + "phone", question.kind is Kind.PHONE),
    )
    for url, on in flags:
        if on:
            yield {"url": url, "valueBoolean": True}


def _answer_option(option: Option) -> Json:
    found: Json = {"valueCoding": {"code": option.code, **_texts("display", option.text)}}
    if option.weight is not None:
        found["extension"] = [{"url": WEIGHTS[0], "valueDecimal": option.weight}]
    return found


def _enable_when(condition: Condition) -> Json:
    found: Json = {"question": condition.question, "operator": condition.op}
    match condition.value:
        case bool():
            found["answerBoolean"] = condition.value
        case int():
            found["answerInteger"] = condition.value
        case float():
            found["answerDecimal"] = condition.value
        case str():
            found["answerCoding"] = {"code": condition.value}
    return found


def _texts(name: str, text: Text) -> Json:
    found: Json = {name: text.fi}
    translations = [
        _translation(language, text.get(language))
        for language in ("sv", "en")
        if language not in text.missing()
    ]
    if translations:
        found[f"_{name}"] = {"extension": translations}
    return found


def _translation(language: str, content: str) -> Json:
    parts = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": content}]
    return {"url": TRANSLATION, "extension": parts}
