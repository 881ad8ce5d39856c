"""Frames of the browser socket: strict JSON in, JSON out. Refuses what is not exactly of the shape."""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from core.errors import Malformed

MAX_FRAME = 16_384  # bytes: a message of 4,000 characters in any script fits
MAX_DEPTH = 6

# NUL, which PostgreSQL cannot store, and lone surrogates, which no encoding can.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One request: the operation, the client's id of this request, and the rest."""

    op: str
    id: str
    body: Mapping[str, Any] = field(default_factory=dict)


def parse(text: str) -> Frame:
    """The frame in `text`; Malformed for anything else."""
    size = len(text)
    if size > MAX_FRAME or (size > MAX_FRAME // 4 and len(text.encode("utf-8", "surrogatepass")) > MAX_FRAME):
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
        data = _STRICT.decode(text)
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


_STRICT = json.JSONDecoder(object_pairs_hook=no_doubles, parse_constant=refuse_constant, parse_int=sane_int)


def check_value(value: Any, depth: int) -> None:
    """Raises Malformed for what cannot be stored exactly."""
    if depth > MAX_DEPTH:
        raise Malformed(reason="depth")
    kind = type(value)
    if kind is str:
        check_text(value)
    elif kind is dict:
        check_text("".join(value))
        check_all(value.values(), depth + 1)
    elif kind is list:
        check_all(value, depth + 1)
    elif kind is float and not math.isfinite(value):
        raise Malformed(reason="number")


def check_all(values: Collection[Any], depth: int) -> None:
    """`check_value` of each."""
    for value in values:
        check_value(value, depth)


def check_text(text: str) -> None:
    """Raises Malformed for what is not text to every part of the program."""
    if _UNSTORABLE.search(text):
        raise Malformed(reason="text")


def framed(text: bytes) -> bytes:
    """A server's WebSocket frame of this whole text: final, not masked, not compressed (RFC 6455 5.2)."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2) + text
    return b"\x81\x7f" + size.to_bytes(8) + text


def ok(op: str, identity: str, **body: Any) -> bytes:
    """The frame that says that request `identity` is done and committed."""
    return dump({"ok": op, "id": identity, **body})


def error(code: str, identity: str | None, text: str, **body: Any) -> bytes:
    """The frame that says why request `identity` changed nothing."""
    return dump({"error": code, "id": identity, "text": text, **body})


def ev(name: str, *, contact: int | None = None, n: int | None = None, **body: Any) -> bytes:
    """A frame of news."""
    head: dict[str, Any] = {"ev": name}
    if contact is not None:
        head["contact"] = contact
    if n is not None:
        head["n"] = n
    return dump(head | body)


def dump(data: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8; instants as ISO 8601 UTC, enums as their value."""
    return to_json(data)
