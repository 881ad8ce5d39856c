"""Before a promise breaks its resident is told once, in time, and the first promise stays what it was."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from callbacks import service as callbacks
from callbacks.results import Result
from callbacks.telephony.port import DialFailed
from core.clock import FixedClock
from core.events import read_events
from core.identity import Actor, Role
from core.jobs import JobView
from core.models import Job
from core.store import Store, Tx
from ensilinja.app import load_texts
from ensilinja.deadlines import sweeps
from ensilinja.notify.letters import Desk, to_contact
from ensilinja.notify.models import Notice
from ensilinja.reporting import kpis
from ensilinja.reporting.board import snapshot
from ensilinja.reporting.keeper import catch_up, facts_between, recount
from ensilinja.reporting.kpis import Terms
from ensilinja.reporting.numbers import Share
from queues import agents
from queues import service as queues
from router import breaking
from router.calling import change_time
from router.promising import Kind, PromiseView, open_promise, promises_of
from router.windows import windows
from tests.builders import MONDAY, a_store
from tests.mutants import second_promise as mutants
from tests.rooms import LINE, SERVICES, a_callback, a_nurse

HOURS = SERVICES.catalogue.line(LINE).hours
WINDOW = windows(HOURS, MONDAY)[0]
ALARM = WINDOW.end - timedelta(minutes=14)
LATE = ("sms.callback_late",)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def phone(n: int) -> str:
    return f"+35840222{n:04}"


def promised(tx: Tx, count: int, **more: Any) -> list[int]:
    """So many residents are promised a call in the same window."""
    found = []
    for n in range(count):
        contact = a_callback(tx, f"c{n}", **{"phone": phone(n), **more}).contact
        me = Actor(kind="resident", id=contact, roles=frozenset({Role.RESIDENT}))
        change_time(tx, contact, WINDOW.start, me, SERVICES)
        found.append(contact)
    return found


def turn(tx: Tx) -> None:
    """A second of the line, with everybody's browser alive."""
    agents.beat_all(tx, [shift.staff for shift in agents.on_shift(tx)])
    for sweep in sweeps():
        sweep(tx, SERVICES)


def first_of(tx: Tx, contact: int) -> PromiseView:
    """The promise that is open."""
    found = open_promise(tx, contact, Kind.CALLBACK)
    assert found is not None
    return found


def told(tx: Tx) -> list[int]:
    """The contacts that were told of a second time, by the events."""
    return [event.contact or 0 for event in read_events(tx) if event.type == "promise.second"]


def by_number(promises: list[PromiseView]) -> list[PromiseView]:
    """The promises in the order in which they were made."""
    return sorted(promises, key=lambda promise: promise.id)


def texts(tx: Tx) -> list[str]:
    """The keys of the texts of a second time that are to go out."""
    jobs = tx.all(select(Job).where(Job.kind == "sms"))  # type: ignore[arg-type]
    return [job.key for job in jobs if job.args["text"] in LATE]


async def near_the_end(
    store: Store, clock: FixedClock, count: int, nurses: int = 1, **more: Any
) -> list[int]:
    """So many are promised a call by the end of a window which is near."""
    contacts = await store.write(promised, count, **more)
    for n in range(nurses):
        await store.write(a_nurse, f"nurse{n}")
    clock.set(WINDOW.start)
    await store.write(turn)
    assert await store.read(told) == []
    clock.set(ALARM)
    await store.write(turn)
    return contacts


async def test_whom_the_line_does_not_reach_is_told_once(store: Store, clock: FixedClock) -> None:
    # One nurse begins a call now and one in ten minutes; the third would begin after the fourteen left.
    contacts = await near_the_end(store, clock, 3)

    assert await store.read(told) == contacts[2:]
    assert len(await store.read(texts)) == 1
    promise = await store.read(first_of, contacts[2])
    assert promise.due_at == WINDOW.end and promise.is_open
    assert promise.second is not None
    assert (promise.second.made_at, promise.second.due_at > WINDOW.end) == (ALARM, True)
    assert promise.second.start >= WINDOW.end  # what was promised first is not told as new
    assert (await store.read(first_of, contacts[1])).second is None


async def test_it_is_told_once_whoever_looks_and_however_often(database_url: str) -> None:
    clock = FixedClock(MONDAY)
    async with contextlib.AsyncExitStack() as processes:
        stores = [await processes.enter_async_context(a_store(database_url, clock))]
        if database_url.startswith("postgresql"):  # SQLite has one process
            stores.append(await processes.enter_async_context(a_store(database_url, clock)))
        await near_the_end(stores[0], clock, 3)
        await asyncio.gather(*(store.write(turn) for store in stores for _ in range(8)))
    async with a_store(database_url, clock) as again:  # the process was started anew
        for _ in range(3):
            clock.advance(timedelta(minutes=1))
            await again.write(turn)

        seconds = await again.read(told)
        assert len(seconds) >= 1 and len(seconds) == len(set(seconds))
        assert len(await again.read(texts)) == len(seconds)


async def test_the_place_in_the_line_stays(store: Store, clock: FixedClock) -> None:
    contacts = await store.write(promised, 3)
    clock.set(WINDOW.start)
    await store.write(turn)
    before = await store.read(queues.waiting, ["nurse"])
    clock.set(ALARM)
    await store.write(turn)

    assert len(await store.read(told)) == len(contacts)
    assert await store.read(queues.waiting, ["nurse"]) == before


async def test_enough_hands_keep_the_promise_and_nobody_is_told(store: Store, clock: FixedClock) -> None:
    await near_the_end(store, clock, 3, nurses=2)

    assert await store.read(told) == []


@pytest.mark.parametrize("why", ["landline", "wants none", "night"])
async def test_nobody_is_told_who_may_not_be(store: Store, clock: FixedClock, why: str) -> None:
    at_night = WINDOW.start.replace(hour=20)  # 22.00 in Helsinki
    more: dict[str, Any] = {
        "landline": {"phone": "+35836211234"},
        "wants none": {"safe_contact": {"sms": False}},
    }.get(why, {})
    await store.write(promised, 1, **more)
    if why == "night":
        await store.write(due_at, at_night + timedelta(minutes=10))
    clock.set(at_night if why == "night" else ALARM)
    await store.write(turn)

    assert (await store.read(told), await store.read(texts)) == ([], [])


def due_at(tx: Tx, instant: datetime) -> None:
    """As of a county that calls in the evening."""
    from router.models import Promise

    for row in tx.all(select(Promise).where(Promise.ended_at.is_(None))):  # type: ignore[union-attr]
        row.due_at = instant
    tx.session.flush()


def rings(tx: Tx, nurse: Actor, contact: int, at: datetime) -> None:
    """The nurse has the resident rung, who does not answer."""
    held = callbacks.take(tx, nurse, contact, "other", SERVICES).entry
    attempt = callbacks.dial(tx, nurse, contact, held.assignment, SERVICES)
    callbacks.hear(tx, "simulated", DialFailed(key=attempt.key, result=Result.NO_ANSWER, at=at), SERVICES)


@pytest.mark.parametrize(
    ("minutes", "first", "second"),
    [(10, 1, 1), (20, 0, 1), (60 * 24 * 2, 0, 0)],
    ids=["in time after all", "by the second", "by neither"],
)
async def test_each_is_kept_or_broken_by_its_own_due(
    store: Store, clock: FixedClock, minutes: int, first: int, second: int
) -> None:
    [contact] = await near_the_end(store, clock, 1, nurses=0)
    assert await store.read(told) == [contact]
    clock.set(ALARM + timedelta(minutes=minutes))
    nurse = await store.write(a_nurse, "late")
    await store.write(turn)
    await store.write(rings, nurse, contact, clock.now())
    while await store.write(catch_up):
        pass

    facts = await store.read(facts_between, MONDAY - timedelta(days=1), clock.now() + timedelta(days=1))
    period = kpis.Period(start=MONDAY, end=MONDAY + timedelta(days=5))
    terms = Terms(catalogue=SERVICES.catalogue, period=period, now=clock.now() + timedelta(days=2))
    kept = kpis.promise_kept(facts, terms)
    assert kept["callback"] == Share(n=1, count=first, percent=100.0 * first, left_out=1)
    assert kept["callback_second"] == Share(n=1, count=second, percent=100.0 * second)
    assert kpis.callback_in_promise(facts, terms).count == first
    assert await store.read(recount) == 0


async def test_the_resident_s_new_time_ends_both(store: Store, clock: FixedClock) -> None:
    [contact] = await near_the_end(store, clock, 1, nurses=0)
    me = Actor(kind="resident", id=contact, roles=frozenset({Role.RESIDENT}))
    other = windows(HOURS, clock.now())[-1]
    await store.write(change_time, contact, other.start, me, SERVICES)

    *_, ended, now = by_number(await store.read(promises_of, contact))
    assert (ended.second is not None, ended.is_open, now.second, now.due_at) == (True, False, None, other.end)
    assert len(await store.read(texts)) == 1


async def test_the_supervisor_sees_how_many(store: Store, clock: FixedClock) -> None:
    contacts = await near_the_end(store, clock, 3, nurses=0)
    assert (await store.read(snapshot, SERVICES.catalogue)).tiles.callbacks.second == len(contacts)

    clock.set(ALARM + timedelta(days=1))
    assert (await store.read(snapshot, SERVICES.catalogue)).tiles.callbacks.second == 0


async def test_the_text_says_the_new_time_while_it_is_true(store: Store, clock: FixedClock) -> None:
    [contact] = await near_the_end(store, clock, 1, nurses=0)
    desk = Desk(services=SERVICES, texts=load_texts(), home="https://e.fi")
    [key] = await store.read(texts)

    def letter(tx: Tx) -> str:
        job = JobView(id=1, key=key, kind="sms", args={"contact": contact, "text": LATE[0]}, attempt=1)
        notice = Notice(key=key, text=LATE[0], contact_id=contact, state="waiting", created_at=tx.now)
        found = to_contact(tx, job.args, notice, desk)
        return found.words if found else ""

    words = await store.write(letter)
    assert "Olemme myöhässä" in words and "klo 14.00-16.00" in words and "/s/" in words
    nurse = await store.write(a_nurse, "late")
    await store.write(rings, nurse, contact, clock.now())
    assert await store.write(letter) == ""


async def judged(database_url: str) -> list[str]:
    """What is wrong with the second promises of a window that is not kept."""
    clock, wrong = FixedClock(MONDAY), []
    async with a_store(database_url, clock) as store:
        [contact] = await near_the_end(store, clock, 1, nurses=0)
        clock.advance(timedelta(minutes=1))
        await store.write(turn)
        window = by_number(await store.read(promises_of, contact))[1]
        if await store.read(told) not in ([contact], []) or len(await store.read(texts)) > 1:
            wrong.append("told twice")
        if window.due_at != WINDOW.end or not window.is_open:
            wrong.append("the first has moved or is gone")
    return wrong


async def test_nothing_is_wrong(database_url: str) -> None:
    assert await judged(database_url) == []


@pytest.mark.parametrize("mutant", mutants.ALL, ids=lambda mutant: mutant.__name__)
async def test_a_wrong_program_is_seen(mutant: Any, tmp_path: Path) -> None:
    with mutant():
        assert await judged(f"sqlite:///{tmp_path}/wrong.db") != []


def test_the_look_is_by_the_index_of_open_promises() -> None:
    asked = str(breaking.SOON)

    assert "kept_at IS NULL" in asked and "ended_at IS NULL" in asked


def test_those_no_text_may_reach_keep_nobody_from_it() -> None:
    many = list(range(3 * breaking.MOST + 1))
    seen = {one for second in range(4) for one in breaking.in_turn(many, MONDAY + timedelta(seconds=second))}

    assert seen == set(many)
    assert breaking.in_turn(many[:5], MONDAY) == many[:5]
