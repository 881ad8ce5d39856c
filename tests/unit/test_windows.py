"""The times at which a call may be promised: whole, ahead, within the hours, the same for everybody."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.hours import ALWAYS_OPEN, is_open, service_time
from router.windows import AHEAD, LEAD, MOST, SHORTEST, WIDTH, windows
from tests.builders import MONDAY
from tests.rooms import SERVICES

HOURS = [line.hours for line in SERVICES.catalogue.lines]
MOMENTS = st.timedeltas(timedelta(days=-240), timedelta(days=30)).map(MONDAY.__add__)


@settings(max_examples=60)
@given(st.sampled_from([*HOURS, ALWAYS_OPEN]), MOMENTS)
def test_times_are_ahead_open_and_apart(hours, now):  # type: ignore[no-untyped-def]
    found = windows(hours, now)

    assert len(found) <= MOST
    for window in found:
        assert now + LEAD <= window.start < window.end <= now + AHEAD
        assert is_open(hours, window.start)
        assert SHORTEST <= window.end - window.start <= WIDTH + SHORTEST
        assert service_time(hours, window.start, window.end) == window.end - window.start
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.sampled_from(HOURS), st.integers(0, 90))
def test_a_later_visitor_is_offered_the_same_times(hours, minutes):  # type: ignore[no-untyped-def]
    later = windows(hours, MONDAY + timedelta(minutes=minutes))[:3]

    assert set(later) <= set(windows(hours, MONDAY))


def test_the_law_s_day_bounds_them() -> None:
    hours = SERVICES.catalogue.line("health_station").hours
    today = MONDAY.replace(hour=14)

    assert [window.end <= today for window in windows(hours, MONDAY, until=today)].count(False) == 0
    assert len(windows(hours, MONDAY, until=today)) < len(windows(hours, MONDAY))
