"""Every deadline of the line is a column; this acts on those that have passed, a bounded bite at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, update

from core.catalogue import Catalogue
from core.county import Limits
from core.db import UtcTime
from core.events import record
from core.store import Tx
from queues import events
from queues.agents import LOST, close_shift, set_state
from queues.machine import Event, State
from queues.models import ENTRY, SHIFT, in_hand, in_states, is_state
from queues.transitions import change, come_back, passed_by, released

BITE = 200  # rows of one sort a sweep: the writer is everybody's
FORGOTTEN = timedelta(minutes=15)  # a lost shift with nothing in hand is closed after this
SYSTEM = "system"
NOW = bindparam("now", type_=UtcTime())
SINCE = bindparam("since", type_=UtcTime())


def passed(state: State, deadline: ColumnElement[Any]) -> Select[Any]:
    """Entries of a state whose deadline has passed, the oldest first."""
    late = (is_state(ENTRY, state.value), deadline <= NOW)
    return select(ENTRY).where(*late).order_by(deadline, ENTRY.c.id).limit(BITE)


def abandoned() -> Select[Any]:
    """Entries in the hands of agents who are gone: offers and emergencies at once, others a while later."""
    hers = (SHIFT.c.staff_id == ENTRY.c.agent_id) & SHIFT.c.ended_at.is_(None)
    at_once = (ENTRY.c.state == State.OFFERED.value) | (ENTRY.c.tier == 0)
    lost = SHIFT.c.lost_at.is_not(None) & (at_once | (SHIFT.c.lease_until <= SINCE))
    unflagged = (ENTRY.c.state != State.WRAPPING.value) | ENTRY.c.expires_at.is_not(None)
    return (
        select(ENTRY)
        .select_from(ENTRY.outerjoin(SHIFT, hers))
        .where(in_hand(ENTRY), SHIFT.c.id.is_(None) | lost, unflagged)
        .order_by(ENTRY.c.tier, ENTRY.c.id)
        .limit(BITE)
    )


def forgotten() -> Select[Any]:
    """Shifts lost long ago with nothing in hand."""
    kept = select(ENTRY.c.id).where(ENTRY.c.agent_id == SHIFT.c.staff_id, in_hand(ENTRY)).exists()
    return select(SHIFT).where(SHIFT.c.ended_at.is_(None), SHIFT.c.lost_at <= SINCE, ~kept).limit(BITE)


EXPIRED = passed(State.OFFERED, ENTRY.c.expires_at)
DUE = passed(State.SCHEDULED, ENTRY.c.not_before)
LAPSED = passed(State.LEFT, ENTRY.c.resume_until)
LATE = passed(State.WRAPPING, ENTRY.c.expires_at)
SILENT = (
    select(SHIFT)
    .where(SHIFT.c.ended_at.is_(None), SHIFT.c.lost_at.is_(None), SHIFT.c.lease_until <= NOW)
    .order_by(SHIFT.c.lease_until)
    .limit(BITE)
)
ABANDONED = abandoned()
GONE = forgotten()


def sweep(tx: Tx, catalogue: Catalogue) -> int:
    """Carries out what the passed deadlines demand; the number of entries and shifts moved."""
    limits = catalogue.limits
    # `lost_agent_s` counts from the last sign of life, `lease_until` lies `lease_s` after it.
    lost_since = tx.now - timedelta(seconds=limits.lost_agent_s - limits.lease_s)
    moved = sum(expire(tx, row, limits) for row in found(tx, EXPIRED))
    moved += sum(lose_shift(tx, row) for row in found(tx, SILENT))
    moved += sum(lose(tx, row) for row in found(tx, ABANDONED, lost_since))
    moved += sum(come_due(tx, row) for row in found(tx, DUE))
    moved += sum(lapse(tx, row) for row in found(tx, LAPSED))
    moved += sum(flag(tx, row, "late") for row in found(tx, LATE))
    return moved + sum(forget(tx, row) for row in found(tx, GONE, tx.now - FORGOTTEN))


def found(tx: Tx, statement: Select[Any], since: datetime | None = None) -> Sequence[Any]:
    """The rows a deadline's query finds now."""
    given = {"now": tx.now} if since is None else {"since": since}
    return tx.run(statement, given).all()


def expire(tx: Tx, row: Any, limits: Limits) -> bool:
    """An unanswered offer goes back to the line; two shown ones in a row: the agent is not answering."""
    agents = passed_by(row, row.agent_id, tx.now)
    if not change(tx, row, Event.EXPIRE, passed=agents, **released(row)):
        return False
    shown = row.shown_assignment == row.assignment
    fact = events.EntryExpired(entry=row.id, agent=row.agent_id, assignment=row.assignment, shown=shown)
    record(tx, fact, contact=row.contact_id, actor=SYSTEM)
    if shown:
        miss(tx, row.agent_id, limits)
    return True


def miss(tx: Tx, agent: int, limits: Limits) -> None:
    """Counts a missed offer of the agent's open shift."""
    mine = (SHIFT.c.staff_id == agent, SHIFT.c.ended_at.is_(None))
    tx.execute(update(SHIFT).where(*mine).values(missed_count=SHIFT.c.missed_count + 1))
    missed = tx.scalar(select(SHIFT.c.missed_count).where(*mine, SHIFT.c.state == "ready"))
    if missed is not None and missed >= limits.missed_offers:
        set_state(tx, agent, "not_answering", "missed_offers", SYSTEM)


def lose_shift(tx: Tx, row: Any) -> bool:
    """Marks the shift as lost: nothing more is offered to it."""
    if not tx.execute(update(SHIFT).where(SHIFT.c.id == row.id).values(lost_at=tx.now)):
        return False
    fact = events.ShiftState(shift=row.id, state=LOST, reason="lease_ended")
    record(tx, fact, staff=row.staff_id, actor=SYSTEM)
    return True


def lose(tx: Tx, row: Any) -> bool:
    """Returns a lost agent's entry to its place in the line; what was wrapping waits for the supervisor."""
    if row.state == State.WRAPPING:
        return flag(tx, row, "lost")
    if not change(tx, row, Event.LOSE, **released(row)):
        return False
    fact = events.EntryReturned(entry=row.id, agent=row.agent_id, reason="agent_lost")
    record(tx, fact, contact=row.contact_id, actor=SYSTEM)
    return True


def flag(tx: Tx, row: Any, why: str) -> bool:
    """Puts a wrapping entry on the supervisor's list: it has no deadline any more, but still no outcome."""
    mine = (ENTRY.c.id == row.id, ENTRY.c.state == State.WRAPPING.value, ENTRY.c.assignment == row.assignment)
    if not tx.execute(update(ENTRY).where(*mine).values(expires_at=None)):
        return False
    fact = events.EntryUnattended(entry=row.id, agent=row.agent_id, why=why)
    record(tx, fact, contact=row.contact_id, actor=SYSTEM)
    return True


def come_due(tx: Tx, row: Any) -> bool:
    """A scheduled entry is in the line again, with its due time and arrival."""
    fresh: dict[str, Any] = {"queued_here_at": tx.now, "language_relaxed_at": None}
    if not change(tx, row, Event.COME_DUE, **fresh):
        return False
    record(tx, events.EntryCameDue(entry=row.id), contact=row.contact_id, actor=SYSTEM)
    return True


def lapse(tx: Tx, row: Any) -> bool:
    """The resident did not come back in time: the entry ends. A call to come is never ended by time."""
    if row.channel == "callback":
        come_back(tx, row, SYSTEM)
        return True
    if not change(tx, row, Event.LAPSE, ended_at=tx.now, resume_until=None):
        return False
    record(tx, events.EntryDone(entry=row.id, why="lapsed"), contact=row.contact_id, actor=SYSTEM)
    return True


def forget(tx: Tx, row: Any) -> bool:
    """Closes a shift nobody came back to."""
    close_shift(tx, row, LOST, SYSTEM)
    return True


def grace(tx: Tx, seconds: float) -> None:
    """At start: no lease, offer or kept place ends within `seconds`, so that a restart takes nothing away."""
    until = tx.now + timedelta(seconds=seconds)
    alive = (SHIFT.c.ended_at.is_(None), SHIFT.c.lost_at.is_(None))
    tx.execute(update(SHIFT).where(*alive, SHIFT.c.lease_until < until).values(lease_until=until))
    extend(tx, in_states(ENTRY, State.OFFERED, State.WRAPPING), ENTRY.c.expires_at, until)
    extend(tx, is_state(ENTRY, State.LEFT), ENTRY.c.resume_until, until)


def extend(tx: Tx, states: ColumnElement[bool], deadline: ColumnElement[Any], until: datetime) -> None:
    """Moves earlier deadlines of the states to `until`."""
    tx.execute(update(ENTRY).where(states, deadline < until).values({deadline: until}))
