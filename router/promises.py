"""When a promised callback is due, how it is told, and whether it was broken. Pure; refuses no request.

Health-care lines follow Terveydenhuoltolaki 51 § (assessment the same day when received in opening hours);
a line may promise working days instead (the elderly line: the next one, two of them binding).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.county import Line, PromiseKind, PromiseRule, Queue
from core.hours import (
    Calendar,
    Hours,
    NeverOpen,
    add_service_time,
    add_working_days,
    end_of_service_day,
    instant,
    is_open,
    local_date,
    next_opening,
)

STEP = timedelta(minutes=15)
LAST_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRange:
    """What the resident is told: between these instants, on this Helsinki date (that of the end)."""

    on: date
    start: datetime
    end: datetime


def callback_due(asked: Line | Queue, requested_at: datetime, calendar: Calendar) -> datetime:
    """The instant by which the first real attempt is promised: never outside the hours of the asked one."""
    hours = asked.hours if isinstance(asked, Line) else asked.service_hours
    return _due(asked.promise, hours, requested_at, calendar)


def binding_due(asked: Line | Queue, requested_at: datetime, calendar: Calendar) -> datetime | None:
    """The county's looser binding instant (two working days for the elderly line); None if it has none."""
    if asked.promise.binding_days is None:
        return None
    hours = asked.hours if isinstance(asked, Line) else asked.service_hours
    return _working_days_due(hours, requested_at, calendar, asked.promise.binding_days)


def told_range(now: datetime, due_at: datetime, hours: Hours) -> ToldRange:
    """From the first open quarter of an hour until the due instant: never told later than it is due."""
    opening = next_opening(hours, now)
    start = min(_quarter_before(opening or now), due_at)
    return ToldRange(on=local_date(due_at), start=start, end=due_at)


def second_range(now: datetime, begin: datetime | None, due_at: datetime, hours: Hours) -> ToldRange | None:
    """What can honestly be told instead of what is due at `due_at`, when the call begins at `begin`.

    From that quarter of an hour until half as long again and a quarter more, in open time. Where nobody is
    there to call, until the end of the first service day that ends later. None when the hours never open.
    """
    try:
        if begin is None:
            start = next_opening(hours, due_at) or due_at
            end = end_of_service_day(hours, start)
        else:
            left = begin - now
            start = add_service_time(hours, now, left)
            end = _quarter_after(add_service_time(hours, now, left * 3 / 2 + STEP))
    except NeverOpen:
        return None
    start = max(_quarter_before(next_opening(hours, start) or start), due_at)
    return ToldRange(on=local_date(end), start=start, end=end) if start < end else None


def is_broken(
    due_at: datetime, kept_at: datetime | None, now: datetime, *, ended_at: datetime | None = None
) -> bool:
    """Whether the due instant passed before the promise was kept or ended; later keeping never mends it."""
    settled = [at for at in (kept_at, ended_at) if at is not None]
    return min(settled, default=now) > due_at


def _due(rule: PromiseRule, hours: Hours, requested_at: datetime, calendar: Calendar) -> datetime:
    if rule.kind is PromiseKind.WORKING_DAYS:
        return _working_days_due(hours, requested_at, calendar, rule.days or 1)
    last = _end_of_day(hours, requested_at)
    if rule.kind is PromiseKind.SAME_DAY:
        return last
    due = add_service_time(hours, requested_at, timedelta(minutes=rule.minutes or 0))
    return min(_quarter_after(due), last)


def _end_of_day(hours: Hours, requested_at: datetime) -> datetime:
    """The end of the service day; for the last hour before a midnight at which the service goes on, the
    next one: nobody closes then, and minutes are no promise.
    """
    last = end_of_service_day(hours, requested_at)
    if last - requested_at < LAST_HOUR and is_open(hours, last):
        return end_of_service_day(hours, last)
    return last


def _working_days_due(hours: Hours, requested_at: datetime, calendar: Calendar, days: int) -> datetime:
    day = add_working_days(calendar, local_date(requested_at), days)
    return end_of_service_day(hours, instant(day, 0))


def _quarter_before(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)


def _quarter_after(at: datetime) -> datetime:
    before = _quarter_before(at)
    return at if before == at else before + STEP
