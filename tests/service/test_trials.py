"""Trial calls: a line that does not answer is told, by nothing that a restart or a slow moment can do."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from callbacks import trials
from callbacks.models import Call, Trial
from callbacks.telephony.port import TrialArrived
from callbacks.telephony.simulated import LineBehaviour, SimulatedTelephony
from core.clock import FixedClock
from core.models import Event
from core.store import Tx
from ensilinja import calls
from ensilinja.reporting import board
from ensilinja.runtime import Runtime
from router.models import Contact
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.rooms import LINE

EVERY = 5 * 60
WEBHOOK = {"telephony": "webhook", "telephony_url": "http://127.0.0.1:1/", "telephony_secret": "s" * 32}
AFTER_A_MISS = (trials.HEARD_WITHIN + trials.AGAIN).total_seconds()


class House:
    """A service with a simulated exchange, whose time is the test's."""

    def __init__(self, runtime: Runtime, clock: FixedClock) -> None:
        self.runtime, self.clock = runtime, clock

    @property
    def exchange(self) -> SimulatedTelephony:
        assert isinstance(self.runtime.telephony, SimulatedTelephony)
        return self.runtime.telephony

    async def passes(self, seconds: float) -> None:
        """Time passes, with a turn in each second."""
        for _ in range(round(seconds)):
            self.clock.advance(1)
            await calls.try_lines(self.runtime)

    async def alarms(self) -> list[tuple[str, int | None]]:
        shown = await self.runtime.store.read(board.snapshot, self.runtime.services.catalogue)
        return [(alarm.kind, alarm.n) for alarm in shown.alarms]

    async def trial(self) -> Trial:
        return await self.runtime.store.read(lambda tx: tx.get(Trial, LINE)) or Trial()


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock, database_url=database_url) as runtime:
        await runtime.telephony.start(calls.listener(runtime))
        yield House(runtime, clock)


def rows(tx: Tx) -> list[int]:
    return [tx.scalar(select(func.count()).select_from(table)) for table in (Call, Contact, Event)]


async def test_lines_that_answer_are_rung_at_each_interval_and_leave_no_trace(house: House) -> None:
    await house.passes(2)
    first = await house.trial()
    await house.passes(EVERY)
    second = await house.trial()

    assert (first.key, second.key) == (None, None)
    assert second.began_at - first.began_at == timedelta(seconds=EVERY)
    assert await house.runtime.store.read(rows) == [0, 0, 0]
    assert await house.alarms() == []


async def test_line_that_does_not_answer_alarms_after_three_tries_until_it_does(house: House) -> None:
    house.exchange.lines[LINE] = LineBehaviour.DEAD
    await house.passes(2 * AFTER_A_MISS)
    before = await house.alarms()
    await house.passes(AFTER_A_MISS)
    during = await house.alarms()
    house.exchange.lines[LINE] = LineBehaviour.ANSWERS
    await house.passes(AFTER_A_MISS)

    assert before == []
    assert during == [("line_silent", trials.MISSES)]
    assert await house.alarms() == []


async def test_greeting_that_comes_too_late_is_a_miss(house: House) -> None:
    house.exchange.lines[LINE] = LineBehaviour.SLOW
    await house.passes(2)
    key = (await house.trial()).key or ""
    await house.passes(trials.HEARD_WITHIN.total_seconds())
    await house.exchange.hear_line(key)
    late = await house.trial()

    assert late.misses == 1


async def test_greeting_that_comes_slowly_but_in_time_is_none(house: House) -> None:
    house.exchange.lines[LINE] = LineBehaviour.SLOW
    await house.passes(trials.HEARD_WITHIN.total_seconds() - 1)
    await house.exchange.hear_line((await house.trial()).key or "")
    heard = await house.trial()

    assert (heard.key, heard.misses) == (None, 0)


async def test_standstill_of_the_service_is_no_silence_of_the_lines(house: House) -> None:
    await house.passes(EVERY + 1)
    house.clock.advance(3600)
    stopped = await house.alarms()
    await house.passes(2)

    assert stopped == []
    assert (await house.trial()).misses == 0


async def test_restart_in_the_middle_of_a_call_is_one_miss(house: House) -> None:
    house.exchange.lines[LINE] = LineBehaviour.SLOW
    await house.passes(2)
    house.clock.advance(3600)
    house.exchange.lines.clear()
    await house.passes(1)
    missed = (await house.trial()).misses
    await house.passes(AFTER_A_MISS)

    assert (missed, (await house.trial()).misses) == (1, 0)
    assert await house.alarms() == []


async def test_alarm_outlives_a_restart(house: House) -> None:
    house.exchange.lines[LINE] = LineBehaviour.DEAD
    await house.passes(3 * AFTER_A_MISS)
    house.clock.advance(3600)
    await house.passes(2)

    assert await house.alarms() == [("line_silent", trials.MISSES)]


async def test_lines_that_nobody_can_ring_are_silent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimulatedTelephony, "is_linked", False)
    await house.passes(3 * AFTER_A_MISS)

    assert len(await house.alarms()) == len(house.runtime.services.catalogue.lines)


async def test_call_is_given_out_once(house: House) -> None:
    store, services = house.runtime.store, house.runtime.services

    def twice(tx: Tx) -> list[int]:
        every = timedelta(minutes=5)
        return [len(trials.turn(tx, services, every=every, places=True)) for _ in range(2)]

    assert await store.write(twice) == [len(services.catalogue.lines), 0]


async def test_call_that_came_to_another_line_is_not_greeted(house: House) -> None:
    house.exchange.lines[LINE] = LineBehaviour.SLOW
    await house.passes(2)
    key = (await house.trial()).key or ""
    wrong = TrialArrived(key=key, line="dental", at=house.clock.now())
    unknown = TrialArrived(key="k", line=LINE, at=house.clock.now())
    tell = calls.listener(house.runtime)

    assert (await tell(wrong), await tell(unknown)) == (None, None)


@pytest.mark.parametrize("settings", [{"telephony_trial_minutes": 0}, WEBHOOK], ids=["off", "cannot"])
async def test_no_line_is_rung_when_it_is_off_or_the_exchange_cannot(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock, **settings) as runtime:
        house = House(runtime, clock)
        await house.passes(3 * AFTER_A_MISS)

        assert await runtime.store.read(lambda tx: tx.all(select(Trial))) == []
        assert await house.alarms() == []


async def test_alarm_ends_when_trial_calls_are_switched_off(house: House) -> None:
    house.exchange.lines[LINE] = LineBehaviour.DEAD
    await house.passes(3 * AFTER_A_MISS)
    house.clock.advance(trials.STALE.total_seconds() + AFTER_A_MISS)

    assert await house.alarms() == []
