"""Messages after the tone: each is a contact with a promise once, sealed, and for who may read it alone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from callbacks import service as callbacks
from callbacks import wav
from callbacks.callflow import Step
from callbacks.models import RECORDING, Recording
from callbacks.telephony.port import MessageLeft, Prompts, TelephonyEvent
from callbacks.telephony.simulated import SimulatedTelephony
from core.clock import FixedClock
from core.errors import NotFound, Unavailable
from core.models import AccessLog, DataKey
from core.store import Store, Tx
from queues.service import entry_of
from router.models import Contact
from router.promising import promises_of
from tests.builders import MONDAY, a_store
from tests.rooms import OTHER_PHONE, PHONE, SERVICES, a_nurse

LINE = "dental"  # it takes messages
SUNDAY = MONDAY - timedelta(days=1)


class Exchange(SimulatedTelephony):
    """A simulated exchange and the store it tells; the store can be away for messages."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        super().__init__(clock)
        self.store, self.clock, self.is_away, self.services = store, clock, False, SERVICES

    async def open(self) -> None:
        await self.start(self.told)

    async def told(self, event: TelephonyEvent, event_id: str = "") -> Prompts | None:
        if self.is_away and isinstance(event, MessageLeft):
            raise Unavailable(reason="store")
        return await self.store.write(callbacks.hear_once, self.name, event_id, event, self.services)

    async def rings_silently(self, number: str | None = PHONE) -> str:
        """Somebody rings and presses nothing, until a message can be left."""
        call = await self.ring(LINE, number)
        await self.wait(call)
        return call

    def heard_last(self, call: str) -> tuple[str, ...]:
        return self.calls[call].heard[-1].play


@pytest.fixture
async def exchange(database_url: str) -> AsyncIterator[Exchange]:
    clock = FixedClock(SUNDAY)
    async with a_store(database_url, clock) as store:
        made = Exchange(store, clock)
        await made.open()
        yield made


def count(tx: Tx) -> int:
    return int(tx.scalar(select(func.count()).select_from(Recording)))


def contacts(tx: Tx) -> list[Contact]:
    return tx.all(select(Contact))


async def step_of(exchange: Exchange, call: str) -> Step | None:
    found = await exchange.store.read(callbacks.find_call, exchange.name, call)
    return found.step if found is not None else None


async def test_message_left_on_a_closed_line_is_a_callback_with_its_promise(exchange: Exchange) -> None:
    call = await exchange.rings_silently()
    await exchange.say(call, 5)
    [contact] = await exchange.store.read(contacts)
    entry = await exchange.store.read(entry_of, contact.id or 0)
    promises = await exchange.store.read(promises_of, contact.id or 0)
    [recording] = await exchange.store.read(callbacks.recordings_of, contact.id or 0)

    assert (contact.channel, entry.channel, len(promises)) == ("voicemail", "callback", 1)
    assert recording.seconds == 5
    assert exchange.heard_last(call) == ("call.message_kept", "call.goodbye")
    assert not exchange.calls[call].on
    assert exchange.recordings == {}


async def test_message_of_a_hidden_number_is_read_and_has_no_promise_to_call(exchange: Exchange) -> None:
    await exchange.say(await exchange.rings_silently(None), 5)
    [contact] = await exchange.store.read(contacts)

    assert (await exchange.store.read(entry_of, contact.id or 0)).channel == "message"


@pytest.mark.parametrize(
    ("seconds", "loud"), [(0.5, 4000), (30, 100), (0, 0)], ids=["short", "quiet", "none"]
)
async def test_too_little_is_no_contact_and_the_call_back_is_offered_once_more(
    exchange: Exchange, seconds: float, loud: int
) -> None:
    call = await exchange.rings_silently()
    await exchange.say(call, seconds, loud=loud)
    offered = exchange.heard_last(call)
    none_yet = await exchange.store.read(contacts)
    await exchange.press(call, "11")

    assert offered == ("call.message_empty", "call.press_1")
    assert none_yet == []
    assert await step_of(exchange, call) == Step.PROMISED
    assert exchange.recordings == {}


async def test_who_says_nothing_twice_is_told_when_to_call_again(exchange: Exchange) -> None:
    call = await exchange.rings_silently()
    await exchange.say(call, 0)
    await exchange.wait(call)

    assert exchange.heard_last(call) == ("call.closed_goodbye",)
    assert await exchange.store.read(contacts) == []


async def test_who_hangs_up_after_speaking_has_left_a_message(exchange: Exchange) -> None:
    call = await exchange.rings_silently()
    exchange.is_away = True  # the recording comes after the news that she is gone
    await exchange.say(call, 5)
    await exchange.hang_up(call)
    exchange.is_away = False
    await exchange.open()

    assert len(await exchange.store.read(contacts)) == 1


async def test_recording_that_could_not_be_stored_is_taken_at_the_next_link_once(exchange: Exchange) -> None:
    call = await exchange.rings_silently()
    exchange.is_away = True
    await exchange.say(call, 5)
    kept, before = dict(exchange.recordings), await exchange.store.read(contacts)
    exchange.is_away = False
    await exchange.open()
    exchange.recordings.update(kept)  # stored, and the exchange was never told to delete it
    await exchange.open()

    assert (len(kept), before) == (1, [])
    assert len(await exchange.store.read(contacts)) == 1
    assert await exchange.store.read(count) == 1
    assert exchange.recordings == {}


async def test_second_message_of_a_number_joins_the_open_request(exchange: Exchange) -> None:
    for _ in range(2):
        await exchange.say(await exchange.rings_silently(), 5)
    [contact] = await exchange.store.read(contacts)

    assert len(await exchange.store.read(callbacks.recordings_of, contact.id or 0)) == 2


async def test_messages_of_two_numbers_are_two_contacts(exchange: Exchange) -> None:
    for number in (PHONE, OTHER_PHONE):
        await exchange.say(await exchange.rings_silently(number), 5)

    assert len(await exchange.store.read(contacts)) == 2


async def test_open_line_takes_no_message(exchange: Exchange) -> None:
    exchange.clock.set(MONDAY)
    call = await exchange.ring(LINE, PHONE)
    await exchange.press(call, "2")

    assert all(not prompts.record_s for prompts in exchange.calls[call].heard)


async def test_full_line_takes_a_message_by_a_key_and_who_presses_nothing_waits(exchange: Exchange) -> None:
    exchange.clock.set(MONDAY)
    catalogue = SERVICES.catalogue
    lines = tuple(replace(line, voicemail=True) for line in catalogue.lines)
    exchange.services = replace(SERVICES, catalogue=replace(catalogue, lines=lines))
    speaks, waits = [await exchange.ring("elderly", number) for number in (PHONE, OTHER_PHONE)]
    await exchange.press(speaks, "2")
    await exchange.wait(waits)

    assert exchange.calls[speaks].heard[-1].record_s == SERVICES.catalogue.limits.voicemail_s
    assert await step_of(exchange, waits) == Step.IN_LINE


async def test_line_without_voicemail_takes_no_message(exchange: Exchange) -> None:
    call = await exchange.ring("elderly", PHONE)
    await exchange.press(call, "2")
    await exchange.wait(call)

    assert all(not prompts.record_s for prompts in exchange.calls[call].heard)


async def test_recording_of_an_unknown_call_is_not_ours(exchange: Exchange) -> None:
    left = MessageLeft(call="other", name="other-1", audio=b"", at=SUNDAY)

    with pytest.raises(NotFound):
        await exchange.told(left)


async def test_only_who_may_open_the_contact_may_listen_and_it_is_logged(exchange: Exchange) -> None:
    store = exchange.store
    await exchange.say(await exchange.rings_silently(), 5)
    [contact] = await store.read(contacts)
    [recording] = await store.read(callbacks.recordings_of, contact.id or 0)
    dental = await store.write(a_nurse, "dental1", "dental")
    other = await store.write(a_nurse, "nurse1", "nurse")
    sound = await store.write(callbacks.listen, dental, recording.id)
    with pytest.raises(NotFound):
        await store.write(callbacks.listen, other, recording.id)
    log = await store.read(lambda tx: tx.all(select(AccessLog)))

    assert wav.read(sound, most=10**6).seconds == 5
    assert [(row.actor, row.action) for row in log] == [(dental.key, "recording.listen")]


async def test_sound_is_sealed_and_erased_with_the_contacts_key(exchange: Exchange) -> None:
    store = exchange.store
    await exchange.say(await exchange.rings_silently(), 5)
    [contact] = await store.read(contacts)
    [recording] = await store.read(callbacks.recordings_of, contact.id or 0)
    stored = await store.read(lambda tx: tx.scalar(select(RECORDING.audio_sealed)))
    nurse = await store.write(a_nurse, "dental1", "dental")

    def erased(tx: Tx) -> None:
        tx.execute(update(DataKey).values(wrapped=None, destroyed_at=tx.now))

    await store.write(erased)

    assert b"RIFF" not in stored
    with pytest.raises(NotFound):
        await store.write(callbacks.listen, nurse, recording.id)
