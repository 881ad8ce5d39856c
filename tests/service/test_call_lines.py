"""What a line does with its callers, on both databases: language, place told, and who is called back."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from callbacks import service as callbacks
from callbacks.models import Call
from callbacks.telephony.port import CallerGone, Prompts, TelephonyEvent
from core.clock import FixedClock
from core.county import CallBack
from core.store import Store, Tx
from core.urgency import Urgency
from queues import service as queues
from queues.service import entry_of
from router.estimating import wait_ended
from router.models import Contact, Estimate
from router.parties import the_party
from router.places import places
from router.promising import Kind, open_promise, promises_of
from router.services import Services
from router.standing import the_contact
from tests.builders import MONDAY, a_store
from tests.rooms import (
    PHONE,
    PROVIDER,
    SERVICES,
    a_chat,
    a_nurse,
    a_result,
    a_service,
    hangs_up,
    keys,
    later,
    offered,
    rings,
)
from tests.service.test_doorway import ten_waited

RELAY = "+358407654321"
ABROAD = "+46701234567"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


ASKING = a_service(asks_language=True)
DIRECT = a_service(callback=CallBack.DIRECT)
HANGING_UP = a_service(hanging_up_asks=True)
QUEUE_ONLY = a_service(callback=CallBack.OFF)


async def hear(store: Store, services: Services, *events: TelephonyEvent) -> Prompts:
    """Each event in a transaction of its own, as after a restart between any two; what was said last."""
    heard = Prompts()
    for event in events:
        heard = await store.write(callbacks.hear, PROVIDER, event, services) or heard
    return heard


async def call(
    store: Store, services: Services, pressed: str, number: str | None = PHONE, name: str = "c1"
) -> Prompts:
    def events(tx: Tx) -> Sequence[TelephonyEvent]:
        return [rings(tx, number, name), *keys(tx, pressed, name)]

    return await hear(store, services, *await store.read(events))


async def goes(store: Store, services: Services, name: str = "c1", *, unheard: bool = False) -> None:
    event = await store.read(hangs_up, name)
    await hear(store, services, replace(event, unheard=unheard))


async def contact_of(store: Store, name: str = "c1") -> int | None:
    found = await store.read(callbacks.find_call, PROVIDER, name)
    return found.contact if found is not None else None


async def contacts(store: Store) -> int:
    return int(await store.read(lambda tx: tx.scalar(select(func.count()).select_from(Contact))))


async def spoken(store: Store, contact: int | None) -> set[str]:
    """The languages of the contact, of the person and of the place in the line."""

    def languages(tx: Tx) -> set[str]:
        row = the_contact(tx, contact or 0)
        return {row.language, the_party(tx, row.asker_id).language, entry_of(tx, row.id or 0).language}

    return await store.read(languages)


async def promised(store: Store, contact: int | None) -> bool:
    return await store.read(open_promise, contact or 0, Kind.CALLBACK) is not None


async def test_the_language_by_key_is_that_of_the_call_and_of_the_contact(store: Store) -> None:
    asked = await call(store, ASKING, "")
    assert (asked.language, asked.play[1:]) == (
        "fi",
        ("call.language_fi", "call.language_sv", "call.language_en"),
    )
    chosen = await call(store, ASKING, "2")
    assert (chosen.language, chosen.play[0]) == ("sv", "call.greeting")
    confirmed = await hear(store, ASKING, *await store.read(lambda tx: keys(tx, "11", after=1)))

    assert (confirmed.language, confirmed.play[0]) == ("sv", "call.promised")
    assert await spoken(store, await contact_of(store)) == {"sv"}


async def test_silence_is_finnish(store: Store) -> None:
    heard = await call(store, ASKING, "--")

    assert heard.language == "fi"
    assert await spoken(store, await contact_of(store)) == {"fi"}


async def test_the_language_holds_over_a_short_drop(store: Store, clock: FixedClock) -> None:
    await call(store, ASKING, "3-")
    contact = await contact_of(store)
    await goes(store, ASKING)
    clock.advance(30)
    again = await call(store, ASKING, "", name="c2")
    assert (again.language, again.play[0]) == ("en", "call.greeting")
    assert "call.press_1" in again.play
    in_line = await hear(store, ASKING, *await store.read(lambda tx: keys(tx, "-", "c2")))

    assert (in_line.language, await contact_of(store, "c2")) == ("en", contact)
    assert await spoken(store, contact) == {"en"}


async def test_a_caller_whose_place_is_gone_is_asked_again(store: Store, clock: FixedClock) -> None:
    await call(store, ASKING, "3-")
    await goes(store, ASKING)
    clock.advance(later(2))

    assert "call.language_sv" in (await call(store, ASKING, "", name="c2")).play


async def test_the_newest_language_is_that_of_an_open_request(store: Store) -> None:
    await call(store, ASKING, "111")
    await call(store, ASKING, "211", name="c2")

    assert await contacts(store) == 1
    assert await spoken(store, await contact_of(store)) == {"sv"}


async def test_the_place_told_is_that_of_the_waiting_room(store: Store, clock: FixedClock) -> None:
    await ten_waited(store, clock, 3)
    await store.write(a_nurse)
    for n in range(3):
        await store.write(a_chat, f"before{n}")
    greeted = await call(store, SERVICES, "")
    await call(store, SERVICES, "-")
    contact = await contact_of(store) or 0
    shown = (await store.read(places, [contact], SERVICES))[contact]
    repeated = await hear(store, SERVICES, *await store.read(lambda tx: keys(tx, "-", after=1)))

    assert greeted.play[:2] == ("call.greeting", "call.ahead")
    assert (greeted.ahead, repeated.ahead) == (3, 3) == (shown.position - 1,) * 2
    assert repeated.play == ("call.ahead", "call.press_1", "call.place_kept")
    assert greeted.wait == repeated.wait == shown.range


async def ten_alike_waited(store: Store, clock: FixedClock, minutes: float) -> None:
    """Ten of the level that a call has were answered after so many minutes."""

    def come(tx: Tx) -> list[int]:
        level = a_result(Urgency.DAYS_1_3)
        return [a_chat(tx, f"early{n}", result=level).contact for n in range(10)]

    def answered(tx: Tx, early: list[int]) -> None:
        for contact in early:
            wait_ended(tx, contact)
            queues.end_elsewhere(tx, contact, "system")

    early = await store.write(come)
    clock.advance(later(minutes))
    await store.write(answered, early)


async def test_the_wait_is_told_as_a_range_and_told_anew_when_it_did_not_hold(
    store: Store, clock: FixedClock
) -> None:
    await store.write(a_nurse)
    await ten_alike_waited(store, clock, 3)
    greeted = await call(store, SERVICES, "")
    assert (greeted.play[1:3], greeted.wait) == (("call.ahead_none", "call.wait"), (1, 3))
    await call(store, SERVICES, "-")
    clock.advance(later(5))
    again = await hear(store, SERVICES, *await store.read(lambda tx: keys(tx, "-", after=1)))

    assert again.play[:2] == ("call.slower", "call.ahead_none")


async def test_no_wait_is_told_while_nobody_is_at_work(store: Store, clock: FixedClock) -> None:
    await ten_alike_waited(store, clock, 3)

    assert (await call(store, SERVICES, "")).wait is None


async def test_an_answered_call_is_a_wait_that_ended(store: Store) -> None:
    await call(store, SERVICES, "-")

    def takes(tx: Tx) -> None:
        nurse, offer = a_nurse(tx), offered(tx)
        callbacks.accept(tx, nurse, offer.id, offer.assignment, SERVICES)

    await store.write(takes)
    assert await store.read(lambda tx: [row.ended_at for row in tx.all(select(Estimate))]) == [MONDAY]


async def test_a_direct_line_promises_unless_it_is_refused(store: Store) -> None:
    heard = await call(store, DIRECT, "")
    assert heard.play == ("call.greeting", "call.direct")
    assert (await call(store, DIRECT, "-")).play[0] == "call.promised"
    await call(store, DIRECT, "3", "+358501234567", "c2")
    entry = await store.read(entry_of, await contact_of(store, "c2"))

    assert await promised(store, await contact_of(store))
    assert (entry.channel, entry.state) == ("call", "waiting")


async def test_who_hangs_up_on_a_direct_line_is_called_back(store: Store) -> None:
    await call(store, DIRECT, "")
    await goes(store, DIRECT, unheard=True)

    assert await promised(store, await contact_of(store))


@pytest.mark.parametrize(
    ("pressed", "unheard", "asks"),
    [("", False, True), ("", True, False), ("-", False, True), ("-", True, True), ("12050", False, False)],
    ids=["heard", "not heard", "in the line", "in the line, again", "typing another number"],
)
async def test_where_hanging_up_asks_there_is_one_request(
    store: Store, pressed: str, unheard: bool, asks: bool
) -> None:
    await call(store, HANGING_UP, pressed)
    before = await contact_of(store)
    await goes(store, HANGING_UP, unheard=unheard)
    contact = await contact_of(store)

    assert before in (None, contact)
    assert await contacts(store) == int(asks)
    assert asks == (contact is not None and await promised(store, contact))


@pytest.mark.parametrize("services", [SERVICES, QUEUE_ONLY])
async def test_elsewhere_hanging_up_leaves_the_line(store: Store, services: Services) -> None:
    await call(store, services, "-" if services is SERVICES else "")
    contact = await contact_of(store) or 0
    await goes(store, services)

    assert (await store.read(entry_of, contact)).state == "left"
    assert not await promised(store, contact)


async def test_who_rings_again_and_waits_does_so_in_her_open_request(store: Store, clock: FixedClock) -> None:
    await call(store, HANGING_UP, "-")
    await goes(store, HANGING_UP)
    contact = await contact_of(store) or 0
    clock.advance(later(20))
    await call(store, HANGING_UP, "-", name="c2")
    entry = await store.read(entry_of, contact)
    assert (await contact_of(store, "c2"), await contacts(store)) == (contact, 1)
    assert (entry.channel, entry.state) == ("call", "waiting")
    assert await promised(store, contact)
    await goes(store, SERVICES, "c2")

    assert (await store.read(entry_of, contact)).channel == "callback"
    assert await promised(store, contact)


async def test_one_who_rang_again_is_due_as_any_caller_and_answered_keeps_the_promise(store: Store) -> None:
    await call(store, SERVICES, "11")
    await call(store, SERVICES, "-", name="c2")
    contact = await contact_of(store) or 0
    await call(store, SERVICES, "-", "+358501234567", "c3")
    other = await store.read(entry_of, await contact_of(store, "c3"))
    assert (await store.read(entry_of, contact)).due_at == other.due_at

    def takes(tx: Tx) -> None:
        callbacks.take(tx, a_nurse(tx), contact, "by_hand", SERVICES)

    await store.write(takes)
    [promise] = await store.read(promises_of, contact)
    assert promise.kept_at == MONDAY


async def test_who_gave_no_good_number_stays_in_the_line_once(store: Store, clock: FixedClock) -> None:
    await call(store, SERVICES, "-")
    contact = await contact_of(store)
    await goes(store, SERVICES)
    clock.advance(30)
    heard = await call(store, SERVICES, "-12112#112#112#", name="c2")

    assert heard.play == ("call.number_refused", "call.in_line")
    assert (await contact_of(store, "c2"), await contacts(store)) == (contact, 1)


async def test_who_hangs_up_while_typing_is_not_left_in_the_line(store: Store) -> None:
    await call(store, SERVICES, "-12040")
    await goes(store, SERVICES)

    assert (await store.read(entry_of, await contact_of(store))).state == "left"


@pytest.mark.parametrize("number", [None, ABROAD, RELAY], ids=["hidden", "from abroad", "relay service"])
async def test_who_cannot_be_called_back_waits_or_types_a_number(store: Store, number: str | None) -> None:
    services = a_service(RELAY)
    await call(store, services, "-", number)
    entry = await store.read(entry_of, await contact_of(store))
    assert (entry.channel, entry.state) == ("call", "waiting")

    typed = await call(store, services, "10401112223#1", number, "c2")
    assert typed.play[0] == "call.promised"
    abroad = await call(store, services, "10046701234567#1", number, "c3")
    assert abroad.play[0] == "call.promised"
    assert await contacts(store) == 3


async def test_a_relay_service_s_callers_are_never_taken_for_one(store: Store) -> None:
    services = a_service(RELAY)
    await call(store, services, "-", RELAY)
    await goes(store, services)
    await call(store, services, "-", RELAY, "c2")
    numbers = await store.read(lambda tx: [row.number_sealed for row in tx.all(select(Call))])

    assert numbers == [None, None]
    assert await contacts(store) == 2


@pytest.mark.parametrize("services", [SERVICES, HANGING_UP, DIRECT])
async def test_a_hidden_number_leaves_no_request_by_hanging_up(store: Store, services: Services) -> None:
    await call(store, services, "", None)
    await goes(store, services)

    assert await contact_of(store) is None
    assert await contacts(store) == 0


async def test_a_caller_cut_off_by_a_fault_is_called_back_in_her_language(store: Store) -> None:
    await call(store, ASKING, "2-")

    def cut(tx: Tx) -> CallerGone:
        return CallerGone(call="c1", at=tx.now, dropped=True)

    await hear(store, ASKING, await store.read(cut))
    contact = await contact_of(store)

    assert await promised(store, contact)
    assert await spoken(store, contact) == {"sv"}
