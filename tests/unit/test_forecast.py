"""The line's forecast: nobody begins before those ahead, more hands never make it later."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.hours import ALWAYS_OPEN, is_open
from queues.forecast import Hand, Work, begins
from queues.line import Agent, Rank, Settings
from router.promises import second_range
from tests.builders import MONDAY
from tests.rooms import SERVICES

SETTINGS = Settings()
WORK = timedelta(minutes=SETTINGS.work_minutes)
HOURS = [line.hours for line in SERVICES.catalogue.lines]
MINUTES = st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes))


def hand(number: int, queues: str = "a", *, load: int = 0, is_away: bool = False) -> Hand:
    agent = Agent(number, frozenset(queues.split()), frozenset(), 3, MONDAY, load)
    return Hand(agent=agent, is_away=is_away)


def work(number: int, queue: str = "a", due: int = 60, ready: int = 0) -> Work:
    due_at, ready_at = MONDAY + timedelta(minutes=due), MONDAY + timedelta(minutes=ready)
    return Work(contact=number, queue=queue, rank=Rank(2, due_at, MONDAY, number), ready_at=ready_at)


def at(minutes: float) -> object:
    return MONDAY + timedelta(minutes=minutes)


def test_one_after_another() -> None:
    found = begins([work(1), work(2, due=50), work(3)], [hand(1)], (), MONDAY, SETTINGS)

    assert found == {2: at(0), 1: at(10), 3: at(20)}


def test_hands_that_are_full_are_free_later_and_those_away_last() -> None:
    hands = [hand(1, load=1), hand(2, is_away=True)]

    assert begins([work(1), work(2)], hands, (), MONDAY, SETTINGS) == {1: at(5), 2: at(10)}


def test_only_who_serves_the_queue_counts() -> None:
    found = begins([work(1, "b"), work(2, "c")], [hand(1), hand(2, "b a")], (), MONDAY, SETTINGS)

    assert found == {1: at(0), 2: None}


def test_while_somebody_waits_live_not_all_call() -> None:
    line, hands = [work(1), work(2), work(3)], [hand(1), hand(2), hand(3)]

    assert begins(line, hands, {"a"}, MONDAY, SETTINGS) == {1: at(0), 2: at(10), 3: at(20)}
    assert begins(line, hands, {"b"}, MONDAY, SETTINGS) == {1: at(0), 2: at(0), 3: at(0)}


def test_what_is_put_off_keeps_nobody_waiting() -> None:
    found = begins([work(1, due=10, ready=8), work(2, due=20)], [hand(1)], (), MONDAY, SETTINGS)

    assert found == {2: at(0), 1: at(10)}


@given(
    st.lists(st.tuples(st.integers(1, 120), st.sampled_from("ab")), max_size=20),
    st.lists(st.tuples(st.sampled_from(["a", "b", "a b"]), st.integers(0, 1), st.booleans()), max_size=6),
)
def test_more_work_and_fewer_hands_are_never_earlier(dues, people) -> None:  # type: ignore[no-untyped-def]
    line = [work(number, queue, due) for number, (due, queue) in enumerate(dues)]
    hands = [hand(n, queues, load=load, is_away=away) for n, (queues, load, away) in enumerate(people)]
    found = begins(line, hands, (), MONDAY, SETTINGS)

    assert found.keys() == {one.contact for one in line}
    assert all(begin is None or begin >= MONDAY for begin in found.values())
    for queue in "ab":
        able = sum(queue in one.agent.queues for one in hands)
        times = [found[one.contact] for one in sorted(line, key=lambda one: one.rank) if one.queue == queue]
        assert all((time is None) == (able == 0) for time in times)
        if able:
            assert times == sorted(times, key=str)  # nobody overtakes within a queue


@given(st.sampled_from([*HOURS, ALWAYS_OPEN]), MINUTES, st.none() | MINUTES, MINUTES)
def test_the_second_time_is_ahead_within_the_hours_and_not_before_the_forecast(
    hours, ago, wait, left
) -> None:  # type: ignore[no-untyped-def]
    now = MONDAY + ago
    due_at = now + left
    begin = None if wait is None else now + wait
    told = second_range(now, begin, due_at, hours)

    if begin is None or begin > due_at:
        assert told is not None
    if told is not None:
        assert due_at <= told.start < told.end
        assert is_open(hours, told.end - timedelta(seconds=1))
        assert begin is None or told.end > begin


def test_no_hours_no_second_time() -> None:
    from core.hours import Hours

    never = Hours(week=((),) * 7, exceptions={}, holidays=frozenset())

    assert second_range(MONDAY, None, MONDAY, never) is None
