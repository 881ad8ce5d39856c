"""When a queue takes no more live contacts today: the county's clock, or a line longer than the day. Pure.

Never stops an urgent contact, and never turns anybody away: what is left is told by whoever asks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.county import ChatDoor, Queue
from core.hours import HELSINKI, Hours, instant, is_open, local_date, next_closing, next_opening
from core.urgency import Urgency
from router.rules import service_hours

ONE_DAY = timedelta(days=1)


class Stop(StrEnum):
    """Why no more are taken."""

    HOURS = "hours"
    CLOCK = "clock"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a queue stands: who waits live for it, and how many professionals are ready for it."""

    waiting: int = 0
    ready: int = 0


def is_always_taken(urgency: Urgency) -> bool:
    """Whether no stop holds for this level."""
    return urgency.rank <= Urgency.SAME_DAY.rank


def stop_of(queue: Queue, door: ChatDoor, standing: Standing, now: datetime) -> Stop | None:
    """Why the queue takes no more live contacts until its next day; None while it does, or is closed."""
    live = service_hours(queue, "chat", None, door)
    if not is_open(live, now):
        return None
    if not (is_open(door.intake_hours, now) and is_open(queue.intake_hours, now)):
        return Stop.HOURS
    local = now.astimezone(HELSINKI)
    ends = [minute for minute in (door.intake_until, queue.intake_until) if minute is not None]
    if ends and local.hour * 60 + local.minute >= min(ends):
        return Stop.CLOCK
    return Stop.FORECAST if _is_too_long(queue, live, standing, now) else None


def next_day_opening(hours: Hours, now: datetime) -> datetime | None:
    """When the hours open on a later Helsinki date than today; None if never."""
    return next_opening(hours, instant(local_date(now) + ONE_DAY, 0))


def _is_too_long(queue: Queue, live: Hours, standing: Standing, now: datetime) -> bool:
    # With nobody ready nothing can be forecast: at the opening the first of the shift is still signing in.
    if not queue.contact_minutes or not standing.ready:
        return False
    closes_at = next_closing(live, now)
    needed = timedelta(minutes=queue.contact_minutes * standing.waiting / standing.ready)
    return closes_at is not None and now + needed >= closes_at
