"""The verbs of the line, over an open transaction. Acts carry the agent and the assignment number."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update

from core.events import record
from core.store import Tx
from core.urgency import Urgency
from queues import events
from queues.dispatch import take_next
from queues.errors import AlreadyQueued, IllegalTransition
from queues.load import LIMITS
from queues.machine import Event, State
from queues.models import ENTRY, Entry
from queues.reading import entry, entry_of, own, position, view, waiting
from queues.taking import decline, hold, offer_shown, take
from queues.transitions import (
    Row,
    come_back,
    contact_row,
    entry_row,
    fence,
    must_change,
    passed_by,
    put_off,
    released,
    rest,
    staff_key,
    withdraw,
)
from queues.views import EntryView, ShiftView, entry_view

__all__ = [
    "EntryView",
    "ShiftView",
    "change_channel",
    "change_language",
    "decline",
    "end_elsewhere",
    "enqueue",
    "entry",
    "entry_of",
    "finish",
    "give_back",
    "give_window",
    "hold",
    "in_window",
    "leave",
    "offer_shown",
    "own",
    "position",
    "reclassify",
    "resume",
    "schedule",
    "take",
    "take_next",
    "transfer",
    "unwrap",
    "waiting",
    "wrap",
]


_OPEN = select(ENTRY.c.id).where(ENTRY.c.contact_id == bindparam("contact"), ENTRY.c.ended_at.is_(None))


def enqueue(
    tx: Tx,
    *,
    contact: int,
    matter: int,
    queue: str,
    channel: str,
    urgency: Urgency,
    tier: int,
    due_at: datetime,
    arrived_at: datetime,
    language: str,
    weight: int,
    not_before: datetime | None = None,
    window_until: datetime | None = None,
    preferred_agent: int | None = None,
    preferred_s: int = LIMITS.former_agent_s,
    actor: str,
) -> EntryView:
    """Gives the contact its one place in a queue; with `not_before` ahead it is scheduled."""
    if tx.scalar(_OPEN, {"contact": contact}):
        raise AlreadyQueued(contact=contact)
    entry = Entry(
        contact_id=contact,
        matter_id=matter,
        queue=queue,
        channel=channel,
        state=State.WAITING.value,
        state_since=tx.now,
        urgency=urgency.value,
        tier=tier,
        due_at=due_at,
        arrived_at=arrived_at,
        queued_here_at=tx.now,
        not_before=not_before,
        window_until=window_until,
        language=language,
        weight=weight,
        preferred_agent_id=preferred_agent,
        preferred_until=None if preferred_agent is None else tx.now + timedelta(seconds=preferred_s),
        passed={},
    )
    number = tx.add(entry).id or 0
    fact = events.EntryQueued(
        entry=number, queue=queue, channel=channel, urgency=urgency.value, tier=tier, due_at=due_at
    )
    record(tx, fact, contact=contact, actor=actor)
    if not_before is not None and not_before > tx.now:
        put_off(tx, entry_row(tx, number), not_before, "window", actor)
    return view(tx, number)


def leave(tx: Tx, contact: int, *, resume_until: datetime, actor: str) -> EntryView:
    """The resident went; the place is kept until `resume_until`. Leaving twice is leaving once."""
    row = contact_row(tx, contact)
    if row.state != State.LEFT:
        must_change(tx, row, Event.LEAVE, resume_until=resume_until, **released(row))
        fact = events.EntryLeft(entry=row.id, resume_until=resume_until)
        record(tx, fact, contact=contact, actor=actor)
    return view(tx, row.id)


def resume(tx: Tx, contact: int, actor: str) -> EntryView:
    """Gives the resident the kept place back, until `resume_until`; one who is in the line already stays."""
    row = contact_row(tx, contact)
    if row.state in {State.LEFT, State.DONE}:
        if row.state == State.DONE or row.resume_until <= tx.now:
            raise IllegalTransition(state=row.state, event=Event.RESUME.value)
        come_back(tx, row, actor)
    return view(tx, row.id)


def end_elsewhere(tx: Tx, contact: int, actor: str) -> EntryView:
    """Ends an entry that is in nobody's hands: answered in another channel, or cancelled by the resident."""
    row = back_in_line(tx, contact_row(tx, contact), "elsewhere", actor)
    if row.state != State.DONE:
        must_change(tx, row, Event.END, ended_at=tx.now, resume_until=None)
        record(tx, events.EntryDone(entry=row.id, why="elsewhere"), contact=contact, actor=actor)
    return view(tx, row.id)


def back_in_line(tx: Tx, row: Row, reason: str, actor: str) -> Row:
    """The row with its offer, if any, withdrawn."""
    if row.state != State.OFFERED:
        return row
    withdraw(tx, row, reason, actor)
    return entry_row(tx, row.id)


def wrap(tx: Tx, entry: int, agent: int, assignment: int, wrap_until: datetime) -> EntryView:
    """The conversation ended; until `wrap_until` the agent is offered nothing in its place."""
    row = entry_row(tx, entry)
    fence(row, agent, assignment)
    if row.state != State.WRAPPING:
        must_change(tx, row, Event.WRAP, expires_at=wrap_until, idle_since=None, snooze_until=None)
        fact = events.EntryWrapping(entry=entry, agent=agent)
        record(tx, fact, contact=row.contact_id, actor=staff_key(agent))
    return view(tx, entry)


def unwrap(tx: Tx, entry: int, agent: int, assignment: int) -> EntryView:
    """The resident came back before the outcome: the conversation goes on, whatever the agent's load."""
    row = entry_row(tx, entry)
    fence(row, agent, assignment)
    if row.state != State.HELD:
        must_change(tx, row, Event.UNWRAP, expires_at=None)
        fact = events.EntryUnwrapped(entry=entry, agent=agent)
        record(tx, fact, contact=row.contact_id, actor=staff_key(agent))
    return view(tx, entry)


def finish(tx: Tx, entry: int, agent: int, assignment: int) -> EntryView:
    """Ends the entry, from held by way of wrapping; the same again gives the same answer."""
    row = entry_row(tx, entry)
    if row.state == State.DONE and row.assignment == assignment:
        return entry_view(row)
    fence(row, agent, assignment)
    if row.state == State.HELD:
        wrap(tx, entry, agent, assignment, tx.now)
        row = entry_row(tx, entry)
    must_change(tx, row, Event.FINISH, agent_id=None, expires_at=None, ended_at=tx.now)
    rest(tx, agent)
    fact = events.EntryDone(entry=entry, why="finished")
    record(tx, fact, contact=row.contact_id, actor=staff_key(agent))
    return view(tx, entry)


def schedule(tx: Tx, entry: int, agent: int, assignment: int, not_before: datetime, reason: str) -> EntryView:
    """Puts a held entry off until `not_before`: not reached, target closed, later today. Due time is kept."""
    row = entry_row(tx, entry)
    fence(row, agent, assignment)
    put_off(tx, row, not_before, reason, staff_key(agent))
    rest(tx, agent)
    return view(tx, entry)


def give_back(tx: Tx, entry: int, *, apart: timedelta, reason: str, actor: str) -> EntryView:
    """held → waiting, because the resident is not there; not offered to the same agent for a while."""
    row = entry_row(tx, entry)
    passed = passed_by(row, row.agent_id, tx.now + apart)
    must_change(tx, row, Event.LOSE, passed=passed, **released(row))
    rest(tx, row.agent_id)
    fact = events.EntryReturned(entry=row.id, agent=row.agent_id, reason=events.reason_code(reason))
    record(tx, fact, contact=row.contact_id, actor=actor)
    return view(tx, entry)


def transfer(
    tx: Tx,
    entry: int,
    agent: int,
    assignment: int,
    *,
    queue: str,
    due_at: datetime,
    urgency: Urgency,
    tier: int,
    weight: int = 1,
) -> EntryView:
    """Moves a held entry to another queue's line, where it weighs `weight`; the arrival is kept."""
    row = entry_row(tx, entry)
    fence(row, agent, assignment)
    fresh = {"queued_here_at": tx.now, "passed": {}, "language_relaxed_at": None, "preferred_agent_id": None}
    level: dict[str, Any] = {"queue": queue, "due_at": due_at, "urgency": urgency.value, "tier": tier}
    must_change(tx, row, Event.TRANSFER, weight=weight, **fresh, **level, **released(row))
    rest(tx, agent)
    fact = events.EntryTransferred(entry=entry, from_queue=row.queue, **level)
    record(tx, fact, contact=row.contact_id, actor=staff_key(agent))
    return view(tx, entry)


def change_channel(
    tx: Tx,
    contact: int,
    *,
    channel: str,
    actor: str,
    not_before: datetime | None = None,
    window_until: datetime | None = None,
    weight: int = 1,
) -> EntryView:
    """Handles the contact in another channel, where it weighs `weight`; arrival and due time are kept.

    Not while it is held.
    """
    row = back_in_line(tx, contact_row(tx, contact), "channel", actor)
    if row.state == State.LEFT:
        come_back(tx, row, actor)
        row = entry_row(tx, row.id)
    if row.state == State.SCHEDULED:
        not_before = not_before or tx.now
    place = {"not_before": not_before, "window_until": window_until, "weight": weight}
    must_change(tx, row, Event.MOVE, channel=channel, **place)
    fact = events.EntryChannel(entry=row.id, channel=channel)
    record(tx, fact, contact=contact, actor=actor)
    if row.state == State.WAITING and not_before is not None and not_before > tx.now:
        put_off(tx, entry_row(tx, row.id), not_before, "window", actor)
    return view(tx, row.id)


def change_language(tx: Tx, contact: int, language: str) -> None:
    """The open entry's resident speaks another language from now on; nothing else of it changes."""
    mine = (ENTRY.c.contact_id == contact, ENTRY.c.ended_at.is_(None))
    tx.execute(update(ENTRY).where(*mine).values(language=language))


def give_window(
    tx: Tx, contact: int, *, start: datetime, until: datetime, due_at: datetime, actor: str
) -> EntryView:
    """Puts a call off to a time the resident chose, also out of a professional's hands: its place is the
    time's, it is due by `due_at`.
    """
    row = back_in_line(tx, contact_row(tx, contact), "window", actor)
    if row.state == State.LEFT:
        come_back(tx, row, actor)
        row = entry_row(tx, row.id)
    place: dict[str, Any] = {"not_before": start, "window_until": until, "due_at": due_at, "passed": {}}
    event = Event.MOVE if row.state == State.SCHEDULED else Event.SCHEDULE
    must_change(tx, row, event, **place, **released(row))
    if row.agent_id is not None:
        rest(tx, row.agent_id)
    fact = events.EntryScheduled(entry=row.id, not_before=start, reason="window")
    record(tx, fact, contact=contact, actor=actor)
    return view(tx, row.id)


def in_window(tx: Tx, queue: str, start: datetime, until: datetime) -> int:
    """How many calls of the queue are put off to this time."""
    there = (ENTRY.c.queue == queue, ENTRY.c.ended_at.is_(None))
    same = (ENTRY.c.not_before == start, ENTRY.c.window_until == until)
    return int(tx.scalar(select(func.count()).select_from(ENTRY).where(*there, *same)) or 0)


def reclassify(
    tx: Tx, contact: int, *, urgency: Urgency, tier: int, due_at: datetime, actor: str
) -> EntryView:
    """Gives an open entry another level and place; an offer of what is now an emergency is called to all."""
    row = contact_row(tx, contact)
    if tier == 0:
        row = back_in_line(tx, row, "emergency", actor)
    must_change(tx, row, Event.ASSESS, urgency=urgency.value, tier=tier, due_at=due_at)
    fact = events.EntryUrgency(entry=row.id, urgency=urgency.value, tier=tier, due_at=due_at)
    record(tx, fact, contact=contact, actor=actor)
    return view(tx, row.id)
