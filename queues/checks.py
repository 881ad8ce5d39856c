"""The line checks itself: hands, capacity, deadlines, and that the events tell what the rows say.

Each check is a query over what is open and what has changed; it is right at any moment, a busy one too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from core.catalogue import Catalogue
from core.checks import LEEWAY, Finding
from core.county import Limits
from core.db import columns
from core.models import Event
from core.store import Tx
from queues.dispatch import decided
from queues.line import FILLING, FULL
from queues.machine import State
from queues.models import ENTRY, SHIFT, in_hand
from queues.sweep import ABANDONED, DUE, EXPIRED, LAPSED, LATE, SILENT

_EVENT = columns(Event)
STATES: Mapping[str, State] = {
    "entry.queued": State.WAITING,
    "entry.offered": State.OFFERED,
    "entry.declined": State.WAITING,
    "entry.expired": State.WAITING,
    "entry.withdrawn": State.WAITING,
    "entry.held": State.HELD,
    "entry.returned": State.WAITING,
    "entry.transferred": State.WAITING,
    "entry.left": State.LEFT,
    "entry.resumed": State.WAITING,
    "entry.scheduled": State.SCHEDULED,
    "entry.came_due": State.WAITING,
    "entry.wrapping": State.WRAPPING,
    "entry.unwrapped": State.HELD,
    "entry.done": State.DONE,
}
"""The state that an event of the line tells."""


def touched(tx: Tx, after: int) -> set[int]:
    """Contacts with an event after `after`."""
    # As plain as can be: asked for distinct ones, SQLite would walk the contacts of all time.
    return {*tx.all(select(_EVENT.contact_id).where(_EVENT.id > after))} - {None}


def in_line(tx: Tx) -> set[int]:
    """Contacts whose entry is open."""
    return {*tx.all(select(ENTRY.c.contact_id).where(ENTRY.c.ended_at.is_(None)))}


def line_findings(tx: Tx, limits: Limits) -> Iterator[Finding]:
    """What is wrong in what is open: hands, capacity, deadlines."""
    yield from shared(tx)
    yield from over_capacity(tx, limits)
    yield from overdue(tx, limits)
    yield from endless(tx)


def unserved(tx: Tx, catalogue: Catalogue) -> dict[tuple[int, int], Finding]:
    """Entries that somebody free should be offered now, by entry and assignment (I13).

    The line is served every second: what is found here again two seconds later was forgotten.
    """
    decision, rows, _ = decided(tx, catalogue)
    return {
        (row.id, row.assignment): Finding(check="pair_waits", what="entry", id=row.id, queue=row.queue)
        for row in (rows[pair.entry] for pair in decision.offers)
    }


def shared(tx: Tx) -> Iterator[Finding]:
    """Contacts with two places, matters in two pairs of hands (I8)."""
    twice = func.count() > 1
    places = select(ENTRY.c.contact_id).where(ENTRY.c.ended_at.is_(None)).group_by(ENTRY.c.contact_id)
    for contact in tx.all(places.having(twice)):
        yield Finding(check="one_holder", what="contact", id=contact)
    hands = select(ENTRY.c.matter_id).where(in_hand(ENTRY)).group_by(ENTRY.c.matter_id)
    for matter in tx.all(hands.having(twice)):
        yield Finding(check="one_holder", what="matter", id=matter)


def over_capacity(tx: Tx, limits: Limits) -> Iterator[Finding]:
    """Professionals who were given more than they had room for (I10)."""
    hands = tx.rows(
        select(ENTRY, SHIFT.c.chat_capacity, SHIFT.c.state_since.label("shift_since"))
        .join(SHIFT, and_(SHIFT.c.staff_id == ENTRY.c.agent_id, SHIFT.c.ended_at.is_(None)))
        .where(in_hand(ENTRY), ENTRY.c.state != State.WRAPPING.value)
        .order_by(ENTRY.c.agent_id, ENTRY.c.state_since, ENTRY.c.id)
    )
    for agent, group in groupby(hands, key=lambda row: row.agent_id):
        hers = list(group)
        if too_many(hers, limits) and was_given(tx, hers[-1]):
            yield Finding(check="capacity", what="staff", id=agent)


def too_many(hers: Sequence[Any], limits: Limits) -> bool:
    """Whether what came last had no room beside what she surely had in hand already.

    What may have weighed nothing when it came is left out: an emergency, a chat whose resident may have been
    silent then.
    """
    last = hers[-1]
    if last.tier == 0 or last.state_since < last.shift_since:  # a shift's new settings bind what comes after
        return False
    before = [row for row in hers[:-1] if row.tier and surely_counted(row, last.state_since, limits)]
    load = sum(FULL if row.channel in FILLING else row.weight for row in before)
    most = 0 if last.channel in FILLING else last.chat_capacity - last.weight
    return bool(load > most)


def surely_counted(row: Any, at: datetime, limits: Limits) -> bool:
    """Whether the entry weighed something at `at`: a chat held for so long may have been idle."""
    return bool(row.channel != "chat" or row.state_since > at - timedelta(seconds=limits.idle_chat_s))


def was_given(tx: Tx, row: Any) -> bool:
    """Whether the entry came by the matcher or by hand; one that came back may exceed her capacity."""
    came = (_EVENT.contact_id == row.contact_id, _EVENT.type.in_(("entry.held", "entry.unwrapped")))
    newest = tx.one(select(Event).where(*came).order_by(_EVENT.n.desc()).limit(1))
    return row.state == State.OFFERED or (
        newest is not None and newest.type == "entry.held" and newest.data["by"] != "all"
    )


def overdue(tx: Tx, limits: Limits) -> Iterator[Finding]:
    """Entries and shifts that the sweep should have moved two seconds ago (I12)."""
    before = tx.now - LEEWAY
    for statement in (EXPIRED, DUE, LAPSED, LATE):
        for row in tx.run(statement, {"now": before}):
            yield Finding(check="deadlines", what="entry", id=row.id, queue=row.queue)
    for row in tx.run(SILENT, {"now": before}):
        yield Finding(check="deadlines", what="shift", id=row.id)
    lost_since = before - timedelta(seconds=limits.lost_agent_s - limits.lease_s)
    for row in tx.run(ABANDONED, {"since": lost_since}):
        yield Finding(check="deadlines", what="entry", id=row.id, queue=row.queue)


def endless(tx: Tx) -> Iterator[Finding]:
    """Entries in a state that must end, without an end (I12)."""
    ends = {
        State.OFFERED: ENTRY.c.expires_at,
        State.LEFT: ENTRY.c.resume_until,
        State.SCHEDULED: ENTRY.c.not_before,
    }
    without = or_(*(and_(ENTRY.c.state == state.value, end.is_(None)) for state, end in ends.items()))
    for entry, queue in tx.rows(select(ENTRY.c.id, ENTRY.c.queue).where(ENTRY.c.ended_at.is_(None), without)):
        yield Finding(check="deadlines", what="entry", id=entry, queue=queue)


def untold(tx: Tx, contacts: Collection[int]) -> Iterator[Finding]:
    """Contacts whose entry is not in the state that its newest event tells, or is gone (I7, I23)."""
    theirs = (_EVENT.contact_id.in_(contacts), _EVENT.type.in_(STATES))
    newest = tx.all(select(func.max(_EVENT.id)).where(*theirs).group_by(_EVENT.contact_id))
    told = dict(_pairs(tx, select(_EVENT.contact_id, _EVENT.type).where(_EVENT.id.in_(newest))))
    states = select(ENTRY.c.contact_id, ENTRY.c.state).where(ENTRY.c.contact_id.in_(contacts))
    found = dict(_pairs(tx, states.order_by(ENTRY.c.id)))
    for contact, kind in told.items():
        if found.get(contact) != STATES[kind]:
            yield Finding(check="conservation", what="contact", id=contact)


def _pairs(tx: Tx, statement: Select[Any]) -> Iterator[tuple[int, str]]:
    return ((row[0], row[1]) for row in tx.rows(statement))
