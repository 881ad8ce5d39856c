"""The rule language of domain.md 4.2: parsed once, compiled to functions of `triage.readings`."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from triage.errors import ExpressionFault
from triage.readings import Test

Literal = bool | int | float | str

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<op><=|>=|=|<|>)|(?P<mark>[(),]))",
    re.ASCII,
)
_OPERATORS: dict[str, type[ast.cmpop]] = {
    "=": ast.Eq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
# Every node needs a place in a text; there is none.
_PLACE: dict[str, Any] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_KEYWORDS = frozenset({"AND", "OR", "IN", "always", "true", "false"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """True whatever is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """`name op literal`."""

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


@lru_cache(maxsize=4096)  # the same comparison stands in many rules
def compiled(expression: Expression) -> Test:
    """A function of values by name; `Readings.truth` judges it over yes, no and unknown."""
    test: Test = _function(_node(expression))
    return test


def compiled_together(expressions: Iterable[Expression]) -> Callable[[Mapping[str, Any]], tuple[bool, ...]]:
    """One function for the truths of many expressions, in their order: much faster than one by one."""
    together: Callable[[Mapping[str, Any]], tuple[bool, ...]] = _function(
        ast.Tuple([_node(expression) for expression in expressions], ast.Load(), **_PLACE)
    )
    return together


def _function(body: ast.expr) -> Any:
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg("values", **_PLACE)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    tree = ast.Expression(ast.Lambda(arguments, body, **_PLACE))
    # The tree is built of our own nodes; names and literals go in as constants, never as text.
    return eval(compile(tree, "<rule>", "eval"), {})  # noqa: S307


def _node(expression: Expression) -> ast.expr:
    match expression:
        case Always():
            return ast.Constant(True, **_PLACE)
        case Compare():
            literal = ast.Constant(expression.literal, **_PLACE)
            return ast.Compare(_value(expression.name), [_OPERATORS[expression.op]()], [literal], **_PLACE)
        case OneOf():
            literals: list[ast.expr] = [ast.Constant(each, **_PLACE) for each in expression.literals]
            several = ast.Tuple(literals, ast.Load(), **_PLACE)
            return ast.Compare(_value(expression.name), [ast.In()], [several], **_PLACE)
        case Every():
            return ast.BoolOp(ast.And(), [_node(part) for part in expression.parts], **_PLACE)
        case Some():
            return ast.BoolOp(ast.Or(), [_node(part) for part in expression.parts], **_PLACE)


def _value(name: str) -> ast.expr:
    values, key = ast.Name("values", ast.Load(), **_PLACE), ast.Constant(name, **_PLACE)
    return ast.Subscript(values, key, ast.Load(), **_PLACE)


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
