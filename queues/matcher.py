"""Who is offered what: a pure function of who waits, who is ready and the time. It remembers nothing.

Every round gives promised work to those who call, live work to the others, then what is left to whom it fits;
rounds go on until nothing more fits, so that matching again after the offers gives nothing new.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from queues.eligibility import (
    Reason,
    Room,
    Seat,
    Why,
    Wish,
    fits,
    held_back,
    obstacle,
    until,
    wish,
)
from queues.floor import Split, communities, split
from queues.line import Agent, Kind, Line, Rank, Settings, Waiting

__all__ = [
    "Agent",
    "Decision",
    "Line",
    "Pair",
    "Reason",
    "Settings",
    "Waiting",
    "Why",
    "match",
    "why_her",
    "why_here",
    "why_waiting",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One offer: this entry to this agent."""

    entry: int
    agent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The offers to make, in order, and how the floor stands after them.

    `ran_out`: the kinds of which somebody with room was shown all: had more waited, they might get more.
    """

    offers: tuple[Pair, ...] = ()
    ran_out: frozenset[Kind] = frozenset()
    calling: frozenset[int] = frozenset()
    draining: frozenset[int] = frozenset()
    k: int = 0


Candidate = tuple[int, datetime, int, Seat]


class Bench:
    """The agents of one group in one round: a heap by load and idle time for each queue."""

    __slots__ = ("_heaps", "_room", "ids")

    def __init__(self, room: Room, ids: Iterable[int]) -> None:
        self._room = room
        self.ids = frozenset(ids)
        self._heaps: dict[str, list[Candidate]] = {}

    def has_room(self) -> bool:
        """Whether any of the group can take more."""
        seats = self._room.seats
        return any(seats[one].load < seats[one].agent.capacity for one in self.ids)

    def of(self, queue: str) -> list[Candidate]:
        """The heap of the group's members with room, by queue; loads in it may be too low, never too high."""
        heap = self._heaps.get(queue)
        if heap is None:
            members = self._room.members.get(queue, ())
            heap = [
                candidate(seat)
                for seat in members
                if seat.load < seat.agent.capacity and seat.agent.id in self.ids
            ]
            heapq.heapify(heap)
            self._heaps[queue] = heap
        return heap


@dataclass(slots=True)
class Round:
    """What one decision works on; the room's loads and the line change as offers are made."""

    line: Line
    room: Room
    now: datetime
    settings: Settings
    matters: set[int]
    offers: list[Pair]
    ran_out: set[Kind]


def match(
    waiting: Sequence[Waiting] | Line, agents: Sequence[Agent], now: datetime, settings: Settings
) -> Decision:
    """The offers that should be made now. Deterministic; time is the argument; nothing given is changed.

    `agents` are those signed in, ready and with a live lease; entries of a matter that is in somebody's hands
    are left out by the caller.
    """
    line = waiting.fork() if isinstance(waiting, Line) else Line(waiting)
    room = Room(agents)
    groups = communities(agents)
    work = Round(line=line, room=room, now=now, settings=settings, matters=set(), offers=[], ran_out=set())
    while True:
        before = len(work.offers)
        floor = split(line, room, groups, now, settings)
        play(work, floor)
        if len(work.offers) == before:
            return Decision(
                offers=tuple(work.offers),
                ran_out=frozenset(work.ran_out),
                calling=floor.calling,
                draining=floor.draining,
                k=floor.k,
            )


def play(work: Round, floor: Split) -> None:
    """One round: promised work to the calling, live work to the others, then what is left."""
    calling = Bench(work.room, floor.calling)
    draining = Bench(work.room, floor.draining)
    free = Bench(work.room, work.room.seats.keys() - floor.calling - floor.draining)
    walk(work, calling, lambda kind: kind.promised)
    walk(work, free, lambda kind: not kind.promised)
    walk(work, draining, lambda kind: kind.fills and not kind.promised)
    walk(work, free, lambda kind: kind.promised)
    walk(work, calling, lambda kind: not kind.promised, idle=True)


def walk(work: Round, bench: Bench, chosen: Callable[[Kind], bool], *, idle: bool = False) -> None:
    """Goes through the chosen kinds' entries in rank order and gives each to the best agent of the bench."""
    if not bench.has_room():
        return
    heads: list[tuple[Rank, Kind, int]] = [
        (work.line.ranked(kind)[0], kind, 0)
        for kind in work.line.kinds()
        if chosen(kind) and kind.queue not in work.settings.own_team
    ]
    heapq.heapify(heads)
    while heads:
        rank, kind, position = heads[0]
        candidates = bench.of(kind.queue)
        if not settle_top(candidates, kind, work.settings, idle=idle):
            heapq.heappop(heads)
            continue
        if offer(work, work.line.entries[rank.id], kind, candidates, idle=idle):
            work.line.drop(kind, position)
        else:
            position += 1
        ranks = work.line.ranked(kind)
        if position < len(ranks):
            heapq.heapreplace(heads, (ranks[position], kind, position))
        else:
            heapq.heappop(heads)
            work.ran_out.add(kind)


def settle_top(candidates: list[Candidate], kind: Kind, settings: Settings, *, idle: bool) -> bool:
    """Corrects the heap until its top is true and not full; False when nobody has room for the kind."""
    while candidates:
        seat = candidates[0][3]
        if candidates[0][0] != seat.load:
            heapq.heapreplace(candidates, candidate(seat))
        elif seat.load >= seat.agent.capacity:
            heapq.heappop(candidates)
        else:
            return seat.load == 0 if kind.fills or idle else True
    return False


def offer(work: Round, entry: Waiting, kind: Kind, candidates: list[Candidate], *, idle: bool) -> bool:
    """Gives the entry to the best candidate it may go to; False when it stays in the line."""
    if entry.matter in work.matters:
        return False
    wished = wish(entry, work.room, work.now, work.settings)
    seat = best(work, entry, kind, candidates, wished, idle=idle)
    if seat is None:
        return False
    seat.give(kind)
    work.matters.add(entry.matter)
    work.offers.append(Pair(entry=entry.id, agent=seat.agent.id))
    return True


def best(
    work: Round, entry: Waiting, kind: Kind, candidates: list[Candidate], wished: Wish, *, idle: bool
) -> Seat | None:
    """Least loaded, then longest idle; one who let this entry's offer expire comes after all others."""
    aside: list[Candidate] = []
    found: Seat | None = None
    second: Seat | None = None
    while candidates and settle_top(candidates, kind, work.settings, idle=idle):
        top = heapq.heappop(candidates)
        aside.append(top)
        seat = top[3]
        if not fits(kind, seat, work.settings) or held_back(entry, seat, wished, work.now):
            continue
        if seat.agent.id not in entry.passed:
            found = seat
            break
        second = second or seat
    for one in aside:
        heapq.heappush(candidates, one)
    return found or second


def candidate(seat: Seat) -> Candidate:
    """The agent's place in a heap; no two are equal."""
    return (seat.load, seat.agent.idle_since, seat.agent.id, seat)


def why_here(entry: Waiting, ahead: int) -> tuple[Reason, ...]:
    """Why the entry has its place: its tier and due time, and how many of its queue come before it."""
    if entry.tier == 0:
        return (Reason(code=Why.CALLED_TO_ALL),)
    return (Reason(code=Why.RANK, until=entry.due_at), Reason(code=Why.AHEAD, count=ahead))


def why_waiting(
    entry: Waiting, agents: Sequence[Agent], now: datetime, settings: Settings, floor: Split | Decision
) -> tuple[Reason, ...]:
    """Why nobody has been offered the entry yet: one reason of each kind, with its end if it has one."""
    if entry.tier == 0:
        return (Reason(code=Why.CALLED_TO_ALL),)
    if entry.queue in settings.own_team:
        return (Reason(code=Why.OWN_TEAM),)
    room = Room(agents)
    members = room.members.get(entry.queue, [])
    if not members:
        return (Reason(code=Why.NOBODY_READY),)
    reasons: dict[Why, Reason] = {}
    for seat in members:
        code = obstacle(entry, seat, room, now, settings) or set_apart(seat, floor)
        reasons.setdefault(code, Reason(code=code, until=until(entry, seat, code, settings)))
    if Why.OFFERED_NEXT in reasons:
        return (reasons[Why.OFFERED_NEXT],)
    return tuple(reasons[code] for code in sorted(reasons))


def set_apart(seat: Seat, floor: Split | Decision) -> Why:
    """Why an eligible agent is not offered the entry: she is kept for other work; else she is next."""
    if seat.agent.id in floor.calling:
        return Why.OTHERS_CALLING
    return Why.OTHERS_DRAINING if seat.agent.id in floor.draining else Why.OFFERED_NEXT


def why_her(
    entry: Waiting, agents: Sequence[Agent], chosen: int, now: datetime, settings: Settings
) -> tuple[Reason, ...]:
    """Why this agent of those the entry could have gone to."""
    room = Room(agents)
    if entry.preferred_agent == chosen:
        return (Reason(code=Why.FORMER_AGENT, agent=chosen),)
    able = [seat for seat in room.seats.values() if obstacle(entry, seat, room, now, settings) is None]
    others = [seat for seat in able if seat.agent.id != chosen]
    if not others:
        return (Reason(code=Why.ONLY_ONE, agent=chosen),)
    reasons = []
    seat = room.seats.get(chosen)
    if wish(entry, room, now, settings).language is not None:
        reasons.append(Reason(code=Why.LANGUAGE, agent=chosen))
    if seat is not None:
        lighter = all(seat.load < other.load for other in others)
        reasons.append(Reason(code=Why.LEAST_LOADED if lighter else Why.LONGEST_IDLE, agent=chosen))
    return tuple(reasons)
