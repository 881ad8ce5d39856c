"""From a questionnaire to FHIR R4 JSON, in the one form that the county's files have. Pure."""

from collections.abc import Callable, Iterator

from triage.definition import LANGUAGES, Condition, Kind, Option, Question, Questionnaire, Text
from triage.fhir_json import HL7, OURS, TRANSLATION, Json
from triage.fhir_options import WEIGHTS

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


def serialise(questionnaire: Questionnaire) -> Json:
    """The FHIR R4 JSON of a questionnaire; `parse` gives the same value back."""
    return _Writer(questionnaire).questionnaire()


def canonical_url(questionnaire_id: str) -> str:
    """The address under which other resources name a questionnaire of ours."""
    return f"{OURS}questionnaire:{questionnaire_id}"


class _Writer:
    def __init__(self, form: Questionnaire) -> None:
        self._form = form
        # Plain texts are in Finnish; in a questionnaire that has no Finnish yet, in what its title is in.
        spoken = (language for language in LANGUAGES if language not in form.title.missing())
        self._language = next(spoken, LANGUAGES[0])

    def questionnaire(self) -> Json:
        form = self._form
        found: Json = {
            "resourceType": "Questionnaire",
            "id": form.id.replace("_", "-"),  # an id in FHIR has no underscore
            "url": canonical_url(form.id),
            "version": form.version,
            **self._texts("title", form.title),
        }
        if form.derived_from:
            found["derivedFrom"] = list(form.derived_from)
        found |= {"status": "draft", "language": self._language}
        if form.copyright:
            found["copyright"] = form.copyright
        if form.questions:
            found["item"] = [self._item(question) for question in form.questions]
        return found

    def _item(self, question: Question) -> Json:
        item: Json = {
            "linkId": question.original or question.id,
            **self._texts("text", question.text),
            "type": _TYPES[question.kind],
        }
        extensions = list(self._extensions(question))
        if extensions:
            item["extension"] = extensions
        if not question.optional:
            item["required"] = True
        if question.kind is Kind.MULTICHOICE:
            item["repeats"] = True
        if question.options:
            item["answerOption"] = [self._option(option) for option in question.options]
        if question.shown_when:
            item["enableWhen"] = [self._condition(condition) for condition in question.shown_when]
            item["enableBehavior"] = "any" if question.shown_when_any else "all"
        return item

    def _extensions(self, question: Question) -> Iterator[Json]:
        for name, text in (("hint", question.hint), ("why", question.why)):
            if text is not None:
                yield {"url": OURS + name, **self._texts("valueString", text)}
        number: Callable[[float], Json] = (
            (lambda n: {"valueInteger": int(n)})
            if question.kind is Kind.INTEGER
            else (lambda n: {"valueDecimal": n})
        )
        for name, bound in (("minValue", question.minimum), ("maxValue", question.maximum)):
            if bound is not None:
                yield {"url": HL7 + name, **number(bound)}
        if question.unit is not None:
            yield {"url": HL7 + "questionnaire-unit", "valueCoding": self._texts("display", question.unit)}
        flags = (
            (HL7 + "questionnaire-hidden", question.hidden),
            (OURS + "sensitive", question.sensitive),
            (OURS + "phone", question.kind is Kind.PHONE),
        )
        for url, on in flags:
            if on:
                yield {"url": url, "valueBoolean": True}

    def _option(self, option: Option) -> Json:
        found: Json = {"valueCoding": {**coding(option), **self._texts("display", option.text)}}
        if option.weight is not None:
            found["extension"] = [{"url": WEIGHTS[0], "valueDecimal": option.weight}]
        return found

    def _condition(self, condition: Condition) -> Json:
        other = self._form.question(condition.question)
        link = condition.question if other is None else other.original or other.id
        found: Json = {"question": link, "operator": condition.op}
        match condition.value:
            case bool():
                found["answerBoolean"] = condition.value
            case int():
                found["answerInteger"] = condition.value
            case float():
                found["answerDecimal"] = condition.value
            case str():
                options = other.options if other else ()
                named = next((option for option in options if option.code == condition.value), None)
                found["answerCoding"] = coding(named) if named else {"code": condition.value}
        return found

    def _texts(self, name: str, text: Text) -> Json:
        said = {language: text.get(language) for language in LANGUAGES if language not in text.missing()}
        found: Json = {name: said[self._language]} if self._language in said else {}
        others = [_translation(language, said[language]) for language in said if language != self._language]
        if others:
            found[f"_{name}"] = {"extension": others}
        return found


def coding(option: Option) -> Json:
    """The code of an option as its questionnaire states it, without its text."""
    system = {"system": option.system} if option.system else {}
    return {**system, "code": option.original or option.code}


def _translation(language: str, content: str) -> Json:
    parts = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": content}]
    return {"url": TRANSLATION, "extension": parts}
