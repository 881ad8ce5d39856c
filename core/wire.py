"""Frames of the browser socket: strict JSON in, JSON out. Refuses what is not exactly of the shape."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from core.errors import Malformed

MAX_FRAME = 16_384  # bytes: a message of 4,000 characters in any script fits
MAX_DEPTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One request: the operation, the client's id of this request, and the rest."""

    op: str
    id: str
    body: Mapping[str, Any] = field(default_factory=dict)


def parse(text: str) -> Frame:
    """The frame in `text`; Malformed for anything else."""
    if len(text) > MAX_FRAME or len(text.encode("utf-8", "surrogatepass")) > MAX_FRAME:
        raise Malformed(reason="too_long")
    data = strict_json(text)
    if not isinstance(data, dict):
        raise Malformed(reason="not_an_object")
    op, identity = data.pop("op", None), data.pop("id", None)
    if not isinstance(op, str) or not 0 < len(op) <= 40:
        raise Malformed(reason="op")
    if not isinstance(identity, str) or not 0 < len(identity) <= 64:
        raise Malformed(reason="id")
    return Frame(op=op, id=identity, body=data)


def strict_json(text: str) -> Any:
    """Parsed JSON without double keys, NaN, infinities, huge numbers, deep nesting, NUL, lone surrogates."""
    try:
        data = json.loads(
            text, object_pairs_hook=no_doubles, parse_constant=refuse_constant, parse_int=sane_int
        )
    except (ValueError, RecursionError):
        raise Malformed(reason="json") from None
    check_value(data, 0)
    return data


def no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("double key")
    return result


def refuse_constant(name: str) -> Any:
    """NaN and the infinities are not JSON."""
    raise ValueError(name)


def sane_int(digits: str) -> int:
    """A whole number that fits 53 bits: what a browser can say without loss."""
    if len(digits) > 17 or abs(int(digits)) >= 2**53:
        raise ValueError("number")
    return int(digits)


def check_value(value: Any, depth: int) -> None:
    """Raises Malformed for what cannot be stored exactly."""
    if depth > MAX_DEPTH:
        raise Malformed(reason="depth")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Malformed(reason="number")
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            check_value(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_value(item, depth + 1)


def check_text(text: str) -> None:
    """Raises Malformed for NUL (PostgreSQL cannot store it) and lone surrogates (no encoding can)."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Malformed(reason="text")


def ok(op: str, identity: str, **body: Any) -> str:
    """The frame that says that request `identity` is done and committed."""
    return dump({"ok": op, "id": identity, **body})


def error(code: str, identity: str | None, text: str, **body: Any) -> str:
    """The frame that says why request `identity` changed nothing."""
    return dump({"error": code, "id": identity, "text": text, **body})


def ev(name: str, *, contact: int | None = None, n: int | None = None, **body: Any) -> str:
    """A frame of news."""
    head: dict[str, Any] = {"ev": name}
    if contact is not None:
        head["contact"] = contact
    if n is not None:
        head["n"] = n
    return dump(head | body)


def dump(data: Mapping[str, Any]) -> str:
    """Compact JSON; instants as ISO 8601 UTC, enums as their value."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=simple)


def simple(value: Any) -> Any:
    """JSON for the few non-JSON values frames carry."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set | tuple):
        return sorted(value)
    raise TypeError(type(value).__name__)
