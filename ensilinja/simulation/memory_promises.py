"""Promises that will break, in memory: the services' rules of `router.breaking`, in their order."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.phone import takes_texts
from core.quiet import quiet_until
from ensilinja.simulation.memory_line import MemoryLine
from ensilinja.simulation.memory_rooms import Known, MemoryRooms
from queues.forecast import Hand, Work, begins
from queues.line import PROMISED, Rank
from queues.machine import State
from router.breaking import in_turn
from router.events import SecondPromised
from router.intake import asked_of, hours_of
from router.promises import second_range


def breaking(rooms: MemoryRooms) -> Iterator[tuple[int, SecondPromised]]:
    """The contacts that the line will not reach by the promised instant, with what they are told."""
    limits, now = rooms.services.catalogue.limits, rooms.world.now
    before = now + timedelta(minutes=limits.promise_alarm_minutes)
    soon = [] if quiet_until(now, limits) is not None else near(rooms, now, before)
    found = foreseen(rooms.line, now, before) if soon else {}
    late = []
    for due_at, number, contact in soon:
        entry = rooms.line.entries[contact]
        if contact not in found and not (entry.not_before is not None and entry.not_before > before):
            continue
        begin = found.get(contact, entry.not_before)
        if begin is None or begin > due_at:
            late.append((due_at, number, contact, begin))
    for due_at, number, contact, begin in in_turn(late, now):
        entry, known = rooms.line.entries[contact], rooms.known[contact]
        asked = asked_of(known.line, entry.queue, rooms.services)
        told = second_range(now, begin, due_at, hours_of(asked))
        if told is not None and takes_texts(known.visit.number):
            yield contact, SecondPromised(promise=number, due_at=told.end)


def near(rooms: MemoryRooms, now: datetime, before: datetime) -> list[tuple[datetime, int, int]]:
    """Open promises of calls that fall due soon, by due instant: with their number and contact."""
    line, found = rooms.line, []
    for entry in (*line.line.values(), *line.aside.values()):
        known = rooms.known[entry.contact]
        if known.promise is None or not is_alone(known) or not now < known.promise[2] <= before:
            continue
        if entry.channel == "callback" and entry.state in (State.WAITING, State.SCHEDULED):
            found.append((known.promise[2], known.promise[0], entry.contact))
    return sorted(found)


def is_alone(known: Known) -> bool:
    """Whether a call is promised without a second promise."""
    return known.promise is not None and known.promise[1] == "callback" and not known.has_second


def foreseen(line: MemoryLine, now: datetime, before: datetime) -> dict[int, datetime | None]:
    """The line's forecast, as `queues.foreseeing` reads it of the rows."""
    taken = {entry.matter for duty in line.duties.values() for entry in duty.hands.values()}
    works = [
        Work(
            contact=entry.contact,
            queue=entry.queue,
            rank=Rank(entry.tier, entry.due_at, entry.arrived_at, entry.id),
            ready_at=max(entry.not_before or now, now),
        )
        for entry in (*line.line.values(), *line.aside.values())
        if entry.state in (State.WAITING, State.SCHEDULED) and entry.channel in PROMISED and entry.tier
        if entry.matter not in taken and entry.queue not in line.settings.own_team
        if entry.not_before is None or entry.not_before <= before
    ]
    hands = [
        Hand(agent=line.agent_of(duty), is_away=duty.state != "ready")
        for duty in line.duties.values()
        if duty.is_open and duty.lost_at is None
    ]
    live = {e.queue for e in line.line.values() if e.tier and e.channel not in PROMISED}
    return begins(works, hands, live, now, line.settings)
