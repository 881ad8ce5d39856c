"""A row broken by hand is found, told twice two seconds apart, and gone when it is right again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from core.access import log_access
from core.clock import FixedClock
from core.models import AccessLog, Event, Job
from core.store import Store, Tx
from ensilinja import metrics, selfcheck
from ensilinja.selfcheck import Selfcheck
from queues import agents, dispatch, service
from queues.models import ENTRY, SHIFT
from router.models import Contact
from router.promising import Kind, keep_promise
from tests.builders import MONDAY, a_store, create_tables
from tests.lines import queue_up
from tests.rooms import SERVICES, a_callback, a_chat, a_nurse

COUNTY = SERVICES.catalogue
Break = Callable[[Tx], Any]


def a_busy_line(tx: Tx) -> None:
    """A callback and chats: offered, held, and one that waits."""
    nurse = a_nurse(tx)
    a_callback(tx, "call")
    chats = [a_chat(tx, f"chat{number}") for number in range(4)]
    for offer in dispatch.dispatch(tx, COUNTY):
        log_access(tx, nurse, contact=offer.contact, action="offer.accept")
        log_access(tx, nurse, contact=offer.contact, action="contact.open")
    assert len(chats) == 4
    for name in ("nurse2", "nurse3"):
        a_nurse(tx, name)
    for offer in dispatch.dispatch(tx, COUNTY):
        service.hold(tx, offer.id, offer.agent or 0, offer.assignment)
    a_chat(tx, "last")


def set_entry(before: str, **values: Any) -> Break:
    """Changes the first entry of this state behind the program's back."""

    def broken(tx: Tx) -> int:
        number = tx.scalar(select(ENTRY.c.id).where(ENTRY.c.state == before).order_by(ENTRY.c.id))
        assert number is not None
        return tx.execute(update(ENTRY).where(ENTRY.c.id == number).values(**values))

    return broken


def overload(tx: Tx) -> None:
    nurse = a_nurse(tx, "busy")
    tx.execute(update(SHIFT).where(SHIFT.c.staff_id == nurse.id).values(chat_capacity=6))
    for number in range(3):
        a_chat(tx, f"more{number}")
    a_chat_of_hers = [
        service.take(tx, row.id, nurse.id, reason="asked")
        for row in service.waiting(tx, ["nurse"])
        if row.channel == "chat"
    ][:3]
    assert len(a_chat_of_hers) == 3
    tx.execute(update(SHIFT).where(SHIFT.c.staff_id == nurse.id).values(chat_capacity=2))


def an_old_job(tx: Tx) -> None:
    tx.add(Job(key="old", kind="sms", args={}, state="pending", due_at=tx.now - timedelta(minutes=2)))


def an_event_gone(tx: Tx) -> None:
    first = tx.scalar(select(Event.id).where(Event.contact_id.is_not(None), Event.n == 1))  # type: ignore[union-attr]
    tx.execute(delete(Event).where(Event.id == first))  # type: ignore[arg-type]


def an_entry_gone(tx: Tx) -> None:
    number = tx.scalar(select(ENTRY.c.id).where(ENTRY.c.state == "waiting"))
    tx.execute(delete(ENTRY).where(ENTRY.c.id == number))


def a_contact_without_a_place(tx: Tx) -> None:
    chat = a_chat(tx, "placeless")
    tx.execute(delete(ENTRY).where(ENTRY.c.contact_id == chat.contact))
    tx.execute(delete(Event).where(Event.contact_id == chat.contact))  # type: ignore[arg-type]


def a_promise_without_a_place(tx: Tx) -> None:
    tx.execute(
        update(ENTRY)
        .where(ENTRY.c.channel == "callback")
        .values(state="done", agent_id=None, expires_at=None, ended_at=tx.now)
    )


def a_callback_ended_by_nobody(tx: Tx) -> None:
    keep_promise(tx, 1, Kind.CALLBACK, tx.now, "system")
    a_promise_without_a_place(tx)


def a_line_of_the_log_changed(tx: Tx) -> None:
    last = tx.scalar(select(AccessLog.id).order_by(AccessLog.id.desc()))  # type: ignore[union-attr]
    tx.execute(update(AccessLog).where(AccessLog.id == last).values(why="nothing"))  # type: ignore[arg-type]


FAULTS: list[tuple[str, Break]] = [
    ("capacity", overload),
    ("deadlines", set_entry("offered", expires_at=MONDAY - timedelta(seconds=3))),
    ("deadlines", set_entry("offered", expires_at=None)),
    ("deadlines", an_old_job),
    ("conservation", set_entry("waiting", state="left", resume_until=MONDAY + timedelta(hours=1))),
    ("conservation", an_entry_gone),
    ("conservation", a_contact_without_a_place),
    ("numbers", an_event_gone),
    ("promises", a_promise_without_a_place),
    ("promises", a_callback_ended_by_nobody),
    ("access_log", a_line_of_the_log_changed),
]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look comes right after the first."""
    monkeypatch.setattr(selfcheck, "AGAIN", 0.0)


async def checked(store: Store) -> set[str]:
    """The alarms of a process that looks once."""
    check = Selfcheck(store, COUNTY)
    await check.turn()
    return {alarm.kind for alarm in check.alarms()}


@pytest.mark.usefixtures("at_once")
async def test_busy_line_without_a_fault_gives_no_alarm(database_url: str) -> None:
    async with a_store(database_url) as store:
        await store.write(a_busy_line)

        assert await checked(store) == set()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("check", "fault"), FAULTS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(FAULTS)]
)
async def test_row_broken_by_hand_gives_an_alarm(database_url: str, check: str, fault: Break) -> None:
    async with a_store(database_url) as store:
        await store.write(a_busy_line)
        await store.write(fault)

        assert f"check_{check}" in await checked(store)
        assert f'rows{{op="{check}"}} 1.0'.encode() in metrics.render()


@pytest.mark.usefixtures("at_once")
async def test_two_holders_are_found_where_no_index_forbids_them(empty_database_url: str) -> None:
    def share(tx: Tx) -> None:
        tx.run(text("DROP INDEX ix_entry_open"))
        tx.run(text("DROP INDEX ix_entry_matter_in_hand"))
        row = tx.run(select(ENTRY).where(ENTRY.c.state == "held")).mappings().first()
        assert row is not None
        tx.execute(ENTRY.insert().values({**row, "id": 9_999}))

    await create_tables(empty_database_url)
    async with a_store(empty_database_url) as store:
        await store.write(a_busy_line)
        await store.write(share)
        check = Selfcheck(store, COUNTY)
        await check.turn()

    (alarm,) = [one for one in check.alarms() if one.kind == "check_one_holder"]
    assert alarm.n == 2  # the contact has two places, its matter is in two pairs of hands


@pytest.mark.usefixtures("at_once")
async def test_what_is_right_again_is_told_no_more(database_url: str) -> None:
    async with a_store(database_url) as store:
        await store.write(a_busy_line)
        check = Selfcheck(store, COUNTY)
        await store.write(an_entry_gone)
        await check.turn()
        await check.turn()
        (still,) = check.alarms()
        gone = await store.read(
            lambda tx: tx.all(select(Contact.id).where(~Contact.id.in_(select(ENTRY.c.contact_id))))
        )  # type: ignore[union-attr]
        await store.write(lambda tx: queue_up(tx, gone[0]))
        await check.turn()

        assert still.kind == "check_conservation"
        assert check.alarms() == ()


async def test_transition_between_the_two_looks_is_no_fault(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_store(database_url) as store:
        await store.write(a_busy_line)
        await store.write(set_entry("offered", expires_at=MONDAY - timedelta(seconds=3)))
        check = Selfcheck(store, COUNTY)

        wait = asyncio.sleep

        async def swept(seconds: float) -> None:
            if seconds == selfcheck.AGAIN:  # the store waits too, with the same sleep
                await store.write(dispatch.sweep, COUNTY)
            else:
                await wait(seconds)

        monkeypatch.setattr(selfcheck.asyncio, "sleep", swept)
        await check.turn()

        assert check.alarms() == ()


async def test_pair_that_does_not_meet_for_two_seconds_gives_an_alarm(database_url: str) -> None:
    clock = FixedClock(MONDAY)
    async with a_store(database_url, clock) as store:
        await store.write(lambda tx: (a_nurse(tx), a_chat(tx)))
        check = Selfcheck(store, COUNTY)
        await check.pairs()
        assert check.alarms() == ()

        clock.advance(timedelta(seconds=2))
        await check.pairs()
        (alarm,) = check.alarms()
        assert (alarm.kind, alarm.queue, alarm.n) == ("pair_waits", "nurse", 1)

        await store.write(dispatch.dispatch, COUNTY)
        await check.pairs()
        assert check.alarms() == ()


async def test_nobody_waits_for_one_who_pauses(database_url: str) -> None:
    async with a_store(database_url) as store:
        nurse = await store.write(a_nurse)
        await store.write(a_chat)
        await store.write(agents.set_state, nurse.id, "paused", "")
        check = Selfcheck(store, COUNTY)
        await check.pairs()
        await check.pairs()

    assert check.alarms() == ()
