"""One question's form: what was typed as a value, a value as it was typed, and what is to be mended, in
words.
"""

from datetime import date, datetime

from aiohttp import web

from core.text import short_date
from ensilinja.doors import language
from ensilinja.pages import views
from ensilinja.pages.shown import text
from ensilinja.pages.views import UNKNOWN_ANSWER, Option
from triage.answers import LONGEST_TEXT, check_answer
from triage.definition import UNKNOWN, Kind, Question, Value
from triage.errors import AnswerFault

CHOSEN = frozenset({Kind.BOOLEAN, Kind.CHOICE, Kind.MULTICHOICE})
DATES = ("%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d")  # as people write them here, in English, and as machines do
KINDS: dict[Kind, views.QuestionKind] = {
    Kind.BOOLEAN: "boolean",
    Kind.CHOICE: "choice",
    Kind.MULTICHOICE: "multichoice",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "decimal",
    Kind.PHONE: "phone",
    Kind.DATE: "date",
    Kind.TEXT: "text",
}
FAULT_KEYS = {
    "both": "resident.question.both",
    "not_an_option": "resident.question.not_option",
    "not_a_number": "resident.question.not_number",
    "not_an_integer": "resident.question.not_number",
    "too_small": "resident.question.out_of_range",
    "too_large": "resident.question.out_of_range",
    "too_long": "resident.own_words.too_long",
    "not_a_date": "resident.question.not_date",
    "not_a_phone": "resident.phone.wrong",
}


def typed(question: Question, raw: list[str]) -> Value:
    """The value of what was sent; AnswerFault names what is wrong. An optional question may be passed
    over.
    """
    given = [item for item in raw if item.strip() and item != UNKNOWN_ANSWER]
    if UNKNOWN_ANSWER in raw:
        if given:
            raise AnswerFault("both")
        return UNKNOWN
    if question.kind is Kind.MULTICHOICE:
        return check_answer(question, given)
    value = given[0].replace("\r\n", "\n").strip() if given else ""
    return check_answer(question, _iso(value) if question.kind is Kind.DATE and value else value)


def _iso(value: str) -> str:
    for form in DATES:
        try:
            return datetime.strptime(value, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise AnswerFault("not_a_date")


def raw_of(question: Question, value: Value | None, lang: str) -> list[str]:
    """A stored answer as the form sends it."""
    if value is None:
        return []
    if value == UNKNOWN:
        return [] if question.optional else [UNKNOWN_ANSWER]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float):
        return [figure(value, lang)]
    return [in_day(value, lang) if question.kind is Kind.DATE else str(value)]


def figure(value: float, lang: str) -> str:
    """A number as people type it: with a comma, in English with a point."""
    return f"{value:g}" if lang == "en" else f"{value:g}".replace(".", ",")


def in_day(value: object, lang: str) -> str:
    """A stored date as people write it; what is no date as it stands."""
    try:
        return short_date(lang, date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def options(request: web.Request, question: Question, raw: list[str]) -> tuple[Option, ...]:
    """The rows to choose from."""
    if question.kind is Kind.BOOLEAN:
        pairs = [("true", "resident.question.yes"), ("false", "resident.question.no")]
        return tuple(
            Option(value=value, label=text(request, key), chosen=value in raw) for value, key in pairs
        )
    lang = language(request)
    return tuple(
        Option(value=option.code, label=option.text.get(lang), chosen=option.code in raw)
        for option in question.options
    )


def fault_text(request: web.Request, question: Question, fault: AnswerFault, *, unknown_offered: bool) -> str:
    """What is to be mended, in the resident's words."""
    empty = "resident.question.empty_choice" if question.kind in CHOSEN else "resident.question.empty_text"
    lang = language(request)
    low, high = (figure(bound or 0, lang) for bound in (question.minimum, question.maximum))
    example = figure(38.5, lang) if question.kind is Kind.DECIMAL else "3"
    key = FAULT_KEYS.get(fault.code, empty if unknown_offered else "resident.question.empty_who")
    if question.maximum is None and fault.code == "too_small":
        key = "resident.question.too_small"
    day = short_date(lang, date(2026, 11, 23))
    return text(request, key, low=low, high=high, example=example, n=LONGEST_TEXT, day=day)
