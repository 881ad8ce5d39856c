"""Whether a condition can be true at all: tries every value near a threshold. Pure; for the inspector."""

from collections.abc import Iterable
from itertools import islice, product
from typing import TypeVar

from triage.definition import Kind, Question
from triage.expressions import Compare, Expression, comparisons, compiled
from triage.readings import Readings

MOST_TRIED = 50_000

T = TypeVar("T")


def values_of(question: Question | None, bounds: tuple[int, int] | None) -> tuple[object, ...]:
    """The values an answer or score can take; for numbers only its two ends."""
    if bounds is not None or question is None:
        return bounds or ()
    match question.kind:
        case Kind.BOOLEAN:
            return (True, False)
        case Kind.CHOICE:
            return tuple(int(o.code) if question.ordinal else o.code for o in question.options)
        case Kind.MULTICHOICE:
            codes = [option.code for option in question.options]
            return (frozenset(codes), *(frozenset({code}) for code in codes))
        case _:
            low = -1_000_000 if question.minimum is None else question.minimum
            return (low, 1_000_000 if question.maximum is None else question.maximum)


def can_be_true(expression: Expression, domains: dict[str, tuple[object, ...]]) -> bool:
    """Whether some combination of possible values makes it true; true also when there are too many to try."""
    compared = {name: [c for c in comparisons(expression) if c.name == name] for name in domains}
    choices = {
        name: likely_first(compared[name], _near(compared[name], domain)) for name, domain in domains.items()
    }
    test = compiled(expression)
    tried = 0
    for values in islice(product(*choices.values()), MOST_TRIED):
        tried += 1
        readings = Readings()
        for name, value in zip(choices, values, strict=True):
            readings.put(name, value)
        if test(readings.sure):
            return True
    return tried == MOST_TRIED


def near_thresholds(compared: Iterable[Compare], *steps: float) -> list[float]:
    """The numbers at, just below and just above what is compared to, in order, each once."""
    literals = [float(each.literal) for each in compared if not isinstance(each.literal, str)]
    return sorted({literal + sign * step for literal in literals for step in steps for sign in (-1, 0, 1)})


def likely_first(compared: list[Compare], values: Iterable[T]) -> tuple[T, ...]:
    """The values of one name in the order of how many comparisons do not hold for them."""
    tests = [compiled(compare) for compare in compared]

    def misses(value: object) -> int:
        given = int(value) if isinstance(value, str) and value.isdecimal() else value
        readings = Readings()
        for compare in compared:
            readings.put(compare.name, frozenset(given) if isinstance(given, tuple) else given)
        return sum(not test(readings.sure) for test in tests)

    return tuple(sorted(values, key=misses))


def _near(compared: list[Compare], domain: tuple[object, ...]) -> tuple[object, ...]:
    if not domain or not all(_is_number(value) for value in domain):
        return domain
    numbers = [value for value in domain if isinstance(value, int | float)]
    near = near_thresholds(compared, 0.1, 1)
    return (*numbers, *(value for value in near if min(numbers) <= value <= max(numbers)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
