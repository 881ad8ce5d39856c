"""Opening hours, service time and working days in Europe/Helsinki, computed only between UTC instants.

A local time that does not exist (March) is the instant of the change; one that exists twice (October) is its
first. Refuses naive datetimes, and to compute with hours that never open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")
DAY_MINUTES = 24 * 60
LONGEST_CLOSURE_DAYS = 400
_ONE_DAY = timedelta(days=1)
_ZERO = timedelta(0)


class NeverOpen(ValueError):
    """The hours do not open within `LONGEST_CLOSURE_DAYS`."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Open from `start` up to `end`, in minutes of the local day (0-1440)."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= DAY_MINUTES:
            raise ValueError("an interval starts before it ends, within 00:00-24:00")


@dataclass(frozen=True, slots=True)
class Span:
    """Open from the instant `start` up to the instant `end`."""

    start: datetime
    end: datetime


Day = tuple[Interval, ...]
Week = tuple[Day, Day, Day, Day, Day, Day, Day]


def _no_exceptions() -> Mapping[date, Day]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The county's days off besides Saturdays and Sundays."""

    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Weekly local opening hours (Monday first), closed on `holidays`; a date's exception overrides both."""

    week: Week
    exceptions: Mapping[date, Day] = field(default_factory=_no_exceptions, hash=False, repr=False)
    holidays: frozenset[date] = field(default=frozenset(), hash=False, repr=False)

    def on(self, day: date) -> Day:
        """The intervals of one local date, in order."""
        if day in self.exceptions:
            return self.exceptions[day]
        return () if day in self.holidays else self.week[day.weekday()]


ALWAYS_OPEN = Hours(week=((Interval(0, DAY_MINUTES),),) * 7)


def local_date(at: datetime) -> date:
    """The Helsinki date of an instant; a naive datetime is a ValueError."""
    return _utc(at).astimezone(HELSINKI).date()


@lru_cache(maxsize=16384)
def instant(day: date, minute: int) -> datetime:
    """The UTC instant of a local minute of the day (0-1440); never decreases when the minute grows."""
    naive = datetime.combine(day, time()) + timedelta(minutes=minute)
    first = naive.replace(tzinfo=HELSINKI, fold=0).astimezone(UTC)
    later = naive.replace(tzinfo=HELSINKI, fold=1).astimezone(UTC)
    if later >= first:
        return first
    # The wall clock skips this minute; the EU changes its clocks on the full hour of UTC.
    return first.replace(minute=0)


@lru_cache(maxsize=256)
def both(one: Hours, other: Hours) -> Hours:
    """The hours in which both are open; they may never be."""
    days = {*one.exceptions, *other.exceptions}
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = map(_overlap, one.week, other.week)
    return Hours(
        week=(monday, tuesday, wednesday, thursday, friday, saturday, sunday),
        exceptions=MappingProxyType({day: _overlap(one.on(day), other.on(day)) for day in days}),
        holidays=one.holidays | other.holidays,
    )


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the hours are open at the instant; the opening instant is in, the closing instant is out."""
    at = _utc(at)
    return any(span.start <= at < span.end for span in _day_spans(hours, local_date(at)))


def next_opening(hours: Hours, at: datetime) -> datetime | None:
    """The first instant at or after `at` when the hours are open (`at` itself if they are); None if never."""
    at = _utc(at)
    span = next(_spans_from(hours, at), None)
    return None if span is None else max(span.start, at)


def next_closing(hours: Hours, at: datetime) -> datetime | None:
    """The first closing after `at`, of this opening or the next; None if never, or if always open."""
    at = _utc(at)
    end: datetime | None = None
    for span in _spans_from(hours, at):
        if end is not None and span.start > end:
            return end
        if span.end - at > LONGEST_CLOSURE_DAYS * _ONE_DAY:
            return None
        end = span.end
    return end


def service_time(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """The open time between two instants; additive, and negative when `end` is before `start`."""
    start, end = _utc(start), _utc(end)
    if end < start:
        return -service_time(hours, end, start)
    total, day, last = _ZERO, local_date(start), local_date(end)
    while day <= last:
        for span in _day_spans(hours, day):
            total += max(min(span.end, end) - max(span.start, start), _ZERO)
        day += _ONE_DAY
    return total


def add_service_time(hours: Hours, start: datetime, duration: timedelta) -> datetime:
    """The first instant by which `duration` of open time has passed since `start`.

    It is open then or just closing, and never decreases when `start` or `duration` grows.
    Raises ValueError for a negative duration, NeverOpen if the hours do not open.
    """
    if duration < _ZERO:
        raise ValueError("service time is added forwards only")
    start, left = _utc(start), duration
    for span in _spans_from(hours, start):
        begin = max(span.start, start)
        if left <= span.end - begin:
            return begin + left
        left -= span.end - begin
    raise NeverOpen


def end_of_service_day(hours: Hours, at: datetime) -> datetime:
    """The last closing of the local day on which `at` is served: the same day, or the next one that opens.

    This bounds the same-day assessment of Terveydenhuoltolaki 51 §. Raises NeverOpen.
    """
    span = next(_spans_from(hours, _utc(at)), None)
    if span is None:
        raise NeverOpen
    return _day_spans(hours, local_date(span.start))[-1].end


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether the day is Monday-Friday and not one of the calendar's days off."""
    return day.weekday() < 5 and day not in calendar.holidays


def add_working_days(calendar: Calendar, start: date, count: int) -> date:
    """The `count`th working day after `start`, itself never counted; 0 is the first at or after it."""
    if count < 0:
        raise ValueError("working days are added forwards only")
    day = start if count == 0 else start + _ONE_DAY
    left = max(count, 1)
    while True:
        left -= is_working_day(calendar, day)
        if left == 0:
            return day
        day += _ONE_DAY


def _overlap(one: Day, other: Day) -> Day:
    pairs = ((max(a.start, b.start), min(a.end, b.end)) for a in one for b in other)
    return tuple(sorted(Interval(start, end) for start, end in pairs if start < end))


def _utc(at: datetime) -> datetime:
    # Python compares two times of one zone by their wall clocks: an hour wrong across a clock change.
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC)


def _day_spans(hours: Hours, day: date) -> tuple[Span, ...]:
    spans = (Span(instant(day, piece.start), instant(day, piece.end)) for piece in hours.on(day))
    return tuple(span for span in spans if span.start < span.end)


def _spans_from(hours: Hours, at: datetime) -> Iterator[Span]:
    """Spans that end after `at`, in order, until a closure longer than the longest allowed."""
    day, closed = local_date(at), 0
    while closed < LONGEST_CLOSURE_DAYS:
        spans = [span for span in _day_spans(hours, day) if span.end > at]
        closed = 0 if spans else closed + 1
        yield from spans
        day += _ONE_DAY
