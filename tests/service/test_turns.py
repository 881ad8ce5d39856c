"""A resident who is texted when it is her turn: once, only while she is away, and nobody is dropped."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from chat import service as chat
from chat.errors import NoText
from core.clock import FixedClock
from core.errors import NotFound
from core.identity import Actor
from core.models import Job
from core.phone import PhoneFault
from core.store import Store, Tx
from queues import dispatch
from queues import service as queues
from router.arrivals import Received
from router.errors import NoNumber
from router.models import Party
from router.parties import the_party
from router.standing import the_contact
from tests.builders import MONDAY, a_store
from tests.rooms import PHONE, SERVICES, a_chat, a_nurse, offered, the_resident

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def texted(tx: Tx) -> list[str]:
    """The text keys of the messages that were ordered, in order."""
    return [job.args["text"] for job in tx.all(select(Job).order_by(Job.id)) if job.kind == "sms"]  # type: ignore[arg-type]


def asks(tx: Tx, phone: str | None = PHONE) -> Received:
    received = a_chat(tx, phone=phone)
    chat.connected(tx, received.contact)
    chat.ask_for_text(tx, the_resident(received), received.contact, wanted=True)
    return received


def asker_of(tx: Tx, received: Received) -> Party:
    return the_party(tx, the_contact(tx, received.contact).asker_id)


def is_taken(tx: Tx, nurse: Actor) -> None:
    offer = offered(tx)
    chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES)


async def turn_comes(store: Store, clock: FixedClock) -> tuple[Received, Actor]:
    """She asked, closed the page, and a nurse has taken her."""
    received = await store.write(asks)
    clock.advance(60 * SECOND)

    def take(tx: Tx) -> Actor:
        chat.sweep(tx, SERVICES)
        assert queues.entry_of(tx, received.contact).state == "waiting"
        nurse = a_nurse(tx)
        is_taken(tx, nurse)
        return nurse

    return received, await store.write(take)


async def swept(store: Store) -> list[str]:
    await store.write(chat.sweep, SERVICES)
    return await store.read(texted)


async def test_whoever_closed_the_page_is_texted_once_when_it_is_her_turn(
    store: Store, clock: FixedClock
) -> None:
    await turn_comes(store, clock)
    clock.advance(19 * SECOND)
    assert await swept(store) == []
    clock.advance(SECOND)
    assert await swept(store) == ["sms.turn"]
    clock.advance(60 * SECOND)
    assert await swept(store) == ["sms.turn"]


async def test_whoever_looks_at_the_page_is_not_texted(store: Store, clock: FixedClock) -> None:
    received, _ = await turn_comes(store, clock)
    for _ in range(10):
        clock.advance(10 * SECOND)
        await store.write(chat.connected, received.contact)
        assert await swept(store) == []


async def test_a_page_behind_others_is_texted_though_it_is_connected(store: Store, clock: FixedClock) -> None:
    received, _ = await turn_comes(store, clock)

    def behind(tx: Tx) -> None:
        chat.connected(tx, received.contact)
        chat.hidden(tx, received.contact)

    await store.write(behind)
    clock.advance(20 * SECOND)
    assert await swept(store) == ["sms.turn"]


async def test_the_place_waits_ten_minutes_and_is_then_offered_again(store: Store, clock: FixedClock) -> None:
    received, _ = await turn_comes(store, clock)
    due_at = received.entry.due_at
    clock.advance(20 * SECOND)
    await swept(store)
    clock.advance(timedelta(minutes=9, seconds=59))
    await swept(store)
    assert (await store.read(queues.entry_of, received.contact)).state == "held"
    clock.advance(SECOND)
    await swept(store)
    back = await store.read(queues.entry_of, received.contact)
    assert (back.state, back.due_at, back.ended_at) == ("waiting", due_at, None)

    def another_takes(tx: Tx) -> None:
        is_taken(tx, a_nurse(tx, "nurse2"))

    await store.write(another_takes)
    clock.advance(20 * SECOND)
    assert await swept(store) == ["sms.turn", "sms.turn"]


async def test_another_turn_has_its_own_ten_minutes(store: Store, clock: FixedClock) -> None:
    received, _ = await turn_comes(store, clock)
    clock.advance(20 * SECOND)
    await swept(store)
    clock.advance(timedelta(minutes=11))
    await store.write(dispatch.sweep, SERVICES.catalogue)  # meanwhile the professional was lost
    await store.write(lambda tx: is_taken(tx, a_nurse(tx, "nurse2")))
    assert await swept(store) == ["sms.turn"]
    assert (await store.read(queues.entry_of, received.contact)).state == "held"
    clock.advance(20 * SECOND)
    assert await swept(store) == ["sms.turn", "sms.turn"]


async def test_coming_back_in_time_keeps_the_professional(store: Store, clock: FixedClock) -> None:
    received, nurse = await turn_comes(store, clock)
    clock.advance(20 * SECOND)
    await swept(store)
    clock.advance(timedelta(minutes=9))
    await store.write(chat.connected, received.contact)
    clock.advance(timedelta(minutes=1))
    await swept(store)
    entry = await store.read(queues.entry_of, received.contact)
    assert (entry.state, entry.agent) == ("held", nurse.id)


async def test_whoever_has_written_in_her_turn_is_neither_texted_nor_put_back(
    store: Store, clock: FixedClock
) -> None:
    received, nurse = await turn_comes(store, clock)

    def writes_and_goes(tx: Tx) -> None:
        chat.connected(tx, received.contact)
        chat.send(
            tx, the_resident(received), received.contact, client_id="m1", text="Kiitos.", services=SERVICES
        )
        chat.hidden(tx, received.contact)

    await store.write(writes_and_goes)
    for _ in range(3):
        clock.advance(timedelta(minutes=5))
        assert await swept(store) == []
    entry = await store.read(queues.entry_of, received.contact)
    assert (entry.state, entry.agent) == ("held", nurse.id)


async def test_after_as_many_texts_as_the_county_tries_she_is_called(store: Store, clock: FixedClock) -> None:
    received, _ = await turn_comes(store, clock)
    for place in range(SERVICES.catalogue.limits.attempts):
        if place:
            await store.write(lambda tx, n=place: is_taken(tx, a_nurse(tx, f"another{n}")))
        clock.advance(20 * SECOND)
        await swept(store)
        clock.advance(timedelta(minutes=10))
        await swept(store)
    entry = await store.read(queues.entry_of, received.contact)

    assert (entry.channel, entry.ended_at, entry.arrived_at) == ("callback", None, MONDAY)
    assert (await store.read(texted))[-1] == "sms.callback_promised"


async def test_texts_go_only_to_whom_they_may(store: Store) -> None:
    def ask(tx: Tx) -> None:
        me = a_chat(tx)
        mine = the_resident(me)
        with pytest.raises(NoNumber):
            chat.ask_for_text(tx, mine, me.contact, wanted=True)
        with pytest.raises(PhoneFault):
            chat.ask_for_text(tx, mine, me.contact, wanted=True, phone="112")
        chat.ask_for_text(tx, mine, me.contact, wanted=True, phone=PHONE)
        other = a_chat(tx, "b", phone=PHONE)
        asker_of(tx, other).safe_contact = {"sms": False}
        tx.session.flush()
        with pytest.raises(NoText):
            chat.ask_for_text(tx, the_resident(other), other.contact, wanted=True)
        with pytest.raises(NotFound):
            chat.ask_for_text(tx, mine, other.contact, wanted=True)

    await store.write(ask)


async def test_no_longer_safe_is_not_texted(store: Store, clock: FixedClock) -> None:
    received, _ = await turn_comes(store, clock)

    def forbid(tx: Tx) -> None:
        asker_of(tx, received).non_disclosure = True
        tx.session.flush()

    await store.write(forbid)
    clock.advance(60 * SECOND)
    assert await swept(store) == []


async def test_leaving_by_ones_own_word_ends_the_wish(store: Store, clock: FixedClock) -> None:
    def go(tx: Tx) -> None:
        received = asks(tx)
        entry = chat.leave(tx, the_resident(received), received.contact, SERVICES)
        assert entry.state == "left"

    await store.write(go)
