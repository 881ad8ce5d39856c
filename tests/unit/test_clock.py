"""The service's time: never back, never a leap, and in the end what the followed clock says."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.clock import CATCH_UP, FAR, SystemClock

START = 1_700_000_000.0
STEPS = st.lists(st.tuples(st.floats(0, 30), st.floats(-3600, 3600)), min_size=1, max_size=20)


class Machine:
    """A machine's two clocks in the test's hand."""

    def __init__(self) -> None:
        self.wall, self.seconds = START, 100.0
        self.clock = SystemClock(lambda: self.wall, lambda: self.seconds)

    def runs(self, seconds: float) -> None:
        self.wall += seconds
        self.seconds += seconds


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_follows_a_clock_that_is_in_order() -> None:
    machine = Machine()
    machine.runs(10)

    assert machine.clock.now() == at(START + 10)
    assert machine.clock.behind == 0


@given(STEPS)
def test_time_never_goes_back_and_never_leaps(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    before = machine.clock.now()
    for elapsed, jump in steps:
        farthest = before.timestamp() + FAR - 1, before.timestamp() - FAR + 1
        machine.wall = max(min(machine.wall + jump, farthest[0]), farthest[1])
        machine.runs(elapsed)
        now = machine.clock.now()
        moved = (now - before).total_seconds()

        assert elapsed * (1 - CATCH_UP) - 1e-5 <= moved <= elapsed * (1 + CATCH_UP) + 1e-5
        before = now


def test_catches_up_with_a_clock_that_was_set() -> None:
    machine = Machine()
    machine.wall -= 5
    for _ in range(19):
        machine.runs(1)
        machine.clock.now()
    still = machine.clock.behind
    machine.runs(1)

    assert round(still, 3) == -0.25
    assert machine.clock.now() == at(START + 15)


def test_takes_at_once_what_is_too_far_to_have_been_set() -> None:
    machine = Machine()
    machine.wall += 86_400
    machine.runs(1)

    assert machine.clock.now() == at(START + 86_401)


def test_follows_the_database_at_once_and_later_without_a_leap() -> None:
    machine = Machine()
    machine.clock.follow(at(START + 30), machine.seconds)
    first = machine.clock.now()
    machine.clock.follow(at(START + 60), machine.seconds)

    assert first == at(START + 30)
    assert machine.clock.now() - first < timedelta(seconds=1)
    assert round(machine.clock.behind, 3) == 30


def test_goes_on_from_what_was_written_down() -> None:
    machine = Machine()
    machine.clock.not_before(at(START + 5))
    machine.clock.not_before(at(START + 2 * FAR))

    assert machine.clock.now() == at(START + 5)
    assert machine.clock.behind < 0
