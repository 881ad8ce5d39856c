"""Times of calls follow who is expected at work, on both databases; two who want the last place do not both
get it.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import FixedClock
from core.identity import Actor, Role
from core.store import Store, Tx
from queues import service as queues
from queues.models import Shift
from queues.staffing import back
from router import calling
from router.calling import change_time
from router.capacity import room
from router.errors import WindowFull
from router.promising import Kind, open_promise
from router.services import Services
from router.windows import Window, windows
from tests.builders import MONDAY, a_store
from tests.lines import a_professional
from tests.rooms import LINE, SERVICES, a_callback, a_nurse

HOURS = SERVICES.catalogue.line(LINE).hours
NOON, AFTERNOON, *LATER = windows(HOURS, MONDAY)
DAY = Window(start=NOON.start, end=AFTERNOON.end)
QUEUE = SERVICES.catalogue.line(LINE).queue
ROOM = room(NOON.end - NOON.start, SERVICES.catalogue.queue(QUEUE).floor_share, 10)
MANY = replace(
    SERVICES,
    catalogue=replace(SERVICES.catalogue, limits=replace(SERVICES.catalogue.limits, window_calls=99)),
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def worked(tx: Tx, window: Window, weeks: int = 4, name: str = "before", queue: str = QUEUE) -> None:
    """A nurse who is not at work now was at work at that time of the weeks before."""
    from queues import agents

    staff = a_professional(tx, name)
    agents.set_queues(tx, staff, queue.split())
    for week in range(1, weeks + 1):
        start, end = back(window.start, week), back(window.end, week)
        times = {
            "started_at": start,
            "state_since": start,
            "idle_since": start,
            "lease_until": end,
            "ended_at": end,
        }
        tx.add(Shift(staff_id=staff, state="ready", chat_capacity=3, languages=["fi"], **times))


def asks(tx: Tx, n: int) -> int:
    """One more resident is promised a call as soon as possible."""
    return a_callback(tx, f"c{n}", phone=f"+35840222{n:04}").contact


def me(contact: int) -> Actor:
    return Actor(kind="resident", id=contact, roles=frozenset({Role.RESIDENT}))


def take(tx: Tx, n: int, window: Window, services: Services = MANY) -> int:
    """One more resident who takes that time."""
    contact = asks(tx, n)
    change_time(tx, contact, window.start, me(contact), services)
    return contact


def times(tx: Tx, contact: int, services: Services = MANY) -> list[Window]:
    return calling.times(tx, queues.entry_of(tx, contact), services)


async def test_only_times_with_somebody_expected_are_offered(store: Store) -> None:
    await store.write(worked, NOON)
    contact = await store.write(asks, 0)

    found = await store.read(times, contact)
    assert NOON in found and AFTERNOON not in found
    assert {window.start.date() for window in found if window != NOON} == {
        window.start.date() for window in LATER if window.start.date() != MONDAY.date()
    }  # of the other days nothing is known: the setting alone holds


async def test_a_time_takes_what_those_expected_can_make(store: Store) -> None:
    await store.write(worked, NOON)
    for n in range(ROOM):
        await store.write(take, n, NOON)
    contact = await store.write(asks, 99)

    assert ROOM == 7
    assert NOON not in await store.read(times, contact)
    with pytest.raises(WindowFull):
        await store.write(change_time, contact, NOON.start, me(contact), MANY)


async def test_who_serves_two_queues_is_half_of_each(store: Store) -> None:
    await store.write(worked, NOON, queue=f"{QUEUE} dental")
    for n in range(room((NOON.end - NOON.start) / 2, 0.6, 10)):
        await store.write(take, n, NOON)

    assert NOON not in await store.read(times, await store.write(asks, 99))


async def test_the_setting_is_the_most_whatever_is_expected(store: Store) -> None:
    for n in range(4):
        await store.write(worked, NOON, name=f"nurse{n}")
    for n in range(SERVICES.catalogue.limits.window_calls):
        await store.write(take, n, NOON)
    contact = await store.write(asks, 99)

    assert NOON not in await store.read(times, contact, SERVICES)
    assert NOON in await store.read(times, contact, MANY)


async def test_what_is_near_follows_who_is_signed_in(store: Store, clock: FixedClock) -> None:
    await store.write(worked, NOON)
    clock.set(NOON.start - timedelta(minutes=40))
    contact = await store.write(asks, 0)
    assert NOON not in await store.read(times, contact)

    await store.write(a_nurse)
    assert NOON in await store.read(times, contact)


async def test_what_is_promised_anyhow_takes_room(store: Store) -> None:
    await store.write(worked, DAY)
    free = 2 * ROOM
    for n in range(free - 1):
        await store.write(asks, n)
    contact = await store.write(asks, 99)
    assert AFTERNOON in await store.read(times, contact)

    await store.write(asks, 100)
    assert AFTERNOON not in await store.read(times, contact)


async def test_the_last_place_goes_to_one_of_two(store: Store) -> None:
    await store.write(worked, DAY)
    for n in range(ROOM - 1):
        await store.write(take, n, NOON)
    both = [await store.write(asks, n) for n in (50, 51)]
    before = {contact: await store.read(due_of, contact) for contact in both}

    results = await asyncio.gather(
        *(store.write(change_time, contact, NOON.start, me(contact), MANY) for contact in both),
        return_exceptions=True,
    )
    [full] = [
        contact for contact, result in zip(both, results, strict=True) if isinstance(result, WindowFull)
    ]
    [got] = {*both} - {full}

    assert await store.read(due_of, got) == NOON.end
    assert await store.read(due_of, full) == before[full]  # what she was promised before stands
    left = await store.read(times, full)
    assert left and NOON not in left
    assert await store.write(change_time, full, left[0].start, me(full), MANY) is not None


def due_of(tx: Tx, contact: int) -> datetime | None:
    promise = open_promise(tx, contact, Kind.CALLBACK)
    return promise.due_at if promise else None


async def test_one_s_own_call_takes_no_room_from_oneself(store: Store) -> None:
    await store.write(worked, NOON)
    contacts = [await store.write(take, n, NOON) for n in range(ROOM)]

    assert NOON in await store.read(times, contacts[0])
