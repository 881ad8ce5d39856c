"""When promised work will be begun, by who is at work and what stands before it in the line. Pure.

It answers one question, whether a promise can still be kept, so it leans neither way: a professional with
something in hand has half of a call's work left, one who is away has a whole one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heapreplace

from queues.floor import communities
from queues.line import Agent, Rank, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Promised work of one contact; before `ready_at` it is not in the line."""

    contact: int
    queue: str
    rank: Rank
    ready_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """A professional on shift; `is_away`: paused or not answering."""

    agent: Agent
    is_away: bool = False

    def free_at(self, now: datetime, work: timedelta) -> datetime:
        """When she can be given promised work."""
        if self.is_away:
            return now + work
        return now + work / 2 if self.agent.load else now


def begins(
    line: Iterable[Work], hands: Sequence[Hand], live: Collection[str], now: datetime, settings: Settings
) -> dict[int, datetime | None]:
    """When the work of each contact is begun; None when nobody at work serves its queue.

    It is taken in rank order, what is put off after what is in the line: nobody idles because of it.
    While somebody waits live in a queue of `live`, its professionals do not all call (`queues.floor`).
    """
    work = timedelta(minutes=settings.work_minutes)
    desks = Desks(callers(hands, live, now, settings), now, work)
    order = sorted(line, key=lambda one: (one.ready_at > now, one.rank))
    return {one.contact: desks.take(one) for one in order}


def callers(
    hands: Sequence[Hand], live: Collection[str], now: datetime, settings: Settings
) -> Iterable[Hand]:
    """Those who may call: all of them, or the floor's share where somebody waits live, who is free first."""
    work = timedelta(minutes=settings.work_minutes)
    for group in communities(hand.agent for hand in hands):
        members = sorted(
            (hand for hand in hands if hand.agent.queues and hand.agent.queues <= group),
            key=lambda hand: (hand.free_at(now, work), hand.agent.id),
        )
        share = min(settings.share(queue) for queue in group) if group & set(live) else 1.0
        yield from members[: max(int(share * len(members)), 1)]


class Desks:
    """Professionals alike, and when the next of them is free."""

    def __init__(self, hands: Iterable[Hand], now: datetime, work: timedelta) -> None:
        """Who is there now."""
        self._work = work
        self._free: dict[frozenset[str], list[datetime]] = {}
        for hand in hands:
            self._free.setdefault(hand.agent.queues, []).append(hand.free_at(now, work))
        for times in self._free.values():
            heapify(times)

    def take(self, one: Work) -> datetime | None:
        """Gives the work to who is free first; when it is begun."""
        able = [times for queues, times in self._free.items() if one.queue in queues]
        if not able:
            return None
        times = min(able, key=lambda times: times[0])
        begin = max(times[0], one.ready_at)
        heapreplace(times, begin + self._work)
        return begin
