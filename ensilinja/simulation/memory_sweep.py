"""What deadlines do to the line in memory: the sweep's rules, in the sweep's order."""

from datetime import datetime, timedelta

from ensilinja.simulation.memory_line import MemoryLine
from ensilinja.simulation.memory_rows import SYSTEM, Duty, Entry
from queues import events
from queues.machine import Event, State
from queues.sweep import FORGOTTEN


def sweep(line: MemoryLine, now: datetime) -> None:
    """Carries out what the passed deadlines demand."""
    limits = line.catalogue.limits
    aside = sorted(line.aside.values(), key=lambda one: one.id)
    for entry in aside:
        if entry.state is State.OFFERED and entry.expires_at is not None and entry.expires_at <= now:
            expire(line, entry)
    lose_shifts(line, now)
    since = now - timedelta(seconds=limits.lost_agent_s - limits.lease_s)
    for entry in sorted(aside, key=lambda one: (one.tier, one.id)):
        if entry.agent is not None and is_taken_back(entry, line.duties[entry.agent], since):
            lose(line, entry)
    for entry in aside:
        stand(line, entry, now)
    forget(line, now)


def lose_shifts(line: MemoryLine, now: datetime) -> None:
    """Shifts whose lease has ended are lost."""
    for duty in line.duties.values():
        if duty.is_open and duty.lost_at is None and duty.lease_until <= now:
            duty.lost_at = now
            fact = events.ShiftState(shift=duty.id, state="lost", reason="lease_ended")
            line.emit(fact, staff=duty.staff, actor=SYSTEM)


def forget(line: MemoryLine, now: datetime) -> None:
    """Closes shifts lost long ago with nothing in hand."""
    for duty in line.duties.values():
        if duty.is_open and duty.lost_at is not None and duty.lost_at <= now - FORGOTTEN and not duty.hands:
            duty.is_open = False
            fact = events.ShiftEnded(shift=duty.id, reason="lost")
            line.emit(fact, staff=duty.staff, actor=SYSTEM)


def stand(line: MemoryLine, entry: Entry, now: datetime) -> None:
    """One that is due again, one nobody came back to, one whose wrap-up is over."""
    if entry.state is State.SCHEDULED and entry.not_before is not None and entry.not_before <= now:
        line.move(entry, Event.COME_DUE)
        entry.queued_here_at = now
        line.queue_up(entry)
        line.emit(events.EntryCameDue(entry=entry.id), contact=entry.contact, actor=SYSTEM)
    elif entry.state is State.LEFT and entry.resume_until is not None and entry.resume_until <= now:
        line.finish_with(entry, Event.LAPSE, "lapsed", SYSTEM)
    elif entry.state is State.WRAPPING and entry.expires_at is not None and entry.expires_at <= now:
        unattended(line, entry, "late")


def expire(line: MemoryLine, entry: Entry) -> None:
    """An unanswered offer goes back; two shown ones in a row: she is not answering."""
    agent, assignment, shown = entry.agent or 0, entry.assignment, entry.shown == entry.assignment
    line.move(entry, Event.EXPIRE)
    entry.passed[agent] = line.now()
    line.queue_up(entry)
    fact = events.EntryExpired(entry=entry.id, agent=agent, assignment=assignment, shown=shown)
    line.emit(fact, contact=entry.contact, actor=SYSTEM)
    if shown:
        duty = line.duties[agent]
        duty.missed += 1
        if duty.state == "ready" and duty.missed >= line.catalogue.limits.missed_offers:
            line.set_state(agent, "not_answering", "missed_offers", SYSTEM)


def is_taken_back(entry: Entry, duty: Duty, since: datetime) -> bool:
    """Whether a lost agent's entry is taken from her now: offers and emergencies at once, others later."""
    if entry.state is State.WRAPPING and entry.expires_at is None:
        return False
    if not duty.is_open:
        return True
    at_once = entry.state is State.OFFERED or entry.tier == 0
    return duty.lost_at is not None and (at_once or duty.lease_until <= since)


def lose(line: MemoryLine, entry: Entry) -> None:
    """Back to its place in the line; what was wrapping waits for the supervisor."""
    if entry.state is State.WRAPPING:
        unattended(line, entry, "lost")
        return
    agent = entry.agent or 0
    line.move(entry, Event.LOSE)
    fact = events.EntryReturned(entry=entry.id, agent=agent, reason="agent_lost")
    line.emit(fact, contact=entry.contact, actor=SYSTEM)


def unattended(line: MemoryLine, entry: Entry, why: str) -> None:
    """On the supervisor's list."""
    entry.expires_at = None
    fact = events.EntryUnattended(entry=entry.id, agent=entry.agent or 0, why=why)
    line.emit(fact, contact=entry.contact, actor=SYSTEM)
