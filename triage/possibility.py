"""Whether a condition can be true at all: tries every value near a threshold. Pure; for the inspector."""

from itertools import islice, product

from triage.definition import Kind, Question
from triage.expressions import Compare, Expression, comparisons, compiled

MOST_TRIED = 50_000


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
    choices = {name: _near_thresholds(expression, name, domain) for name, domain in domains.items()}
    test = compiled(expression)
    combinations = product(*choices.values())
    tried = 0
    for values in islice(combinations, MOST_TRIED):
        tried += 1
        if test(dict(zip(choices, values, strict=True))):
            return True
    return tried == MOST_TRIED


def _near_thresholds(expression: Expression, name: str, domain: tuple[object, ...]) -> tuple[object, ...]:
    if not domain or not all(_is_number(value) for value in domain):
        return domain
    numbers = [value for value in domain if isinstance(value, int | float)]
    near = {
        float(compare.literal) + step
        for compare in comparisons(expression)
        if _about(compare, name) and not isinstance(compare.literal, str)
        for step in (-1, -0.1, 0, 0.1, 1)
    }
    return (*numbers, *(value for value in sorted(near) if min(numbers) <= value <= max(numbers)))


def _about(compare: Compare, name: str) -> bool:
    return compare.name == name


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
