"""The one way an entry changes: a step of the machine, one conditional UPDATE and one event."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Update, bindparam, select, update

from core.errors import NotFound
from core.events import record
from core.store import Tx
from queues import events
from queues.errors import OfferGone, StaleAssignment
from queues.load import AGENT, GUARDS, NOW
from queues.machine import Event, State, step
from queues.models import ENTRY, SHIFT

DECLINED_FOR = timedelta(seconds=60)  # a declined entry is not offered to the same agent sooner

BY_ID = select(ENTRY).where(ENTRY.c.id == bindparam("wanted"))
BY_CONTACT = (
    select(ENTRY)
    .where(ENTRY.c.contact_id == bindparam("wanted"))
    .order_by(ENTRY.c.ended_at.is_(None).desc(), ENTRY.c.id.desc())
    .limit(1)
)

REST = update(SHIFT).where(SHIFT.c.staff_id == AGENT, SHIFT.c.ended_at.is_(None)).values(idle_since=NOW)

Row = Any


def entry_row(tx: Tx, entry: int) -> Row:
    """The entry's row as it is now; NotFound when there is none."""
    row = tx.run(BY_ID, {"wanted": entry}).first()
    if row is None:
        raise NotFound(entry=entry)
    return row


def contact_row(tx: Tx, contact: int) -> Row:
    """The contact's open entry, or its last one; NotFound when it never had any."""
    row = tx.once((contact_row, contact), lambda: tx.run(BY_CONTACT, {"wanted": contact}).first())
    if row is None:
        raise NotFound(contact=contact)
    return row


def fence(row: Row, agent: int, assignment: int) -> None:
    """Refuses an act by anyone but the agent of this assignment."""
    if row.agent_id != agent or row.assignment != assignment:
        raise StaleAssignment(entry=row.id, assignment=assignment)


def change(
    tx: Tx, row: Row, event: Event, *guards: str, judged: Mapping[str, Any] | None = None, **values: Any
) -> bool:
    """Carries out the event on the entry as `row` saw it; False when it has moved or a guard does not hold.

    Guards are names of `load.GUARDS`, judged by the parameters of `load.judged`. Raises IllegalTransition
    when the machine does not define the event in the row's state.
    """
    state = step(State(row.state), event)
    fresh = {"state": state.value, **({} if state == row.state else {"state_since": tx.now}), **values}
    seen = {"seen_id": row.id, "seen_state": row.state, "seen_assignment": row.assignment}
    given = {f"to_{name}": value for name, value in fresh.items()}
    return tx.execute(changing(tuple(fresh), guards), {**(judged or {}), **seen, **given}) == 1


@lru_cache(maxsize=256)
def changing(names: tuple[str, ...], guards: tuple[str, ...]) -> Update:
    """The UPDATE of `change` that sets these columns; made once, as every transition runs one."""
    unchanged = (
        ENTRY.c.id == bindparam("seen_id"),
        ENTRY.c.state == bindparam("seen_state"),
        ENTRY.c.assignment == bindparam("seen_assignment"),
    )
    conditions = [GUARDS[name] for name in guards]
    values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
    return update(ENTRY).where(*unchanged, *conditions).values(values)


def must_change(tx: Tx, row: Row, event: Event, **values: Any) -> None:
    """`change`, with OfferGone when the entry has moved meanwhile."""
    if not change(tx, row, event, **values):
        raise OfferGone(entry=row.id)


def released(row: Row) -> dict[str, Any]:
    """The values of an entry that is in nobody's hands; the new number fences the former agent's acts."""
    return {
        "agent_id": None,
        "assignment": row.assignment + 1,
        "shown_assignment": None,
        "expires_at": None,
        "snooze_until": None,
        "idle_since": None,
    }


def passed_by(row: Row, agent: int, until: Any) -> dict[str, str]:
    """The entry's memory of who passed it on, with one more."""
    return {**row.passed, str(agent): until.isoformat()}


def rest(tx: Tx, agent: int) -> None:
    """Starts the agent's idle time anew: work has just left her hands."""
    tx.execute(REST, {"agent": agent, "now": tx.now})


def withdraw(tx: Tx, row: Row, reason: str, actor: str) -> None:
    """Takes an offer back into the line."""
    must_change(tx, row, Event.WITHDRAW, **released(row))
    fact = events.EntryWithdrawn(
        entry=row.id, agent=row.agent_id, assignment=row.assignment, reason=events.reason_code(reason)
    )
    record(tx, fact, contact=row.contact_id, actor=actor)


def put_off(tx: Tx, row: Row, not_before: Any, reason: str, actor: str) -> None:
    """Takes a waiting or held entry out of the line until `not_before`."""
    must_change(tx, row, Event.SCHEDULE, not_before=not_before, **released(row))
    fact = events.EntryScheduled(entry=row.id, not_before=not_before, reason=events.reason_code(reason))
    record(tx, fact, contact=row.contact_id, actor=actor)


def come_back(tx: Tx, row: Row, actor: str) -> None:
    """left → waiting, and on to scheduled when its window is still ahead."""
    must_change(tx, row, Event.RESUME, resume_until=None)
    record(tx, events.EntryResumed(entry=row.id), contact=row.contact_id, actor=actor)
    if row.not_before is not None and row.not_before > tx.now:
        put_off(tx, entry_row(tx, row.id), row.not_before, "window", actor)


def staff_key(agent: int) -> str:
    """The agent's name in events."""
    return f"staff:{agent}"
