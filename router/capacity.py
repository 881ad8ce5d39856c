"""Which times of calls can still be promised, by who is expected at work and what is promised already. Pure.

Work is placed as the line does it, what is due first before the rest and never before its time, slot by slot.
A slot is offered while one call more in it makes nothing late that would not have been late without it.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from router.windows import Window

NO_BOUND = 1_000_000
Job = tuple[int, int]
"""Due in this slot, to be done from that one on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A stretch of open time, and how many calls those at work make in it."""

    window: Window
    room: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """One piece of work that is promised: not before, and by when."""

    ready_at: datetime
    due_at: datetime


def room(staffed: timedelta | None, share: float, work_minutes: int) -> int:
    """How many calls so much time of professionals is; where nothing is known of it, no bound."""
    if staffed is None:
        return NO_BOUND
    return int(staffed * share / timedelta(minutes=work_minutes))


def kept(slots: Sequence[Slot], promised: Iterable[Promised], wanted: Iterable[Window]) -> list[Window]:
    """Those of the wanted windows, each a slot, in which one call more can be promised."""
    jobs = Counter(job for one in promised if (job := job_of(slots, one)) is not None)
    place, before = {slot.window: n for n, slot in enumerate(slots)}, late(slots, jobs)
    return [one for one in wanted if late(slots, jobs + Counter([(place[one], place[one])])) <= before]


def job_of(slots: Sequence[Slot], one: Promised) -> Job | None:
    """The slots in which the work may be done; None when all of them are before its time."""
    ready = next((n for n, slot in enumerate(slots) if slot.window.end > one.ready_at), None)
    if ready is None:
        return None
    due = sum(slot.window.start < one.due_at for slot in slots) - 1
    return max(due, 0), ready


def late(slots: Sequence[Slot], jobs: Counter[Job]) -> int:
    """How much of the work is done after its slot, or in none."""
    coming = sorted(jobs, key=lambda job: job[1], reverse=True)
    waiting: list[Job] = []
    left, behind = Counter(jobs), 0
    for n, slot in enumerate(slots):
        while coming and coming[-1][1] <= n:
            heapq.heappush(waiting, coming.pop())
        free = slot.room
        while waiting and free:
            done = min(left[waiting[0]], free)
            free -= done
            left[waiting[0]] -= done
            behind += done * (waiting[0][0] < n)
            if not left[waiting[0]]:
                heapq.heappop(waiting)
    return behind + sum(left[job] for job in waiting)
