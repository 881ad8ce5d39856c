from datetime import UTC, datetime, timedelta

import pytest

from router.estimates import Estimate, Waited, ended_inside, estimate, nearest_rank, overrun

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def waits(*minutes: float, ahead: int = 3, ago: float = 5) -> list[Waited]:
    ended = NOW - ago * MINUTE
    return [Waited(ended_at=ended, waited=value * MINUTE, ahead_count=ahead) for value in minutes]


def told(values: list[Waited], ahead: int = 3) -> tuple[int, int | None] | None:
    found = estimate(values, ahead_count=ahead, now=NOW)
    return None if found is None else (found.low_minutes, found.high_minutes)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(0.2, (1, 3)), (3, (1, 3)), (3.1, (2, 6)), (6, (2, 6)), (7, (4, 8)), (8.5, (8, 15)), (16, (15, 30)),
     (45, (30, 60)), (60, (30, 60)), (61, (60, None)), (500, (60, None))],
)  # fmt: skip
def test_the_range_is_the_smallest_that_holds_the_upper_end(
    minutes: float, expected: tuple[int, int | None]
) -> None:
    assert told(waits(*[minutes] * 10)) == expected


def test_fewer_than_ten_waits_or_old_ones_tell_nothing() -> None:
    assert told(waits(*[5] * 9)) is None
    assert told(waits(*[5] * 9) + waits(*[5] * 9, ago=31)) is None
    assert told(waits(*[5] * 10, ago=30)) == (2, 6)
    assert told(waits(*[5] * 10, ago=-1)) is None
    assert told([]) is None


def test_the_upper_end_is_the_nearest_rank_p90() -> None:
    assert told(waits(*[2] * 9, 40)) == (1, 3)
    assert told(waits(*[2] * 8, 40, 40)) == (30, 60)
    assert nearest_rank([5, 1, 4, 2, 3], 50) == 3
    assert nearest_rank([7], 1) == nearest_rank([7], 100) == 7
    with pytest.raises(ValueError, match="no values"):
        nearest_rank([], 90)


def test_a_place_further_back_is_told_more_and_further_ahead_less() -> None:
    lately = waits(*[8] * 12)
    assert [told(lately, ahead) for ahead in (0, 3, 7, 40)] == [(1, 3), (4, 8), (15, 30), (60, None)]


def test_what_stands_behind_an_estimate_is_kept() -> None:
    found = estimate(waits(*[5] * 14), ahead_count=3, now=NOW)
    assert found == Estimate(low_minutes=2, high_minutes=6, support_count=14)


def test_calibration_asks_whether_the_wait_ended_inside_the_range() -> None:
    four_to_eight = Estimate(low_minutes=4, high_minutes=8, support_count=10)
    assert [ended_inside(four_to_eight, value * MINUTE) for value in (3.9, 4, 8, 8.1)] == [
        False,
        True,
        True,
        False,
    ]
    assert [overrun(four_to_eight, value * MINUTE) for value in (3, 8, 8.1)] == [False, False, True]
    over_an_hour = Estimate(low_minutes=60, high_minutes=None, support_count=10)
    assert ended_inside(over_an_hour, 300 * MINUTE) and not overrun(over_an_hour, 300 * MINUTE)
