"""The words of the signed webhook: events in, prompts out, commands out. Refuses what is not of the shape."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from callbacks.telephony.port import (
    AgentGone,
    CallArrived,
    CallerGone,
    DialAnswered,
    DialEnded,
    DialFailed,
    DialStarted,
    Joined,
    KeyPressed,
    NotJoined,
    TelephonyEvent,
)
from core import inbox
from core.errors import Malformed
from core.wire import check_value, dump

EVENTS: Mapping[str, type[TelephonyEvent]] = {
    "call.arrived": CallArrived,
    "call.key": KeyPressed,
    "call.gone": CallerGone,
    "call.joined": Joined,
    "call.not_joined": NotJoined,
    "call.left": AgentGone,
    "dial.started": DialStarted,
    "dial.answered": DialAnswered,
    "dial.failed": DialFailed,
    "dial.ended": DialEnded,
}
_SHAPES: Mapping[str, TypeAdapter[TelephonyEvent]] = {kind: TypeAdapter(e) for kind, e in EVENTS.items()}
LONGEST = {"call": 100, "line": 40, "number": 32, "key": 100}
KEYS = frozenset("0123456789*#")


def read_event(body: bytes, now: datetime) -> tuple[str, TelephonyEvent | None]:
    """The event's own id and the event; None for a type that is not known here. Malformed for anything else.

    An instant in the future is taken as now: an exchange's clock must not make a wait negative.
    """
    event_id, event = inbox.read(body, _SHAPES)
    if event is None:
        return event_id, None
    _check(event)
    return event_id, replace(event, at=min(event.at, now))


def command(name: str, at: datetime, **fields: str) -> bytes:
    """The body of a command to the exchange."""
    check_value(fields, 0)
    return dump({"command": name, "at": at, **fields})


def _check(event: TelephonyEvent) -> None:
    for name, longest in LONGEST.items():
        value: Any = getattr(event, name, None)
        if isinstance(value, str) and len(value) > longest:
            raise Malformed(field=name, reason="too_long")
    if isinstance(event, KeyPressed) and (event.n < 1 or (event.key and event.key not in KEYS)):
        raise Malformed(field="key")
    if isinstance(event, KeyPressed | CallerGone) and event.after is not None and event.after < 0:
        raise Malformed(field="after")
