"""One answer: checked strictly when it is given, read leniently when it is judged (a misfit is unknown)."""

import math
import re
from collections.abc import Callable
from datetime import date

from triage.definition import UNKNOWN, Kind, Question, Value
from triage.errors import AnswerFault
from triage.readings import NOTHING

LONGEST_TEXT = 4000
NONE = "none"  # the option "none of these", which stands alone
_INTEGER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,6})?", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,24}", re.ASCII)

Read = Callable[[object], object | None]


def check_answer(question: Question, raw: str | list[str]) -> Value:
    """The typed value of what was sent; raises AnswerFault with the demand that failed.

    An empty answer to an optional question is UNKNOWN, like "I do not know".
    """
    if question.kind is Kind.MULTICHOICE:
        return _several(question, [raw] if isinstance(raw, str) else raw)
    if not isinstance(raw, str):
        raise AnswerFault("not_one_answer")
    text = raw.strip()
    if not text:
        if question.optional:
            return UNKNOWN
        raise AnswerFault("required")
    if text == UNKNOWN and question.kind is not Kind.TEXT:
        return UNKNOWN
    return _CHECKS[question.kind](question, text)


def _several(question: Question, raw: list[str]) -> Value:
    codes = tuple(dict.fromkeys(raw))
    if codes == (UNKNOWN,) or (not codes and question.optional):
        return UNKNOWN
    if not codes:
        raise AnswerFault("required")
    if not {option.code for option in question.options}.issuperset(codes):
        raise AnswerFault("not_an_option")
    if NONE in codes and len(codes) > 1:
        raise AnswerFault("both")
    return codes


def _boolean(question: Question, text: str) -> Value:
    if text not in {"true", "false"}:
        raise AnswerFault("not_an_option")
    return text == "true"


def _choice(question: Question, text: str) -> Value:
    if text not in {option.code for option in question.options}:
        raise AnswerFault("not_an_option")
    return text


def _integer(question: Question, text: str) -> Value:
    if not _INTEGER.fullmatch(text):
        raise AnswerFault("not_an_integer" if _DECIMAL.fullmatch(text) else "not_a_number")
    return _within(question, int(text))


def _decimal(question: Question, text: str) -> Value:
    if not _DECIMAL.fullmatch(text):
        raise AnswerFault("not_a_number")
    return _within(question, float(text.replace(",", ".")))


def _within(question: Question, number: float) -> float:
    if question.minimum is not None and number < question.minimum:
        raise AnswerFault("too_small")
    if question.maximum is not None and number > question.maximum:
        raise AnswerFault("too_large")
    return number


def _text(question: Question, text: str) -> Value:
    if len(text) > LONGEST_TEXT:
        raise AnswerFault("too_long")
    if "\x00" in text:
        raise AnswerFault("not_text")
    return text


def _phone(question: Question, text: str) -> Value:
    if not _PHONE.fullmatch(text):
        raise AnswerFault("not_a_phone")
    return text


def _date(question: Question, text: str) -> Value:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise AnswerFault("not_a_date") from None


_CHECKS: dict[Kind, Callable[[Question, str], Value]] = {
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.TEXT: _text,
    Kind.PHONE: _phone,
    Kind.DATE: _date,
}


def hidden_value(question: Question) -> object:
    """What a question counts as when it does not apply: no, or nothing any comparison holds for."""
    if question.kind is Kind.BOOLEAN:
        return False
    if question.kind is Kind.CHOICE and any(option.code == "no" for option in question.options):
        return "no"
    return NOTHING


def reader(question: Question) -> Read:
    """A function from a stored answer to the value rules compare; None for unknown and for every misfit."""
    match question.kind:
        case Kind.BOOLEAN:
            return lambda raw: raw if raw is True or raw is False else None
        case Kind.CHOICE:
            codes = {option.code: _comparable(question, option.code) for option in question.options}
            return lambda raw: codes.get(raw) if isinstance(raw, str) else None
        case Kind.MULTICHOICE:
            return _several_reader(question)
        case Kind.INTEGER | Kind.DECIMAL:
            return _number_reader(question)
        case _:
            return lambda raw: None


def _comparable(question: Question, code: str) -> object:
    return int(code) if question.ordinal else code


def _several_reader(question: Question) -> Read:
    known = frozenset(option.code for option in question.options)

    def read(raw: object) -> object | None:
        if not isinstance(raw, tuple | list) or not all(isinstance(code, str) for code in raw):
            return None
        return frozenset(raw) if raw and known.issuperset(raw) else None

    return read


def _number_reader(question: Question) -> Read:
    low = -math.inf if question.minimum is None else question.minimum
    high = math.inf if question.maximum is None else question.maximum
    types = (int,) if question.kind is Kind.INTEGER else (int, float)

    def read(raw: object) -> object | None:
        if isinstance(raw, bool) or not isinstance(raw, types):
            return None
        return raw if low <= raw <= high and abs(raw) < math.inf else None

    return read
