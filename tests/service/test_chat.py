"""The conversation on both databases: nothing lost, nothing twice, one order, nobody who should not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from chat import presence
from chat import service as chat
from chat.errors import ConversationEnded, MessageIdReused, NewerMessages, TextRefused
from chat.models import Message, Participant
from chat.views import Accepted, Sent
from core.clock import FixedClock
from core.errors import NotFound, Unavailable
from core.events import read_events
from core.identity import Actor
from core.models import AccessLog
from core.store import Store, Tx
from queues.dispatch import sweep
from queues.errors import OfferGone, StaleAssignment
from queues.models import ENTRY
from queues.service import entry_of
from router.arrivals import Received
from router.promising import promises_of
from tests.builders import MONDAY, a_store
from tests.rooms import EMERGENCY, PHONE, SERVICES, a_chat, a_nurse, offered, the_resident


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def types(tx: Tx, contact: int) -> list[str]:
    return [event.type for event in read_events(tx, contact=contact)]


def says(tx: Tx, actor: Actor, contact: int, text: str, client_id: str = "m1", **more: int) -> Sent:
    return chat.send(tx, actor, contact, client_id=client_id, text=text, services=SERVICES, **more)


def in_conversation(tx: Tx) -> tuple[Actor, Actor, Received, Accepted]:
    nurse = a_nurse(tx)
    received = a_chat(tx)
    offer = offered(tx)
    accepted = chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES)
    return nurse, the_resident(received), received, accepted


async def test_both_write_and_read_the_same_order(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, me, received, accepted = in_conversation(tx)
        contact, assignment = received.contact, accepted.entry.assignment
        says(tx, me, contact, "Hei, kurkku on kipeä")
        says(tx, nurse, contact, "Hei! Onko kuumetta?", seen_seq=2, assignment=assignment)
        lines = chat.history(tx, contact, 0, me)
        assert [(line.seq, line.sender, line.text) for line in lines] == [
            (1, "staff", None),
            (2, "resident", "Hei, kurkku on kipeä"),
            (3, "staff", "Hei! Onko kuumetta?"),
        ]
        assert lines[0].text_key == "chat.system.joined"
        assert lines[2].name == "nurse1"
        assert chat.history(tx, contact, 2, me) == lines[2:]

    await store.write(walk)


async def test_a_text_is_stored_sealed(store: Store) -> None:
    def look(tx: Tx) -> None:
        received = a_chat(tx)
        says(tx, the_resident(received), received.contact, "salaisuus")
        row = tx.one(select(Message))
        assert b"salaisuus" not in row.body_sealed

    await store.write(look)


async def test_a_text_sent_again_is_acknowledged_again(store: Store, clock: FixedClock) -> None:
    received = await store.write(a_chat)
    me = the_resident(received)
    first = await store.write(says, me, received.contact, "hei")
    clock.advance(60)
    again = await store.write(says, me, received.contact, "hei")

    assert (again.seq, again.at, again.duplicate) == (first.seq, first.at, True)
    with pytest.raises(MessageIdReused):
        await store.write(says, me, received.contact, "moi")
    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(Message))) == 1


async def test_an_id_is_its_writers_and_conversations_own(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, me, received, accepted = in_conversation(tx)
        other = a_chat(tx, "b")
        says(tx, me, received.contact, "hei")
        sent = says(tx, nurse, received.contact, "päivää", seen_seq=2, assignment=accepted.entry.assignment)
        assert not sent.duplicate
        assert not says(tx, the_resident(other), other.contact, "moi").duplicate

    await store.write(walk)


async def test_concurrent_texts_have_no_holes_in_their_order(store: Store) -> None:
    nurse, me, received, accepted = await store.write(in_conversation)
    contact, assignment = received.contact, accepted.entry.assignment

    async def sent(n: int) -> int:
        writer = nurse if n % 2 else me
        more = {"seen_seq": 99, "assignment": assignment}
        with contextlib.suppress(Unavailable):
            return (await store.write(says, writer, contact, f"viesti {n}", f"m{n}", **more)).seq
        # Commit unknown: the client sends its id again, and it is one message either way.
        return (await store.write(says, writer, contact, f"viesti {n}", f"m{n}", **more)).seq

    numbers = await asyncio.gather(*(sent(n) for n in range(40)))
    lines = await store.write(chat.history, contact, 0, me)

    assert sorted(numbers) == list(range(2, 42))
    assert [line.seq for line in lines] == list(range(1, 42))


async def test_the_reply_clock_stops_once(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, _, received, accepted = in_conversation(tx)
        contact, assignment = received.contact, accepted.entry.assignment
        assert "chat.replied" not in types(tx, contact)
        for n in range(3):
            says(tx, nurse, contact, "hei", f"n{n}", seen_seq=0, assignment=assignment)
        assert types(tx, contact).count("chat.replied") == 1

    await store.write(walk)


async def test_a_message_is_answered_by_the_first_text_of_staff(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = a_nurse(tx)
        received = a_chat(tx, channel="form")
        offer = offered(tx)
        held = chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES).entry
        assert promises_of(tx, received.contact)[0].kept_at is None
        says(tx, nurse, received.contact, "vastaus", seen_seq=1, assignment=held.assignment)
        assert promises_of(tx, received.contact)[0].kept_at == tx.now

    await store.write(walk)


async def test_nobody_answers_over_a_newer_message(store: Store) -> None:
    nurse, me, received, accepted = await store.write(in_conversation)
    await store.write(says, me, received.contact, "vielä yksi asia")
    more = {"seen_seq": 1, "assignment": accepted.entry.assignment}

    with pytest.raises(NewerMessages) as refused:
        await store.write(says, nurse, received.contact, "selvä", **more)
    assert refused.value.detail == {"newest": 2}


async def test_an_old_assignment_writes_nothing(store: Store) -> None:
    nurse, me, received, accepted = await store.write(in_conversation)
    for assignment in (accepted.entry.assignment - 1, accepted.entry.assignment + 1):
        with pytest.raises(StaleAssignment):
            await store.write(says, nurse, received.contact, "hei", "n1", assignment=assignment)

    lines = await store.write(chat.history, received.contact, 0, me)
    assert [line.kind for line in lines] == ["system"]


async def test_a_second_accept_loses_and_the_same_is_the_same(store: Store) -> None:
    def walk(tx: Tx) -> tuple[Actor, Accepted, int]:
        nurse, _, received, accepted = in_conversation(tx)
        again = chat.accept(tx, nurse, accepted.entry.id, accepted.entry.assignment, SERVICES)
        assert again == accepted
        return a_nurse(tx, "nurse2"), accepted, received.contact

    other, accepted, _ = await store.write(walk)

    with pytest.raises(OfferGone):
        await store.write(chat.accept, other, accepted.entry.id, accepted.entry.assignment, SERVICES)


async def test_after_a_transfer_the_former_holder_writes_nothing(store: Store) -> None:
    nurse, me, received, accepted = await store.write(in_conversation)
    contact, assignment = received.contact, accepted.entry.assignment

    def pass_on(tx: Tx) -> None:
        moved = chat.transfer(
            tx, nurse, contact, assignment=assignment, queue="mental", note="jännittää", services=SERVICES
        )
        assert (moved.queue, moved.state, moved.due_at) == ("mental", "waiting", received.entry.due_at)
        assert moved.weight == SERVICES.catalogue.queue("mental").chat_weight

    await store.write(pass_on)

    with pytest.raises(StaleAssignment):
        await store.write(says, nurse, contact, "hei", "n9", assignment=assignment)
    lines = await store.write(chat.history, contact, 0, me)
    assert [line.text_key for line in lines] == ["chat.system.joined", "chat.system.transferred"]


async def test_residents_see_no_notes(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, me, received, accepted = in_conversation(tx)
        for _ in range(2):
            chat.note(
                tx,
                nurse,
                received.contact,
                assignment=accepted.entry.assignment,
                client_id="n1",
                text="soita huoltajalle",
                services=SERVICES,
            )
        assert [line.kind for line in chat.history(tx, received.contact, 0, nurse)] == ["system", "note"]
        assert [line.kind for line in chat.history(tx, received.contact, 0, me)] == ["system"]
        assert "chat.replied" not in types(tx, received.contact)

    await store.write(walk)


async def test_resident_a_cannot_reach_resident_b(store: Store) -> None:
    mine, theirs = await store.write(lambda tx: (a_chat(tx), a_chat(tx, "b")))
    me = the_resident(mine)
    answers = set()

    for contact in (theirs.contact, 999, -1, 0, 2**60):
        for attempt in (
            lambda tx, contact=contact: says(tx, me, contact, "hei"),
            lambda tx, contact=contact: chat.history(tx, contact, 0, me),
            lambda tx, contact=contact: chat.seen(tx, me, contact, 1),
            lambda tx, contact=contact: chat.leave(tx, me, contact, SERVICES),
        ):
            with pytest.raises(NotFound) as refused:
                await store.write(attempt)
            answers.add((refused.value.code, str(refused.value)))

    assert len(answers) == 1


async def test_every_reading_by_staff_leaves_a_row(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, me, received, _ = in_conversation(tx)
        chat.history(tx, received.contact, 0, nurse)
        chat.history(tx, received.contact, 0, me)
        rows = tx.all(select(AccessLog).order_by(AccessLog.id))  # type: ignore[arg-type]
        assert [(row.action, row.actor) for row in rows] == [
            ("offer.accept", nurse.key),
            ("message.read", nurse.key),
        ]

    await store.write(walk)


async def test_a_reading_that_cannot_be_logged_fails(store: Store) -> None:
    nurse, _, received, _ = await store.write(in_conversation)

    with pytest.raises(Exception):  # noqa: B017, PT011 - each database refuses a write in its own words
        await store.read(chat.history, received.contact, 0, nurse)


async def test_who_left_in_time_is_back_in_place(store: Store, clock: FixedClock) -> None:
    received = await store.write(a_chat)
    me = the_resident(received)
    left = await store.write(chat.leave, me, received.contact, SERVICES)
    clock.advance(timedelta(minutes=9))
    await store.write(chat.connected, received.contact)
    back = await store.read(entry_of, received.contact)

    assert left.state == "left"
    assert (back.state, back.due_at, back.arrived_at) == (
        "waiting",
        received.entry.due_at,
        received.entry.arrived_at,
    )


async def test_leaving_the_page_ends_no_promise_and_no_emergency(store: Store) -> None:
    def walk(tx: Tx) -> None:
        promised = a_chat(tx, channel="form")
        urgent = a_chat(tx, "b", gate=EMERGENCY)
        for received in (promised, urgent):
            after = chat.leave(tx, the_resident(received), received.contact, SERVICES)
            assert after.state == "waiting"

    await store.write(walk)


async def test_a_text_to_an_ended_conversation_is_refused(store: Store, clock: FixedClock) -> None:
    received = await store.write(a_chat)
    me = the_resident(received)
    await store.write(chat.leave, me, received.contact, SERVICES)
    clock.advance(timedelta(minutes=11))
    await store.write(sweep, SERVICES.catalogue)

    with pytest.raises(ConversationEnded):
        await store.write(says, me, received.contact, "haloo?")


async def test_a_resident_who_writes_reopens_the_wrap_up(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, me, received, accepted = in_conversation(tx)
        wrapped = chat.wrap(tx, nurse, received.contact, accepted.entry.assignment, SERVICES)
        assert wrapped.state == "wrapping"
        says(tx, me, received.contact, "kiitos, vielä yksi kysymys")
        assert entry_of(tx, received.contact).state == "held"

    await store.write(walk)


async def test_a_lost_page_keeps_the_place_a_while(store: Store, clock: FixedClock) -> None:
    received = await store.write(a_chat)
    await store.write(chat.connected, received.contact)
    clock.advance(40)
    assert await store.write(chat.sweep, SERVICES) == 0
    clock.advance(10)
    assert await store.write(chat.sweep, SERVICES) == 1
    assert await store.write(chat.sweep, SERVICES) == 0
    entry = await store.read(entry_of, received.contact)

    assert (entry.state, entry.resume_until) == ("left", clock.now() + timedelta(minutes=10))


async def test_a_connected_page_is_renewed_before_it_is_taken_for_gone(
    store: Store, clock: FixedClock
) -> None:
    received = await store.write(a_chat)
    await store.write(chat.connected, received.contact)
    here = {received.contact, received.contact + 1}
    clock.advance(14)
    assert await store.read(presence.not_renewed, here) == []
    for _ in range(4):  # a minute in all
        clock.advance(15)
        stale = await store.read(presence.not_renewed, here)
        assert stale == [received.contact]
        await store.write(presence.renew, stale)
        assert await store.write(chat.sweep, SERVICES) == 0


async def test_a_connected_page_that_was_taken_for_gone_is_renewed_at_once(
    store: Store, clock: FixedClock
) -> None:
    """Another process may have seen the resident's other page go."""
    received = await store.write(a_chat)
    await store.write(chat.connected, received.contact)
    clock.advance(1)
    await store.write(chat.disconnected, received.contact, clock.now() + timedelta(minutes=10))

    assert await store.read(presence.not_renewed, {received.contact}) == [received.contact]


async def test_who_never_had_a_live_page_is_not_taken_for_gone(store: Store, clock: FixedClock) -> None:
    received = await store.write(a_chat)
    clock.advance(timedelta(minutes=5))

    assert await store.write(chat.sweep, SERVICES) == 0
    assert (await store.read(entry_of, received.contact)).state == "waiting"


async def test_silence_is_counted_from_the_unanswered_text(store: Store) -> None:
    def idle(tx: Tx, contact: int) -> object:
        return tx.scalar(select(ENTRY.c.idle_since).where(ENTRY.c.contact_id == contact))

    def walk(tx: Tx) -> None:
        nurse, me, received, accepted = in_conversation(tx)
        contact = received.contact
        assert idle(tx, contact) is None
        says(tx, nurse, contact, "hei", seen_seq=1, assignment=accepted.entry.assignment)
        assert idle(tx, contact) == tx.now
        says(tx, me, contact, "hei")
        assert idle(tx, contact) is None

    await store.write(walk)


async def test_seen_never_moves_back(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, me, received, _ = in_conversation(tx)
        contact = received.contact
        says(tx, me, contact, "hei")
        for seq in (2, 1, 50):
            chat.seen(tx, nurse, contact, seq)
            row = tx.get(Participant, (contact, nurse.key))  # type: ignore[arg-type]
            assert row.seen_seq == 2

    await store.write(walk)


async def test_a_text_that_is_none_is_refused(store: Store) -> None:
    received = await store.write(lambda tx: a_chat(tx, phone=PHONE))
    for text in ("", " ", "x" * 4001, "a\x00b"):
        with pytest.raises(TextRefused):
            await store.write(says, the_resident(received), received.contact, text)
