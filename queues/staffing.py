"""How much time of professionals a queue can expect: those signed in for what is near, else as lately.

There is no roster in the database: of a time next Tuesday the last Tuesdays tell the most.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select

from core.hours import HELSINKI
from core.store import Tx
from queues.models import MEMBER, SHIFT

WEEKS = 4
NEAR = timedelta(hours=2)  # the horizon of the board's promises at risk
Span = tuple[datetime, datetime]


class Stint(NamedTuple):
    """One shift: from when until when, and the part of it that is the queue's."""

    start: datetime
    end: datetime
    part: float

    def within(self, start: datetime, end: datetime) -> timedelta:
        """Her time for the queue between the instants."""
        return max(min(self.end, end) - max(self.start, start), timedelta(0)) * self.part


def staffed(tx: Tx, queue: str, spans: Sequence[Span], *, is_open: bool) -> list[timedelta | None]:
    """The time of professionals in each span. Whoever serves several queues is shared evenly among them.

    Of spans that begin within two hours of an open queue: those on shift now. Of later ones: the mean of the
    same clock times of the last four weeks, days without any shift left out; None where none is left.
    """
    stints, now = stints_of(tx, queue), tx.now
    here = sum(stint.part for stint in stints if stint.end == now)
    return [
        (end - start) * here if is_open and start < now + NEAR else usual(stints, start, end)
        for start, end in spans
    ]


def usual(stints: Sequence[Stint], start: datetime, end: datetime) -> timedelta | None:
    """The mean time of professionals at these clock times in the weeks before."""
    found = []
    for week in range(1, WEEKS + 1):
        day = back(start.astimezone(HELSINKI).replace(hour=0, minute=0, second=0, microsecond=0), week)
        if any(stint.within(day, day + timedelta(days=1)) for stint in stints):
            then = (back(start, week), back(end, week))
            found.append(sum((stint.within(*then) for stint in stints), timedelta(0)))
    return sum(found, timedelta(0)) / len(found) if found else None


def back(at: datetime, weeks: int) -> datetime:
    """The same clock time so many weeks before."""
    return (at.astimezone(HELSINKI) - timedelta(weeks=weeks)).astimezone(at.tzinfo)


def stints_of(tx: Tx, queue: str) -> list[Stint]:
    """The shifts of the last weeks of those who serve the queue; one that is on lasts until now."""
    since = tx.now - timedelta(weeks=WEEKS + 1)
    beside = MEMBER.alias("beside")
    served = select(func.count()).where(beside.c.staff_id == MEMBER.c.staff_id).scalar_subquery()
    read = select(SHIFT.c.started_at, SHIFT.c.ended_at, SHIFT.c.lost_at, served)
    hers = read.join(MEMBER, MEMBER.c.staff_id == SHIFT.c.staff_id).where(MEMBER.c.queue == queue)
    rows = tx.rows(hers.where(or_(SHIFT.c.ended_at.is_(None), SHIFT.c.ended_at > since)))
    return [
        Stint(start=start, end=ended or lost or tx.now, part=1 / count) for start, ended, lost, count in rows
    ]
