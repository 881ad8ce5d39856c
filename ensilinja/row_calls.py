"""How the telephone stands with the rows of the lists: the call of who holds a contact, and the last try."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from callbacks.models import ATTEMPT, CALL, ORDER
from callbacks.orders import Kind, Outcome
from callbacks.results import Result
from core.db import among
from core.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCall:
    """The call of who holds the contact, since `since`. `attempt` is None for one that came in.

    `state` is `agent_rings` (her own telephone rings), `resident_rings`, `on`, or `ended` with its `result`.
    `held_at` is since when the resident is on hold; `order` is what was ordered and is not done: under way
    (`asked`), `failed`, or `unknown`, as `order_state` tells.
    """

    attempt: int | None
    n: int | None
    state: str
    result: str | None
    since: datetime
    held_at: datetime | None = None
    order: str | None = None
    order_state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telephoned:
    """What is known of a contact by telephone; `tried_at` is when the newest attempt was made."""

    call: RowCall | None = None
    tried_at: datetime | None = None


NOTHING = Telephoned()
# A contact has few of either. In no order: asked for one, PostgreSQL may walk those of all times in it.
_ATTEMPTS = select(
    *(ATTEMPT.id, ATTEMPT.contact_id, ATTEMPT.n, ATTEMPT.agent_id, ATTEMPT.assignment, ATTEMPT.result),
    *(ATTEMPT.requested_at, ATTEMPT.dialled_at, ATTEMPT.answered_at, ATTEMPT.ended_at),
).where(among(ATTEMPT.contact_id, "contacts"))
_CALLS = select(CALL.id, CALL.contact_id, CALL.answered_at, CALL.ended_at).where(
    among(CALL.contact_id, "contacts"), CALL.answered_at.is_not(None)
)
_ORDERS = select(
    *(ORDER.id, ORDER.contact_id, ORDER.call_id, ORDER.attempt_id, ORDER.assignment, ORDER.kind),
    *(ORDER.asked_at, ORDER.ended_at, ORDER.result),
).where(among(ORDER.contact_id, "contacts"))
TALKS_ON = (Kind.RESUME, Kind.CONNECT)
ON = ("agent_rings", "resident_rings", "on")


def telephoned(tx: Tx, held: Mapping[int, tuple[int | None, int]]) -> dict[int, Telephoned]:
    """How the telephone stands with these contacts; `held` has each one's holder and assignment."""
    if not held:
        return {}
    contacts = {"contacts": list(held)}
    called, tried = (newest(tx.run(asked, contacts)) for asked in (_CALLS, _ATTEMPTS))
    found = {
        contact: Telephoned(call=_inbound(row))
        for contact, row in called.items()
        if held[contact][0] is not None
    }
    for row in tried.values():
        is_hers = held[row.contact_id] == (row.agent_id, row.assignment)
        before = found.get(row.contact_id, NOTHING)
        call = _attempted(row) if is_hers else before.call
        found[row.contact_id] = Telephoned(call=call, tried_at=row.dialled_at or row.requested_at)
    on = [contact for contact, phone in found.items() if phone.call is not None and phone.call.state in ON]
    if on:
        _add_orders(tx, on, found, {contact: row.id for contact, row in called.items()})
    return found


def _add_orders(tx: Tx, on: list[int], found: dict[int, Telephoned], called: Mapping[int, int]) -> None:
    """What was ordered of the calls that are on."""
    orders: dict[int, list[Any]] = {contact: [] for contact in on}
    for row in sorted(tx.run(_ORDERS, {"contacts": on}), key=lambda row: row.id):
        call = found[row.contact_id].call
        line = (
            (called.get(row.contact_id), None)
            if call and call.attempt is None
            else (None, call and call.attempt)
        )
        if (row.call_id, row.attempt_id) == line:
            orders[row.contact_id].append(row)
    for contact, rows in orders.items():
        phone = found[contact]
        if phone.call is not None:
            found[contact] = replace(phone, call=ordered(phone.call, rows))


def ordered(call: RowCall, orders: Iterable[Any]) -> RowCall:
    """The call as its orders have made it, oldest first: who is joined anew is not on hold any more."""
    held_at: datetime | None = None
    for row in orders:
        if row.result == Outcome.DONE:
            held_at = row.ended_at if row.kind == Kind.HOLD else None if row.kind in TALKS_ON else held_at
        if row.kind == Kind.CONNECT:
            rings = row.result is None
            call = replace(call, state="agent_rings" if rings else "on", since=row.ended_at or row.asked_at)
        is_open = row.kind != Kind.CONNECT and row.result != Outcome.DONE
        kind, state = (row.kind, row.result or "asked") if is_open else (None, None)
        call = replace(call, order=kind, order_state=state)
    return replace(call, held_at=held_at)


def newest(rows: Iterable[Any]) -> dict[int, Any]:
    """The last row of each contact."""
    return {row.contact_id: row for row in sorted(rows, key=lambda row: row.id)}


def _inbound(row: Any) -> RowCall:
    is_on = row.ended_at is None
    since = row.answered_at if is_on else row.ended_at
    return RowCall(attempt=None, n=None, state="on" if is_on else "ended", result=None, since=since)


def _attempted(row: Any) -> RowCall:
    state, since = _stage(row)
    return RowCall(attempt=row.id, n=row.n, state=state, result=row.result, since=since)


def _stage(row: Any) -> tuple[str, datetime]:
    if row.result == Result.REACHED and row.ended_at is None:
        return "on", row.answered_at or row.requested_at
    if row.result is not None:
        return "ended", row.ended_at or row.requested_at
    if row.dialled_at is not None:
        return "resident_rings", row.dialled_at
    return "agent_rings", row.requested_at
