"""Which times can still be promised: what is promised already is kept, by those expected at work."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues.staffing import Stint, back, usual
from router.capacity import NO_BOUND, Promised, Slot, job_of, kept, late, room
from router.windows import Window
from tests.builders import MONDAY

HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return MONDAY + hours * HOUR


def day(*rooms: int) -> list[Slot]:
    """Slots of two hours, with room for so many calls."""
    return [
        Slot(window=Window(start=at(2 * n), end=at(2 * n + 2)), room=free) for n, free in enumerate(rooms)
    ]


def window_of(n: int) -> Promised:
    """A call of the n-th slot."""
    return Promised(ready_at=at(2 * n), due_at=at(2 * n + 2))


def hold(slots: int) -> Promised:
    """A call as soon as possible, due when so many slots are over."""
    return Promised(ready_at=at(0), due_at=at(2 * slots))


def offered(slots: list[Slot], *promised: Promised) -> list[int]:
    """The numbers of the slots in which one more is promised."""
    found = kept(slots, promised, [slot.window for slot in slots])
    return [n for n, slot in enumerate(slots) if slot.window in found]


def test_a_full_time_is_not_offered() -> None:
    assert offered(day(2, 2, 2), window_of(1), window_of(1)) == [0, 2]


def test_nobody_expected_no_time() -> None:
    assert offered(day(0, 1, 0)) == [1]


def test_holds_take_the_room_they_need_and_no_more() -> None:
    # Four by the end of the day, of six that can be made: two more, in any of the times.
    assert offered(day(2, 2, 2), *[hold(3)] * 4) == [0, 1, 2]
    assert offered(day(2, 2, 2), *[hold(3)] * 6) == []
    assert offered(day(2, 2, 2), *[hold(1)] * 2) == [1, 2]


def test_what_is_late_anyhow_is_still_work() -> None:
    overdue = Promised(ready_at=at(0), due_at=at(-1))

    assert offered(day(1, 1, 1), overdue, overdue) == [2]


def test_where_nothing_is_known_there_is_no_bound() -> None:
    assert room(None, 0.6, 10) == NO_BOUND
    assert offered(day(NO_BOUND, 1), *[window_of(0)] * 500) == [0, 1]


@pytest.mark.parametrize(("hours", "calls"), [(0, 0), (2, 7), (20, 72), (0.2, 0)])
def test_room_is_the_floor_s_share_of_their_time(hours: float, calls: int) -> None:
    assert room(hours * HOUR, 0.6, 10) == calls


def test_what_comes_after_the_last_slot_takes_no_room() -> None:
    assert job_of(day(1), Promised(ready_at=at(9), due_at=at(11))) is None


JOBS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted), max_size=25)


@given(st.lists(st.integers(0, 6), min_size=5, max_size=5), JOBS)
def test_an_offered_time_makes_nothing_late(rooms: list[int], jobs: list[list[int]]) -> None:
    slots = day(*rooms)
    promised = [Promised(ready_at=at(2 * first), due_at=at(2 * last + 2)) for first, last in jobs]
    before = [job_of(slots, one) for one in promised]
    for n in offered(slots, *promised):
        both = [*before, (n, n)]

        assert late(slots, count(both)) == late(slots, count(before))
        assert brute(rooms, both) <= brute(rooms, before)


def count(jobs: list[tuple[int, int] | None]) -> Counter[tuple[int, int]]:
    return Counter(job for job in jobs if job is not None)


def brute(rooms: list[int], jobs: list[tuple[int, int] | None]) -> int:
    """Late ones when at each place of each slot the work due first is done; written out place by place."""
    left, wrong = sorted(job for job in jobs if job is not None), 0
    for n, free in enumerate(rooms):
        for _ in range(free):
            ready = [job for job in left if job[1] <= n]
            if ready:
                left.remove(ready[0])
                wrong += ready[0][0] < n
    return wrong + len(left)


def stint(week: int, start: float, end: float, part: float = 1.0) -> Stint:
    return Stint(back(at(start), week), back(at(end), week), part)


def test_the_same_clock_time_of_the_weeks_before() -> None:
    stints = [stint(1, -2, 6), stint(1, -2, 1), stint(2, -2, 6), stint(3, 4, 6, 0.5)]

    # Two hours and one; two; a day at work without any of these hours; in the fourth week nobody worked.
    assert usual(stints, at(0), at(2)) == timedelta(hours=(3 + 2 + 0) / 3)
    assert usual([], at(0), at(2)) is None


def test_the_clock_s_change_moves_no_shift() -> None:
    after = datetime.fromisoformat("2026-10-26T08:00:00+02:00")

    assert back(after, 1) == datetime.fromisoformat("2026-10-19T08:00:00+03:00")
