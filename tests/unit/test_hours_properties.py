from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.hours import (
    DAY_MINUTES,
    Calendar,
    Hours,
    Interval,
    add_service_time,
    add_working_days,
    both,
    end_of_service_day,
    is_open,
    next_closing,
    next_opening,
    service_time,
)
from tests.faults.sizes import sized

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
EXAMPLES = settings(max_examples=sized(300, 2_000, 20_000))
# A third of the instants lie within a day of a clock change, where mistakes live.
CHANGES = [
    datetime(2024, 3, 31, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2027, 3, 28, 1, tzinfo=UTC),
    datetime(2035, 10, 28, 1, tzinfo=UTC),
]

anywhere = st.integers(0, 12 * 365 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
at_change = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-1440, 1440),
)
instants = st.one_of(anywhere, anywhere, at_change)
gaps = st.integers(0, 20 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
durations = st.integers(0, 40 * 3600).map(lambda seconds: timedelta(seconds=seconds))


def day_of(*cuts: int) -> tuple[Interval, ...]:
    ordered = sorted(set(cuts))
    return tuple(Interval(a, b) for a, b in list(pairwise(ordered))[::2])


Day = tuple[Interval, ...]


def hours_of(days: list[Day], always: Day, turn: int, closed: frozenset[date]) -> Hours:
    # One day a week opens outside the spring gap, so that the hours always open.
    week = [*days, always]
    return Hours(week=tuple(week[turn:] + week[:turn]), holidays=closed)  # type: ignore[arg-type]


minutes = st.integers(0, DAY_MINUTES)
split_day = st.builds(day_of, minutes, minutes, minutes, minutes)
day = st.one_of(st.just(()), st.builds(day_of, minutes, minutes), split_day)
weeks = st.builds(
    hours_of,
    st.lists(day, min_size=6, max_size=6),
    st.integers(490, DAY_MINUTES).map(lambda end: (Interval(480, end),)),
    st.integers(0, 6),
    st.frozensets(st.sampled_from([date(2026, 10, 25), date(2027, 3, 29), date(2024, 4, 1)])),
)


@EXAMPLES
@given(weeks, instants, gaps, gaps)
def test_service_time_is_additive(hours: Hours, a: datetime, first: timedelta, second: timedelta) -> None:
    b, c = a + first, a + first + second
    assert service_time(hours, a, b) + service_time(hours, b, c) == service_time(hours, a, c)
    assert timedelta(0) <= service_time(hours, a, b) <= first
    assert service_time(hours, b, a) == -service_time(hours, a, b)


@EXAMPLES
@given(weeks, instants, gaps, durations, durations)
def test_due_instants_are_monotone_in_start_and_duration(
    hours: Hours, start: datetime, gap: timedelta, duration: timedelta, more: timedelta
) -> None:
    due = add_service_time(hours, start, duration)
    assert due <= add_service_time(hours, start + gap, duration)
    assert due <= add_service_time(hours, start, duration + more)


@EXAMPLES
@given(weeks, instants, durations)
def test_a_due_instant_is_never_outside_hours(hours: Hours, start: datetime, duration: timedelta) -> None:
    due = add_service_time(hours, start, duration)
    assert due >= start
    assert is_open(hours, due) or next_closing(hours, due - timedelta(microseconds=1)) == due
    assert service_time(hours, start, due) == duration


@EXAMPLES
@given(weeks, instants)
def test_openings_and_closings_agree_with_is_open(hours: Hours, at: datetime) -> None:
    opening, closing = next_opening(hours, at), next_closing(hours, at)
    assert opening is not None and is_open(hours, opening)
    assert (opening == at) == is_open(hours, at)
    assert service_time(hours, at, opening) == timedelta(0)
    assert closing is not None and closing > opening and not is_open(hours, closing)
    assert service_time(hours, opening, closing) == closing - opening
    assert end_of_service_day(hours, at) > opening


@EXAMPLES
@given(
    st.dates(date(2024, 1, 1), date(2035, 12, 1)),
    st.integers(1, 9),
    st.integers(0, 9),
    st.frozensets(st.dates(date(2024, 1, 1), date(2035, 12, 31)), max_size=30),
)
def test_working_days_add_up_and_never_land_on_a_day_off(
    start: date, first: int, second: int, closed: frozenset[date]
) -> None:
    calendar = Calendar(holidays=closed)
    mid = add_working_days(calendar, start, first)
    assert add_working_days(calendar, mid, second) == add_working_days(calendar, start, first + second)
    assert mid.weekday() < 5 and mid not in closed
    assert mid <= add_working_days(calendar, start + timedelta(days=1), first)


@EXAMPLES
@given(weeks, weeks, instants)
def test_two_hours_together_are_open_exactly_when_both_are(one: Hours, other: Hours, at: datetime) -> None:
    together = both(one, other)
    assert is_open(together, at) == (is_open(one, at) and is_open(other, at))
