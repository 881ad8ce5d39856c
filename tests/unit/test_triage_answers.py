import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.answers import reader
from triage.definition import UNKNOWN, Kind, Option, Question, Text
from triage.engine import check_answer
from triage.errors import AnswerFault


def question(kind: Kind, *codes: str, optional: bool = False, low: float = 0, high: float = 10) -> Question:
    number = kind in {Kind.INTEGER, Kind.DECIMAL}
    return Question(
        id="q",
        kind=kind,
        text=Text(fi="?"),
        options=tuple(Option(code=code, text=Text(fi=code)) for code in codes),
        minimum=low if number else None,
        maximum=high if number else None,
        optional=optional,
    )


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (Kind.BOOLEAN, "true", True),
        (Kind.BOOLEAN, "false", False),
        (Kind.CHOICE, "a", "a"),
        (Kind.MULTICHOICE, ["a", "b", "a"], ("a", "b")),
        (Kind.MULTICHOICE, "a", ("a",)),
        (Kind.INTEGER, " 10 ", 10),
        (Kind.DECIMAL, "3,5", 3.5),
        (Kind.DECIMAL, "3.5", 3.5),
        (Kind.TEXT, "  kipu ", "kipu"),
        (Kind.PHONE, "+358 00 000 0000", "+358 00 000 0000"),
        (Kind.DATE, "2026-02-28", "2026-02-28"),
        (Kind.INTEGER, UNKNOWN, UNKNOWN),
        (Kind.MULTICHOICE, [UNKNOWN], UNKNOWN),
    ],
)
def test_fitting_answer_gets_its_type(kind: Kind, raw: str | list[str], value: object) -> None:
    assert check_answer(question(kind, "a", "b"), raw) == value


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        (Kind.BOOLEAN, "", "required"),
        (Kind.BOOLEAN, "yes", "not_an_option"),
        (Kind.BOOLEAN, ["true"], "not_one_answer"),
        (Kind.CHOICE, "c", "not_an_option"),
        (Kind.MULTICHOICE, [], "required"),
        (Kind.MULTICHOICE, ["a", UNKNOWN], "not_an_option"),
        (Kind.INTEGER, "3,5", "not_an_integer"),
        (Kind.INTEGER, "kolme", "not_a_number"),
        (Kind.INTEGER, "٣", "not_a_number"),
        (Kind.INTEGER, "11", "too_large"),
        (Kind.INTEGER, "-1", "too_small"),
        (Kind.DECIMAL, "nan", "not_a_number"),
        (Kind.DECIMAL, "inf", "not_a_number"),
        (Kind.DECIMAL, "1e3", "not_a_number"),
        (Kind.TEXT, "x" * 4001, "too_long"),
        (Kind.TEXT, "a\x00b", "not_text"),
        (Kind.PHONE, "ei ole", "not_a_phone"),
        (Kind.DATE, "2026-02-30", "not_a_date"),
    ],
)
def test_misfit_is_refused_with_its_reason(kind: Kind, raw: str | list[str], code: str) -> None:
    with pytest.raises(AnswerFault) as fault:
        check_answer(question(kind, "a", "b"), raw)
    assert fault.value.code == code


def test_empty_answer_to_an_optional_question_is_unknown() -> None:
    assert check_answer(question(Kind.INTEGER, optional=True), "") == UNKNOWN


def test_fault_does_not_carry_what_was_typed() -> None:
    with pytest.raises(AnswerFault) as fault:
        check_answer(question(Kind.INTEGER), "salaisuus")
    assert "salaisuus" not in str(fault.value)


@given(
    kind=st.sampled_from(list(Kind)),
    raw=st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=4),
)
def test_checked_answer_is_readable_or_unknown(kind: Kind, raw: str | list[str]) -> None:
    asked = question(kind, "a", "1")
    try:
        value = check_answer(asked, raw)
    except AnswerFault:
        return
    informative = kind in {Kind.TEXT, Kind.PHONE, Kind.DATE}
    assert (reader(asked)(value) is None) == (value == UNKNOWN or informative)


@given(
    kind=st.sampled_from(list(Kind)),
    raw=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
)
def test_reading_a_stored_misfit_never_raises(kind: Kind, raw: object) -> None:
    reader(question(kind, "a"))(raw)


def test_none_of_these_stands_alone() -> None:
    signs = question(Kind.MULTICHOICE, "none", "rash", "fever")

    assert check_answer(signs, ["none"]) == ("none",)
    assert check_answer(signs, ["rash", "fever"]) == ("rash", "fever")
    with pytest.raises(AnswerFault) as refused:
        check_answer(signs, ["rash", "none"])
    assert refused.value.code == "both"
