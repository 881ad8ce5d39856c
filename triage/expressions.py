"""The rule language: parsed once, compiled to closures over three values (True, False, None = unknown).

Grammar as in domain.md 4.2. A comparison on an unanswered question is unknown, never false.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from triage.errors import ExpressionFault

Literal = bool | int | float | str
Env = Mapping[str, object]
Test = Callable[[Env], bool | None]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<op><=|>=|=|<|>)|(?P<mark>[(),]))",
    re.ASCII,
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_KEYWORDS = frozenset({"AND", "OR", "IN", "always", "true", "false"})


class Span(NamedTuple):
    """A number known only to lie between two ends, both included."""

    low: float
    high: float


class Nothing:
    """The value of what does not apply: every comparison on it is false."""


NOTHING = Nothing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """True whatever is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """`name op literal`; `!=` occurs in show-conditions only."""

    name: str
    op: str
    literal: Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """`name IN (a, b)`."""

    name: str
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """All parts true."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """At least one part true."""

    parts: tuple["Expression", ...]


Expression = Always | Compare | OneOf | Every | Some


def parse(text: str) -> Expression:
    """The expression of `text`; raises ExpressionFault with the place that is not understood."""
    return _Parser(_tokens(text)).whole()


def comparisons(expression: Expression) -> Iterator[Compare]:
    """Every single comparison, IN lists taken apart."""
    match expression:
        case Compare():
            yield expression
        case OneOf():
            for literal in expression.literals:
                yield Compare(name=expression.name, op="=", literal=literal)
        case Every() | Some():
            for part in expression.parts:
                yield from comparisons(part)


def names(expression: Expression) -> tuple[str, ...]:
    """The ids an expression reads, in order, each once."""
    return tuple(dict.fromkeys(compare.name for compare in comparisons(expression)))


def compiled(expression: Expression) -> Test:
    """A closure with the expression's three-valued truth."""
    match expression:
        case Always():
            return lambda env: True
        case Compare():
            return _compare(expression.name, expression.op, expression.literal)
        case OneOf():
            return _some(tuple(compiled(compare) for compare in comparisons(expression)))
        case Every():
            return _every(tuple(compiled(part) for part in expression.parts))
        case Some():
            return _some(tuple(compiled(part) for part in expression.parts))


def _compare(name: str, op: str, literal: Literal) -> Test:
    holds = _OPERATORS[op]

    def test(env: Env) -> bool | None:
        value = env.get(name)
        if value is None:
            return None
        if type(value) in _RARE:
            return _rare(value, op, literal)
        return holds(value, literal)

    return test


def _rare(value: object, op: str, literal: Literal) -> bool | None:
    if isinstance(value, Span) and not isinstance(literal, str):
        return _span(value, op, literal)
    if isinstance(value, frozenset):
        return (literal in value) == (op == "=")
    return op == "!="


def _span(span: Span, op: str, literal: float) -> bool | None:
    holds = _OPERATORS[op]
    if op in {"=", "!="}:
        inside = span.low <= literal <= span.high
        return None if inside and span.low != span.high else holds(span.low, literal)
    low, high = holds(span.low, literal), holds(span.high, literal)
    return low if low == high else None


_RARE = frozenset({Span, Nothing, frozenset})


def _every(tests: tuple[Test, ...]) -> Test:
    def test(env: Env) -> bool | None:
        result: bool | None = True
        for part in tests:
            truth = part(env)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return test


def _some(tests: tuple[Test, ...]) -> Test:
    def test(env: Env) -> bool | None:
        result: bool | None = False
        for part in tests:
            truth = part(env)
            if truth:
                return True
            if truth is None:
                result = None
        return result

    return test


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    end = len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            raise ExpressionFault(f"cannot read {text[place : place + 12]!r} at {place}")
        tokens.append(found.group(0).strip())
        place = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._either()
        if self._at < len(self._tokens):
            raise ExpressionFault(f"{self._peek()!r} is not expected here")
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        word = self._peek()
        if not word or (expected and word != expected):
            raise ExpressionFault(f"{expected or 'a comparison'!r} is missing after {self._before()!r}")
        self._at += 1
        return word

    def _before(self) -> str:
        return " ".join(self._tokens[max(0, self._at - 3) : self._at])

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._peek() == "OR":
            self._take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Some(parts=tuple(parts))

    def _both(self) -> Expression:
        parts = [self._factor()]
        while self._peek() == "AND":
            self._take()
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else Every(parts=tuple(parts))

    def _factor(self) -> Expression:
        word = self._take()
        if word == "(":
            return self._bracketed()
        if word == "always":
            return Always()
        if _is_number(word):
            return self._between(_literal(word))
        return self._comparison(_name(word))

    def _bracketed(self) -> Expression:
        self._depth += 1
        if self._depth > 20:
            raise ExpressionFault("brackets are nested too deeply")
        found = self._either()
        self._take(")")
        self._depth -= 1
        return found

    def _between(self, low: Literal) -> Expression:
        first, name, second = self._take(), _name(self._take()), self._take()
        high = _literal(self._take())
        if first != "<=" or second not in {"<", "<="} or isinstance(high, str | bool):
            raise ExpressionFault(f"a range is written n <= id <= n, not {self._before()!r}")
        lower = Compare(name=name, op=_MIRRORED[first], literal=low)
        return Every(parts=(lower, Compare(name=name, op=second, literal=high)))

    def _comparison(self, name: str) -> Expression:
        op = self._take()
        if op == "IN":
            return OneOf(name=name, literals=self._list())
        if op not in _MIRRORED:
            raise ExpressionFault(f"{op!r} is not a comparison")
        literal = _literal(self._take())
        if op != "=" and isinstance(literal, str | bool):
            raise ExpressionFault(f"{name} {op} needs a number")
        return Compare(name=name, op=op, literal=literal)

    def _list(self) -> tuple[Literal, ...]:
        self._take("(")
        found = [_literal(self._take())]
        while self._peek() == ",":
            self._take()
            found.append(_literal(self._take()))
        self._take(")")
        return tuple(found)


def _is_number(word: str) -> bool:
    return word.lstrip("-")[:1].isdigit()


def _name(word: str) -> str:
    if not (word[0].isalpha() or word[0] == "_") or word in _KEYWORDS:
        raise ExpressionFault(f"{word!r} is not a question's id")
    return word


def _literal(word: str) -> Literal:
    if word in {"true", "false"}:
        return word == "true"
    if _is_number(word):
        return float(word) if "." in word else int(word)
    return _name(word)
