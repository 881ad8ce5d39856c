"""How the telephone stands with the rows of the lists: the call of who holds a contact, and the last try."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from callbacks.models import ATTEMPT, CALL
from callbacks.results import Result
from core.db import among
from core.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCall:
    """The call of who holds the contact, since `since`. `attempt` is None for one that came in.

    `state` is `agent_rings` (her own telephone rings), `resident_rings`, `on`, or `ended` with its `result`.
    """

    attempt: int | None
    n: int | None
    state: str
    result: str | None
    since: datetime


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


def telephoned(tx: Tx, held: Mapping[int, tuple[int | None, int]]) -> dict[int, Telephoned]:
    """How the telephone stands with these contacts; `held` has each one's holder and assignment."""
    if not held:
        return {}
    contacts = {"contacts": list(held)}
    called, tried = (newest(tx.session.execute(asked, contacts)) for asked in (_CALLS, _ATTEMPTS))
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
    return found


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
