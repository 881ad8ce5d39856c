"""The values that rules are judged on, over yes, no and unknown.

A comparison on an unanswered question is unknown, never false. The rule language has no negation, so three
values need no logic of their own: a condition is true when it holds with every unknown comparison taken as
false, and false when it does not hold with every one taken as true.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Test = Callable[[Mapping[str, Any]], bool]


class Span(NamedTuple):
    """A number known only to lie between two ends, both included."""

    low: float
    high: float


class _Constant:
    """A value on which every comparison has the same truth."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *, truth: bool) -> None:
        self._truth = truth

    def __eq__(self, other: object) -> bool:
        return self._truth

    __lt__ = __le__ = __gt__ = __ge__ = __eq__


NOTHING: Any = _Constant(truth=False)  # what does not apply: no comparison holds
_NEVER: Any = _Constant(truth=False)  # an unknown, taken as false
_EVER: Any = _Constant(truth=True)  # an unknown, taken as true


class _Several(frozenset[str]):
    """Several chosen options: equal to each of them."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return other in set(self)


class _Sure:
    """A span of numbers: a comparison holds when it holds for every one."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, span: Span) -> None:
        self._low, self._high = span

    def __eq__(self, other: object) -> bool:
        return self._low == other == self._high

    def __lt__(self, other: float) -> bool:
        return self._high < other

    def __le__(self, other: float) -> bool:
        return self._high <= other

    def __gt__(self, other: float) -> bool:
        return self._low > other

    def __ge__(self, other: float) -> bool:
        return self._low >= other


class _Maybe:
    """A span of numbers: a comparison holds when it holds for one of them."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, span: Span) -> None:
        self._low, self._high = span

    def __eq__(self, other: Any) -> bool:
        return bool(self._low <= other <= self._high)

    def __lt__(self, other: float) -> bool:
        return self._low < other

    def __le__(self, other: float) -> bool:
        return self._low <= other

    def __gt__(self, other: float) -> bool:
        return self._high > other

    def __ge__(self, other: float) -> bool:
        return self._high >= other


class _Values(dict[str, Any]):
    """Values by question; a name that is not there is unknown."""

    __slots__ = ("_absent",)

    def __init__(self, absent: object) -> None:
        super().__init__()
        self._absent = absent

    def __missing__(self, name: str) -> object:
        return self._absent


PLAIN = frozenset({bool, int, float, str, _Constant})  # values that compare as they are


class Readings:
    """The values of questions, read twice: `sure` takes what is unknown as false, `maybe` as true."""

    __slots__ = ("maybe", "sure", "unknown")

    def __init__(self) -> None:
        """Nothing is known."""
        self.sure: dict[str, Any] = _Values(_NEVER)
        self.maybe: dict[str, Any] = _Values(_EVER)
        self.unknown = False

    def put(self, name: str, value: object | None) -> None:
        """Sets a value; None is unknown, a Span a number known only to lie between its ends."""
        if type(value) in PLAIN:
            self.sure[name] = self.maybe[name] = value
        elif value is None:
            self.unknown = True
        elif isinstance(value, Span):
            self.sure[name], self.maybe[name], self.unknown = _Sure(value), _Maybe(value), True
        elif isinstance(value, frozenset):
            self.sure[name] = self.maybe[name] = _Several(value)

    def get(self, name: str) -> object | None:
        """The one value of a name; None while it is unknown or only a span."""
        value = self.sure.get(name)
        return None if isinstance(value, _Sure) else value

    def truth(self, test: Test) -> bool | None:
        """Whether the condition is true, false or (None) unknown."""
        if test(self.sure):
            return True
        return None if test(self.maybe) else False
