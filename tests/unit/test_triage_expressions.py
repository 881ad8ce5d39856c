import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import ExpressionFault
from triage.expressions import Compare, compiled, names, parse
from triage.readings import NOTHING, Readings, Span

TRUTHS = (True, False, None)


def truth(text: str, **env: object) -> bool | None:
    readings = Readings()
    for name, value in env.items():
        readings.put(name, value)
    return readings.truth(compiled(parse(text)))


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_and_and_or_are_kleenes(left: bool | None, right: bool | None) -> None:
    both = False if False in (left, right) else None if None in (left, right) else True
    some = True if True in (left, right) else None if None in (left, right) else False
    assert truth("a=true AND b=true", a=left, b=right) is both
    assert truth("a=true OR b=true", a=left, b=right) is some


def test_and_binds_tighter_than_or() -> None:
    assert truth("a=true OR b=true AND c=true", a=True, b=False, c=False) is True
    assert truth("(a=true OR b=true) AND c=true", a=True, b=False, c=False) is False


@pytest.mark.parametrize("text", ["a=true", "a=false", "a>=3", "a IN (x,y)", "1<=a<=3"])
def test_comparison_on_an_unanswered_question_is_unknown(text: str) -> None:
    assert truth(text) is None
    assert truth(text, a=None) is None


@pytest.mark.parametrize("text", ["a=true", "a=false", "a>=3", "a IN (x,y)", "1<=a<=3"])
def test_comparison_on_what_does_not_apply_is_false(text: str) -> None:
    assert truth(text, a=NOTHING) is False


@given(value=st.integers(-5, 15))
def test_range_includes_the_ends_it_names(value: int) -> None:
    assert truth("0<=a<=10", a=value) is (0 <= value <= 10)
    assert truth("0<=a<10", a=value) is (0 <= value < 10)


@given(low=st.integers(0, 30), width=st.integers(0, 12), limit=st.integers(0, 40))
def test_span_is_true_only_if_every_number_in_it_is(low: int, width: int, limit: int) -> None:
    truths = {number < limit for number in range(low, low + width + 1)}
    expected = truths.pop() if len(truths) == 1 else None
    assert truth(f"a<{limit}", a=Span(low, low + width)) is expected


def test_choice_of_several_holds_when_one_of_them_does() -> None:
    assert truth("a=x", a=frozenset({"x", "y"})) is True
    assert truth("a IN (x,z)", a=frozenset({"y"})) is False


def test_always_is_true_of_nothing() -> None:
    assert truth("always") is True


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a",
            "a=",
            "a=true AND",
            "(a=true",
            "a=true)",
            "a>x",
            "a>=true",
            "1<a<=3",
            "1<=a<=x",
            "a==true",
        ),
        *(
            "a IN ()",
            "a IN (x",
            "AND=true",
            "a=true b=true",
            "a;b",
            "a!=true",
            "(" * 40 + "a=true" + ")" * 40,
        ),
    ],
)
def test_text_outside_the_rule_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionFault):
        parse(text)


def test_names_and_literals_are_kept() -> None:
    assert names(parse("b>=38.5 AND (a=true OR b<40)")) == ("b", "a")
    assert parse("b>=38.5") == Compare(name="b", op=">=", literal=38.5)


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionFault:
        return
    assert Readings().truth(compiled(expression)) in TRUTHS
