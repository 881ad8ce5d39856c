"""From FHIR JSON to a questionnaire: nothing that changes what is asked or meant is passed over. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from triage.definition import LANGUAGES, Condition, Kind, Option, Question, Questionnaire, Text
from triage.fhir_items import IDLE_EXTENSIONS, IDLE_KEYS, Flattener, Leaf, joined
from triage.fhir_json import HL7, OURS, Json, Reading, primary, shown
from triage.fhir_names import identifier, identifiers
from triage.fhir_options import options_of

_ABOUT = frozenset(  # what is said of the form; an import keeps its copyright and where it came from
    {"meta", "identifier", "name", "_name", "status", "experimental", "date", "publisher", "description"}
    | {"purpose", "approvalDate", "lastReviewDate", "effectivePeriod", "code", "subjectType", "text"}
    | {"jurisdiction", "contact", "useContext"}
)
_TOP_KEYS = _ABOUT | {
    *("resourceType", "id", "language", "url", "version", "title", "_title", "item"),
    *("copyright", "derivedFrom", "contained", "extension"),
}
_ITEM_KEYS = frozenset(
    {"id", "linkId", "text", "_text", "type", "required", "repeats", "readOnly", "item", "extension"}
    | {"answerOption", "answerValueSet", "enableWhen", "enableBehavior"}
)
_UNIT, _HIDDEN = HL7 + "questionnaire-unit", HL7 + "questionnaire-hidden"
_MIN, _MAX, _MIN_OCCURS = HL7 + "minValue", HL7 + "maxValue", HL7 + "questionnaire-minOccurs"
_ITEM_EXTENSIONS = frozenset(
    {_UNIT, _HIDDEN, _MIN, _MAX, _MIN_OCCURS}
    | {OURS + name for name in ("hint", "why", "sensitive", "phone")}
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
_OPERATORS = frozenset({"=", ">", "<", ">=", "<="})
_ANSWERS = ("answerBoolean", "answerInteger", "answerDecimal", "answerString", "answerCoding")


def read(reading: Reading, data: object, language: str) -> Questionnaire:
    """The questionnaire; `reading` then holds the faults. Texts are in the file's language, or in `language`
    where the file does not state one; empty means that it has to."""
    top = reading.record(data, "")
    if top.get("resourceType") != "Questionnaire":
        reading.refuse("resourceType", "is not Questionnaire")
    reading.known(top, _TOP_KEYS, "")
    reading.extensions(top, "extension", frozenset(), IDLE_EXTENSIONS)
    reading.language = _language(reading, top, language)
    flattener = Flattener(reading)
    leaves = list(flattener.leaves(top))
    ids = identifiers(leaf.original for leaf in leaves)
    questions = [_question(reading, top, leaf, ids) for leaf in leaves]
    by_id = {question.id: question for question in questions}
    return Questionnaire(
        id=reading.string(top, "id", "id").replace("-", "_"),
        version=reading.string(top, "version", "version"),
        title=reading.text(top, "title", "title"),
        questions=tuple(
            replace(question, shown_when=_conditions(reading, leaf, ids, by_id, flattener.passed_over))
            for leaf, question in zip(leaves, questions, strict=True)
        ),
        derived_from=tuple(_canonicals(reading, top)),
        copyright=reading.string(top, "copyright", "copyright"),
    )


def _language(reading: Reading, top: Json, otherwise: str) -> str:
    stated = primary(reading.string(top, "language", "language"))
    found = stated or otherwise
    if not found:
        reading.refuse("language", "the file does not state its language: say it with --language")
    elif found not in LANGUAGES:
        reading.refuse("language", f"{shown(found)} is not one of {', '.join(LANGUAGES)}")
    return found if found in LANGUAGES else LANGUAGES[0]


def _canonicals(reading: Reading, top: Json) -> list[str]:
    found = reading.sequence(top, "derivedFrom", "derivedFrom")
    return [reading.string({"derivedFrom": each}, "derivedFrom", "derivedFrom") for each in found]


def _question(reading: Reading, top: Json, leaf: Leaf, ids: Mapping[str, str]) -> Question:
    item, key = leaf.item, leaf.key
    reading.known(item, _ITEM_KEYS, key, IDLE_KEYS)
    extensions = reading.extensions(item, key, _ITEM_EXTENSIONS, IDLE_EXTENSIONS)
    if item.get("readOnly", False) is not False:
        reading.refuse(key, "readOnly is not supported: it would never be asked")
    _few(reading, extensions, item, key)
    question_id = ids[leaf.original]
    own = _extension_text(reading, extensions, OURS + "hint", key)
    return Question(
        id=question_id,
        kind=_kind(reading, item, extensions, key),
        text=reading.text(item, "text", key),
        hint=joined((*leaf.hints, own) if own else leaf.hints),
        why=_extension_text(reading, extensions, OURS + "why", key),
        options=options_of(reading, top, item, key),
        minimum=_number(reading, extensions, _MIN, key),
        maximum=_number(reading, extensions, _MAX, key),
        unit=_unit(reading, extensions, key),
        optional=item.get("required") is not True,
        sensitive=reading.flag(extensions, OURS + "sensitive"),
        hidden=reading.flag(extensions, _HIDDEN),
        shown_when_any=leaf.shown.any,
        original="" if question_id == leaf.original else leaf.original,
    )


def _kind(reading: Reading, item: Json, extensions: Mapping[str, Json], key: str) -> Kind:
    stated = item.get("type")
    kind = _KINDS.get(stated) if isinstance(stated, str) else None
    if kind is None:
        reading.refuse(key, f"item type {shown(stated)} is not supported")
        return Kind.TEXT
    repeats = item.get("repeats", False) is not False
    if kind is Kind.CHOICE and repeats:
        return Kind.MULTICHOICE
    if repeats:
        reading.refuse(key, "repeats is supported for choice only")
    return Kind.PHONE if reading.flag(extensions, OURS + "phone") else kind


def _few(reading: Reading, extensions: Mapping[str, Json], item: Json, key: str) -> None:
    """One answer at least is what `required` says; more cannot be demanded."""
    if _MIN_OCCURS not in extensions:
        return
    least = reading.whole(extensions[_MIN_OCCURS], key, "minOccurs")
    if least is not None and least > (item.get("required") is True):
        reading.refuse(key, f"minOccurs {least} is not supported")


def _number(reading: Reading, extensions: Mapping[str, Json], url: str, key: str) -> float | None:
    if url not in extensions:
        return None
    return reading.number(extensions[url], ("valueInteger", "valueDecimal"), key, url.rsplit("/", 1)[-1])


def _unit(reading: Reading, extensions: Mapping[str, Json], key: str) -> Text | None:
    if _UNIT not in extensions:
        return None
    coding = reading.record(extensions[_UNIT].get("valueCoding"), key)
    bare = "code" in coding and not {"display", "_display"} & coding.keys()
    return reading.text(coding, "code" if bare else "display", key)


def _extension_text(reading: Reading, extensions: Mapping[str, Json], url: str, key: str) -> Text | None:
    return reading.text(extensions[url], "valueString", key) if url in extensions else None


def _conditions(
    reading: Reading, leaf: Leaf, ids: Mapping[str, str], by_id: Mapping[str, Question], passed_over: set[str]
) -> tuple[Condition, ...]:
    found = []
    for when in leaf.shown.conditions:
        reading.known(when, frozenset({"id", "question", "operator", *_ANSWERS}), leaf.key)
        link = reading.string(when, "question", leaf.key)
        if link in passed_over:
            reading.refuse(leaf.key, f"is shown by {link}, which is calculated and left out")
        name = ids.get(link, identifier(link))
        op = _operator(reading, when, leaf.key)
        found.append(
            Condition(question=name, op=op, value=_value(reading, when, op, by_id.get(name), leaf.key))
        )
    return tuple(found)


def _operator(reading: Reading, when: Json, key: str) -> str:
    op = when.get("operator")
    if isinstance(op, str) and op in _OPERATORS:
        return op
    reading.refuse(key, f"enableWhen operator {shown(op)} is not supported")
    return "="


def _value(reading: Reading, when: Json, op: str, of: Question | None, key: str) -> bool | int | float | str:
    names = [name for name in _ANSWERS if name in when]
    if len(names) != 1:
        reading.refuse(key, "enableWhen needs exactly one supported answer")
        return ""
    name = names[0]
    if name == "answerBoolean" and op == "=" and isinstance(when[name], bool):
        return when[name] is True
    if name in {"answerInteger", "answerDecimal"}:
        number = reading.number(when, (name,), key, name)
        return 0 if number is None else number
    holder = reading.record(when[name], key) if name == "answerCoding" else when
    if op != "=" or name == "answerBoolean":
        reading.refuse(key, f"enableWhen with {op} and {name} is not supported")
    return _code(reading.string(holder, "code" if name == "answerCoding" else name, key), of)


def _code(stated: str, of: Question | None) -> str:
    """Our code of the option that was named."""
    options: tuple[Option, ...] = of.options if of else ()
    return next((option.code for option in options if (option.original or option.code) == stated), stated)
