"""Texts stored together are as if each had been stored alone: the same rows, events and answers."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from chat import service as chat
from chat.sending import Saying, send_together
from chat.transcript import message_at, read_lines
from chat.views import Sent
from core.clock import FixedClock
from core.errors import EnsilinjaError
from core.events import newest, read_events
from core.identity import Actor
from core.models import DataKey
from core.store import Joint, Operation, Recorded, Store, Tx, run_batch
from ensilinja.rows import talk_rows
from queues.models import ENTRY
from tests.builders import MONDAY, a_store
from tests.faults.sizes import sized
from tests.mutants.careless_together import CARELESS
from tests.rooms import SERVICES, a_chat, a_nurse, offered, the_resident

TALKS = ("new", "replied", "wrapped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Somebody tries to say something in one of the conversations; a stranger is another's nurse."""

    talk: int
    who: str
    client_id: str
    text: str
    seen_seq: int
    is_stale: bool


SAYINGS = st.lists(
    st.builds(
        Said,
        talk=st.integers(0, len(TALKS) - 1),
        who=st.sampled_from(["resident", "resident", "resident", "nurse", "nurse", "stranger"]),
        client_id=st.sampled_from(["m1", "m2", "m3", "m4", "m5", "m6"]),
        text=st.sampled_from(["Hei", "Hei", "Kuumetta on", " "]),
        seen_seq=st.sampled_from([0, 5, 9, 9, 9]),
        is_stale=st.sampled_from([False, False, False, False, True]),
    ),
    min_size=2,
    max_size=14,
)


def replied_over(who: str) -> Said:
    """The resident writes in the conversation that goes on, and its nurse who has not seen it."""
    return Said(talk=1, who=who, client_id=who, text="Hei", seen_seq=0, is_stale=False)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: the contact, whose it is, who holds it and under which assignment."""

    contact: int
    resident: Actor
    nurse: Actor
    assignment: int


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with a_store(database_url, FixedClock(MONDAY)) as opened:
        yield opened


def a_talk(tx: Tx, name: str) -> Talk:
    nurse = a_nurse(tx, f"nurse-{name}")
    received = a_chat(tx, name)
    offer = offered(tx)
    assert offer.agent == nurse.id
    accepted = chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES)
    talk = Talk(received.contact, the_resident(received), nurse, accepted.entry.assignment)
    if name != "new":
        alone(
            tx, saying([talk], Said(talk=0, who="nurse", client_id="r", text="?", seen_seq=9, is_stale=False))
        )
    if name == "wrapped":
        chat.wrap(tx, nurse, talk.contact, talk.assignment, SERVICES)
    return talk


def saying(talks: Sequence[Talk], said: Said) -> Saying:
    talk = talks[said.talk]
    nurse = talk.nurse if said.who == "nurse" else talks[(said.talk + 1) % len(talks)].nurse
    return Saying(
        actor=talk.resident if said.who == "resident" else nurse,
        contact=talk.contact,
        client_id=said.client_id,
        text=said.text,
        seen_seq=said.seen_seq,
        assignment=talk.assignment + said.is_stale,
    )


def alone(tx: Tx, one: Saying) -> Sent:
    fields = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
    return chat.send(tx, fields.pop("actor"), fields.pop("contact"), services=SERVICES, **fields)


Together = Callable[[Tx, Sequence[Saying]], list[Sent]]


def joint(together: Together) -> Joint[Any, Sent]:
    return Joint(alone, lambda tx, calls: together(tx, [one for (one,) in calls]))


def parts(sayings: Sequence[Saying], cuts: Sequence[int]) -> Iterator[Sequence[Saying]]:
    ends = sorted({cut % (len(sayings) + 1) for cut in cuts} | {0, len(sayings)})
    return (sayings[start:end] for start, end in pairwise(ends))


def check_beside(tx: Tx, heard: Sequence[Recorded]) -> None:
    """What is told beside the events of a contact's last commit is what can be read."""
    last = {event.contact: event for event in heard}
    read = talk_rows(tx, {contact for contact in last if contact is not None})
    for event in heard:
        if event.beside is not None:
            assert event.beside.line == message_at(tx, event.contact or 0, event.data["seq"])
    for contact, event in last.items():
        assert event.beside is None or event.beside.row == read[contact or 0]


def outcome_of(
    tx: Tx, sayings: Sequence[Saying], cuts: Sequence[int], futures: list[Any], send: Callable[..., Sent]
) -> tuple[Any, ...]:
    """Runs the batches, tells everything they left behind, and undoes it."""
    connection = tx.session.connection()
    before = newest(tx)
    undone = connection.begin_nested()
    outcomes = []
    waiting = iter(futures)
    for part in parts(sayings, cuts):
        batch = [Operation(send, (one,), {}, next(waiting)) for one in part]
        outcomes += run_batch(connection, batch, FixedClock(MONDAY), tx.vault, commit_s=60.0)
    events = read_events(tx, after=before)
    heard = [event for each in outcomes for event in each.recorded]
    contacts = sorted({one.contact for one in sayings})
    lines = {contact: read_lines(tx, contact, after=0, notes=True) for contact in contacts}
    check_beside(tx, heard)
    entries = tx.rows(select(ENTRY).where(ENTRY.c.contact_id.in_(contacts)).order_by(ENTRY.c.id))
    undone.rollback()
    tx.session.expire_all()
    answers = [told(each.error) if each.error is not None else each.value for each in outcomes]
    assert heard == events
    return answers, lines, [tuple(row) for row in entries], [without_id(event) for event in events]


def told(error: BaseException) -> tuple[Any, ...]:
    assert isinstance(error, EnsilinjaError)
    return error.code, error.detail


def without_id(event: Recorded) -> Recorded:
    return dataclasses.replace(event, id=0)  # PostgreSQL does not give a number of an undone row again


async def test_together_is_as_one_by_one(store: Store) -> None:
    await compare(store, send_together)


@pytest.mark.parametrize("careless", CARELESS, ids=lambda each: each.__name__)
async def test_comparison_catches(careless: Together, tmp_path: Path) -> None:
    async with a_store(f"sqlite:///{tmp_path / 'store.sqlite3'}", FixedClock(MONDAY)) as store:
        with pytest.raises(AssertionError):
            await compare(store, careless)


async def compare(store: Store, together: Together) -> None:
    """Stores the same texts in any batches and one by one, and asserts that both leave the same."""
    talks = [await store.write(a_talk, name) for name in TALKS]
    loop, send = asyncio.get_running_loop(), joint(together)

    @example([replied_over("resident"), replied_over("nurse")], [])
    @given(SAYINGS, st.lists(st.integers(0, 14), max_size=3))
    @settings(
        max_examples=sized(15, 40, 1000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    def found(said: list[Said], cuts: list[int]) -> None:
        sayings = [saying(talks, each) for each in said]
        every = range(len(sayings))

        singly = asyncio.run_coroutine_threadsafe(attempt(store, sayings, every, alone), loop).result()
        jointly = asyncio.run_coroutine_threadsafe(attempt(store, sayings, cuts, send), loop).result()

        assert jointly == singly

    await asyncio.to_thread(found)


async def attempt(
    store: Store, sayings: Sequence[Saying], cuts: Sequence[int], send: Callable[..., Sent]
) -> tuple[Any, ...]:
    futures = [asyncio.get_running_loop().create_future() for _ in sayings]
    return await store.write(outcome_of, sayings, cuts, futures, send)


async def test_many_residents_texts_are_stored_in_one_go(store: Store) -> None:
    talks = [await store.write(a_talk, name) for name in ("new", "replied")]
    said = [
        Said(talk=n % 2, who="resident", client_id=f"m{n}", text="Hei", seen_seq=0, is_stale=False)
        for n in range(8)
    ]

    sent = await store.write(send_together, [saying(talks, each) for each in said])

    assert len(sent) == 8


async def test_content_that_was_erased_is_not_written_to_though_its_key_was_in_use(store: Store) -> None:
    talks = [await store.write(a_talk, name) for name in ("new", "replied")]
    texts = [
        Said(talk=n, who="resident", client_id="m1", text="Hei", seen_seq=0, is_stale=False) for n in (0, 1)
    ]
    sayings = [saying(talks, each) for each in texts]
    assert len(await store.write(send_together, sayings)) == 2

    def erase(tx: Tx) -> None:
        tx.execute(update(DataKey).values(wrapped=None, destroyed_at=tx.now))

    await store.write(erase)
    again = [dataclasses.replace(each, client_id="m2") for each in sayings]

    assert await store.write(send_together, again) == []
    with pytest.raises(EnsilinjaError):
        await store.write(alone, again[0])
