"""The door as it stands on both databases: likely waits, full queues, and an estimate that did not hold."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import FixedClock
from core.store import Store, Tx
from ensilinja.pages.landing import is_long, state_of
from ensilinja.pages.views import OpenState
from queues import service as queues
from router.doorway import doorway
from router.estimating import newest_estimate, retell, wait_ended
from router.places import Place, places
from router.stops import Stop
from tests.builders import MONDAY, a_store
from tests.rooms import SERVICES, a_chat, a_nurse

DOOR = SERVICES.catalogue.doors[0]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


async def ten_waited(store: Store, clock: FixedClock, minutes: float) -> None:
    """Ten residents came and were answered so many minutes later."""

    def come(tx: Tx) -> list[int]:
        return [a_chat(tx, f"early{n}").contact for n in range(10)]

    def answered(tx: Tx, contacts: list[int]) -> None:
        for contact in contacts:
            wait_ended(tx, contact)
            queues.end_elsewhere(tx, contact, "system")

    contacts = await store.write(come)
    clock.advance(timedelta(minutes=minutes))
    await store.write(answered, contacts)


async def test_nothing_is_told_of_a_wait_that_too_few_support(store: Store) -> None:
    stands = await store.read(doorway, DOOR, SERVICES)
    assert (stands.wait, dict(stands.stops)) == (None, {})
    assert state_of(DOOR, stands, MONDAY) is OpenState.OPEN


async def test_the_likely_wait_is_a_range_and_a_long_one_is_said(store: Store, clock: FixedClock) -> None:
    await ten_waited(store, clock, 20)
    short = await store.read(doorway, DOOR, SERVICES)
    assert short.wait is not None
    assert not is_long(short.wait)
    for n in range(12):
        await store.write(a_chat, f"more{n}")
    stands = await store.read(doorway, DOOR, SERVICES)

    assert is_long(stands.wait)
    assert state_of(DOOR, stands, clock.now()) is OpenState.BUSY


async def test_a_line_that_lasts_over_the_day_stops_its_queue_alone(store: Store, clock: FixedClock) -> None:
    catalogue = SERVICES.catalogue
    slow = tuple(replace(queue, contact_minutes=60) for queue in catalogue.queues)
    services = replace(SERVICES, catalogue=replace(catalogue, queues=slow))

    def fill(tx: Tx) -> None:
        a_nurse(tx)
        for n in range(4):
            a_chat(tx, f"c{n}")

    await store.write(fill)
    assert dict((await store.read(doorway, DOOR, services)).stops) == {"nurse": Stop.FORECAST}
    assert dict((await store.read(doorway, DOOR, SERVICES)).stops) == {}


async def test_whoever_waits_longer_than_told_is_told_anew(store: Store, clock: FixedClock) -> None:
    await ten_waited(store, clock, 2)
    contact = (await store.write(a_chat)).contact
    told = await store.read(newest_estimate, contact)
    assert told is not None
    assert told.ranged
    assert await store.write(retell, [contact], SERVICES) == 0
    clock.advance(timedelta(minutes=20))

    def place(tx: Tx) -> Place:
        return places(tx, [contact], SERVICES)[contact]

    assert (await store.read(place)).is_overrun
    assert await store.write(retell, [contact], SERVICES) == 1
    after = await store.read(place)
    assert (after.slower, after.is_overrun) == (True, False)
    assert await store.write(retell, [contact], SERVICES) == 0


async def test_a_line_with_nobody_at_work_says_so_until_somebody_comes(store: Store) -> None:
    contact = (await store.write(a_chat)).contact

    def line(tx: Tx) -> str:
        return places(tx, [contact], SERVICES)[contact].line

    assert await store.read(line) == "unattended"
    await store.write(a_nurse)
    assert await store.read(line) == "open"
