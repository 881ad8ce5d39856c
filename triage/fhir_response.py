"""Stored answers as FHIR R4 QuestionnaireResponses: what was asked, in the form others can read. Pure.

A form crosses several questionnaires: the two emergency pages, the common questions, the topic's own, and
those of a topic it moved to. A response names one questionnaire and may hold only that one's items, so each
has its response, and a Bundle of type `collection` holds them together under the form's id.

Only what applied and was answered is there, in the questionnaire's order, by its original linkIds. "I do not
know" is an answer whose value is absent with the reason `asked-unknown`; what was not asked is not there.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from triage.answers import reader
from triage.definition import (
    LANGUAGES,
    UNKNOWN,
    Answers,
    Content,
    Kind,
    Option,
    Question,
    Questionnaire,
    Subject,
)
from triage.environment import asked, run
from triage.errors import UnknownTopic
from triage.exchange import LineFault, form_of
from triage.fhir_json import HL7, OURS, Json, is_text
from triage.fhir_writer import canonical_url, coding

Status = Literal["in-progress", "completed", "amended"]

ABSENT = {"extension": [{"url": HL7 + "data-absent-reason", "valueCode": "asked-unknown"}]}
FORMS = OURS + "form"  # the system of forms' ids
_NOT_IN_FHIR = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x85\u2028\u2029]")  # a text there has none of these
_LARGEST = 2**31 - 1  # of an integer there
_REFERENCE = re.compile(r"[^\s\x00-\x1f]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One form as stored. `version` is the topic's under which it was answered; subject and source are
    references that mean nothing to us."""

    topic: str
    answers: Answers = field(repr=False)
    status: Status
    version: str = ""
    authored: str = ""
    language: str = LANGUAGES[0]
    subject: str = ""
    source: str = ""
    id: str = ""


def bundle(content: Content, filled: Filled) -> Json:
    """The responses of a form, one a questionnaire, those without an answer left out; raises UnknownTopic."""
    found: Json = {"resourceType": "Bundle", "type": "collection"}
    if filled.id:
        found["identifier"] = {"system": FORMS, "value": filled.id}
    entries = [
        {"fullUrl": _address(response), "resource": response} for response in _responses(content, filled)
    ]
    return found | ({"entry": entries} if entries else {})


def response_line(content: Content, line: object) -> Json:
    """The Bundle of one line as `evaluate` takes it, or `{id, error}`.

    Further keys, all optional: `version`, `authored` (an instant with its offset), `language`, `subject`,
    `source`, and `amended` for a finished form that was changed afterwards.
    """
    try:
        form = form_of(line)
        extra: Json = line if isinstance(line, dict) else {}
        amended = _checked(extra, "amended", lambda value: isinstance(value, bool), False)
        whole: Status = "amended" if amended else "completed"
        filled = Filled(
            topic=form.topic,
            answers=form.answers,
            status=whole if form.finished else "in-progress",
            version=_checked(extra, "version", _is_reference, ""),
            authored=_checked(extra, "authored", _is_instant, ""),
            language=_checked(extra, "language", lambda value: value in LANGUAGES, LANGUAGES[0]),
            subject=_checked(extra, "subject", _is_reference, ""),
            source=_checked(extra, "source", _is_reference, ""),
            id=str(form.id) if type(form.id) is int else _checked(extra, "id", _is_reference, ""),
        )
        return bundle(content, filled)
    except LineFault as fault:
        return fault.result
    except UnknownTopic:
        return LineFault(form.id, "unknown_topic").result


def _responses(content: Content, filled: Filled) -> Iterator[Json]:
    scope, readings = run(content, filled.topic, filled.answers, Subject())
    applies = {step.name for step, _ in asked(scope, readings, Subject())}
    away = {step.name for step in scope.steps if step.question is not None} - applies
    forms = [(form, form.version) for form in (content.gate, content.past, content.common)]
    for topic in scope.topics:
        # Stored as the topic's canonical or as the bare version.
        stored = filled.version.rpartition("|")[2] if topic.id == filled.topic else ""
        forms.append((topic.questionnaire, stored or topic.questionnaire.version))
    for form, version in forms:
        items = list(_items(form, filled, away))
        if items:
            yield _response(form, version, filled, items)


def _response(form: Questionnaire, version: str, filled: Filled, items: list[Json]) -> Json:
    found: Json = {"resourceType": "QuestionnaireResponse"}
    if filled.id:
        found["identifier"] = {"system": FORMS, "value": filled.id}
    address = canonical_url(form.id)
    found |= {"questionnaire": f"{address}|{version}" if version else address}
    found |= {"status": filled.status, "language": filled.language}
    found |= {name: {"reference": said} for name in ("subject", "source") if (said := getattr(filled, name))}
    if filled.authored:
        found["authored"] = datetime.fromisoformat(filled.authored).isoformat()
    return found | {"item": items}


def _items(form: Questionnaire, filled: Filled, away: set[str]) -> Iterator[Json]:
    for question in form.questions:
        if question.id not in filled.answers or question.id in away or question.hidden:
            continue
        answers = list(_answers(question, filled.answers[question.id], filled.language))
        if answers:
            text = {"text": question.text.get(filled.language)} if question.text.get(filled.language) else {}
            yield {"linkId": question.original or question.id, **text, "answer": answers}


def _answers(question: Question, value: object, language: str) -> Iterator[Json]:
    """The answers to one question; none where what is stored does not fit it, as in an evaluation."""
    if value == UNKNOWN:
        yield _absent(question)
    elif isinstance(value, str) and question.kind in {Kind.TEXT, Kind.PHONE, Kind.DATE}:
        said = _day(value) if question.kind is Kind.DATE else _text(value)
        if said:
            yield {_NAMES[question.kind]: said}
    elif reader(question)(value) is not None:
        if question.options:
            chosen = value if isinstance(value, tuple | list) else (value,)
            yield from ({"valueCoding": _coding(o, language)} for o in question.options if o.code in chosen)
        elif not isinstance(value, int) or abs(value) <= _LARGEST:
            yield {_NAMES[question.kind]: value}


def _text(said: str) -> str:
    """The text without what FHIR's texts cannot hold; nothing where nothing is left."""
    found = _NOT_IN_FHIR.sub(" ", said) if is_text(said) else ""
    return found if found.strip() else ""


def _day(said: str) -> str:
    try:
        return date.fromisoformat(said).isoformat()
    except ValueError:
        return ""


def _absent(question: Question) -> Json:
    if question.kind in {Kind.CHOICE, Kind.MULTICHOICE}:
        return {"valueCoding": ABSENT}
    return {f"_{_NAMES[question.kind]}": ABSENT}  # beside a primitive value, as FHIR's JSON has it


_NAMES = {
    Kind.BOOLEAN: "valueBoolean",
    Kind.INTEGER: "valueInteger",
    Kind.DECIMAL: "valueDecimal",
    Kind.TEXT: "valueString",
    Kind.PHONE: "valueString",
    Kind.DATE: "valueDate",
}


def _coding(option: Option, language: str) -> Json:
    display = option.text.get(language)
    return coding(option) | ({"display": display} if display else {})


def _address(response: Json) -> str:
    """Named by what it holds: the same answers make the same Bundle."""
    text = json.dumps(response, ensure_ascii=True, sort_keys=True)
    return uuid.uuid5(uuid.NAMESPACE_URL, text).urn


def _checked(line: Json, name: str, fits: Callable[[object], bool], otherwise: object) -> Any:
    value = line.get(name)
    if value is None:
        return otherwise
    if fits(value):
        return value
    raise LineFault(line.get("id"), f"{name}_unfit")


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and is_text(value) and _REFERENCE.fullmatch(value) is not None


def _is_instant(value: object) -> bool:
    try:
        offset = datetime.fromisoformat(value).utcoffset() if isinstance(value, str) else None
    except ValueError:
        return False
    return offset is not None and abs(offset) <= timedelta(hours=14) and not offset % timedelta(minutes=1)
