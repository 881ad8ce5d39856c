"""Who is taken in under more load than can be carried."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensilinja.admission import (
    AHEAD,
    CALM_FOR,
    FEWEST,
    MOST,
    Admission,
    Load,
    admission,
    room,
    takes_calls,
    takes_residents,
)

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
HEAVY, CALM, BETWEEN = Load(filled=1.0), Load(filled=0.0), Load(filled=0.125)
loads = st.builds(Load, filled=st.floats(0, 1), commit_s=st.floats(0, 10), late_s=st.floats(0, 10))


def after(*steps: tuple[Load, float], before: Admission | None = None) -> Admission:
    now = before or Admission()
    for load, monotonic in steps:
        now = admission(now, load, NOW, monotonic)
    return now


def test_full_queue_sheds_at_once() -> None:
    assert after((HEAVY, 0.0)).is_shedding
    assert not after((BETWEEN, 0.0)).is_shedding


@pytest.mark.parametrize("late", [Load(filled=0, commit_s=1.1), Load(filled=0, late_s=1.1)])
def test_being_late_sheds_only_when_it_lasts(late: Load) -> None:
    assert not after((late, 0.0), (late, 1.9)).is_shedding
    assert after((late, 0.0), (late, 1.0), (late, 2.0)).is_shedding
    assert not after((late, 0.0), (CALM, 1.0), (late, 2.0), (late, 3.9)).is_shedding


def test_shedding_ends_after_a_while_of_calm() -> None:
    assert after((HEAVY, 0.0), (CALM, 0.1), (CALM, 2.0)).is_shedding
    assert not after((HEAVY, 0.0), (CALM, 0.1), (CALM, 2.2)).is_shedding


def test_calm_is_counted_anew_after_every_rise() -> None:
    assert after((HEAVY, 0.0), (CALM, 0.1), (BETWEEN, 1.0), (CALM, 2.2), (CALM, 4.1)).is_shedding
    assert not after((HEAVY, 0.0), (CALM, 0.1), (BETWEEN, 1.0), (CALM, 2.2), (CALM, 4.3)).is_shedding


def test_since_is_when_it_began() -> None:
    began = after((HEAVY, 0.0))
    later = admission(began, HEAVY, NOW.replace(hour=9), 3600.0)

    assert later.since == NOW


@given(st.lists(loads, min_size=1, max_size=30))
def test_state_follows_the_load_and_never_flutters(steps: list[Load]) -> None:
    now, ends = Admission(), 0
    for tick, load in enumerate(steps):
        was = now.is_shedding
        now = admission(now, load, NOW, tick / 10)
        assert now.is_shedding or not load.is_full
        ends += was and not now.is_shedding
    assert ends <= len(steps) / 10 / CALM_FOR + 1


def test_calls_are_taken_longer_than_chats_and_the_staff_always_has_room() -> None:
    assert takes_calls(0.5) and not takes_calls(0.75)
    assert takes_residents(0.75) and not takes_residents(0.99)


def test_so_many_may_wait_as_are_done_in_time() -> None:
    may_wait = MOST
    for _ in range(12):  # 250 a second
        may_wait = room(100, 0.4, may_wait)

    assert abs(may_wait - 250 * AHEAD) < 2
    assert room(64, 60.0, FEWEST) == FEWEST
    assert room(400, 0.01, MOST) == MOST
