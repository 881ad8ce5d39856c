"""The one door on both databases: one contact however often it is sent, a place and a word for everybody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from chat import service as chat
from core.clock import FixedClock
from core.errors import Invalid, NotFound
from core.events import read_events
from core.hours import local_date
from core.identity import Actor, Role
from core.models import AccessLog, Job
from core.phone import PhoneFault
from core.store import Store, Tx
from core.urgency import Urgency
from queues.service import entry_of
from router.answering import read_answers, save_answers, start_answers
from router.arrivals import Channel
from router.assessments import assess
from router.briefs import brief
from router.errors import AnswersClosed, IdReused, NoNumber, PromiseGone
from router.intake import withdraw_flag
from router.models import Contact, Party
from router.moves import cancel, change_to_callback
from router.parties import phone_of
from router.promising import Kind, keep_promise, promises_of, replace_promise, withdraw_promise
from tests.builders import MONDAY, a_store
from tests.rooms import (
    EMERGENCY,
    PHONE,
    SERVICES,
    a_callback,
    a_chat,
    a_nurse,
    a_result,
    offered,
    the_resident,
)

NIGHT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def types(tx: Tx, contact: int) -> list[str]:
    return [event.type for event in read_events(tx, contact=contact)]


def filled(tx: Tx, client_id: str = "form") -> int:
    answers = start_answers(tx, client_id=client_id, language="fi")
    save_answers(
        tx, answers, {"answers": {"free_text": "kurkku on kipeä", "pain": 4, "poor_condition": False}}
    )
    return answers


async def test_a_chat_has_a_place_and_an_estimate(store: Store) -> None:
    def arrive(tx: Tx) -> None:
        received = a_chat(tx)
        assert (received.entry.state, received.entry.channel, received.entry.queue) == (
            "waiting",
            "chat",
            "nurse",
        )
        assert received.promise is None
        assert received.estimate is not None
        assert received.estimate.position == 1
        assert types(tx, received.contact) == ["contact.received", "entry.queued"]

    await store.write(arrive)


async def test_the_same_id_is_the_same_contact(store: Store) -> None:
    first = await store.write(a_chat)
    second = await store.write(a_chat)
    counted = await store.read(lambda tx: tx.scalar(select(func.count()).select_from(Contact)))

    assert second == first
    assert counted == 1


async def test_simultaneous_sends_are_one_contact(store: Store) -> None:
    received = await asyncio.gather(*(store.write(a_chat) for _ in range(20)))

    assert len({one.contact for one in received}) == 1


async def test_a_replaced_promise_that_broke_stays_broken(store: Store, clock: FixedClock) -> None:
    first = (await store.write(a_callback)).promise
    assert first is not None
    clock.set(first.due_at + timedelta(minutes=5))

    def replace(tx: Tx) -> None:
        again = replace_promise(
            tx,
            first.contact,
            kind=Kind.CALLBACK,
            due_at=tx.now + timedelta(hours=1),
            told_as={},
            actor="system",
        )
        old, new = promises_of(tx, first.contact)
        assert (old.broken(tx.now), old.due_at, new) == (True, first.due_at, again)
        keep_promise(tx, first.contact, Kind.CALLBACK, tx.now, "system")
        assert keep_promise(tx, first.contact, Kind.CALLBACK, tx.now, "system") is None
        with pytest.raises(PromiseGone):
            withdraw_promise(tx, first.contact, Kind.CALLBACK, "system")

    await store.write(replace)


async def test_an_id_of_another_contact_opens_nothing(store: Store) -> None:
    await store.write(a_chat)

    with pytest.raises(IdReused):
        await store.write(a_callback)


async def test_a_failure_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(PhoneFault):
        await store.write(lambda tx: a_callback(tx, phone="112"))

    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(Contact))) == 0


async def test_answers_are_bound_once_and_stay_as_sent(store: Store) -> None:
    def walk(tx: Tx) -> int:
        answers = filled(tx)
        assert start_answers(tx, client_id="form", language="sv") == answers
        a_chat(tx, answers=answers)
        return answers

    answers = await store.write(walk)

    with pytest.raises(AnswersClosed):
        await store.write(save_answers, answers, {})
    with pytest.raises(AnswersClosed):
        await store.write(lambda tx: a_chat(tx, "b", answers=answers))
    assert (await store.read(read_answers, answers))["answers"]["pain"] == 4  # type: ignore[index, call-overload]


async def test_the_number_is_sealed_and_found_by_its_hash(store: Store) -> None:
    def look(tx: Tx) -> None:
        received = a_callback(tx)
        contact = tx.get(Contact, received.contact)
        assert contact is not None
        party = tx.get(Party, contact.asker_id)
        assert party is not None
        assert party.phone_sealed is not None
        assert PHONE.encode() not in party.phone_sealed
        assert party.phone_blind == tx.vault.blind(PHONE)
        assert phone_of(tx, contact.asker_id) == PHONE

    await store.write(look)


async def test_a_callback_is_promised_for_today_and_told_by_sms(store: Store) -> None:
    def ask(tx: Tx) -> None:
        received = a_callback(tx)
        promise = received.promise
        assert promise is not None
        assert local_date(promise.due_at) == local_date(tx.now)
        assert promise.told_as["key"] == "promise.callback"
        assert received.entry.channel == "callback"
        assert received.entry.due_at <= promise.due_at
        job = tx.one(select(Job))
        assert (job.kind, job.args) == ("sms", {"contact": received.contact, "text": "sms.callback_promised"})

    await store.write(ask)


async def test_a_callback_without_a_number_is_refused(store: Store) -> None:
    with pytest.raises(NoNumber):
        await store.write(lambda tx: a_chat(tx, callback=True))


async def test_the_elderly_line_promises_the_next_working_day(store: Store) -> None:
    received = await store.write(lambda tx: a_callback(tx, line="elderly"))

    assert received.promise is not None
    assert local_date(received.promise.due_at) == local_date(MONDAY) + timedelta(days=1)


async def test_a_closed_chat_is_taken_as_a_message_for_the_opening(store: Store, clock: FixedClock) -> None:
    clock.set(NIGHT)
    received = await store.write(a_chat)

    assert (received.entry.state, received.entry.channel) == ("scheduled", "message")
    assert received.entry.not_before == received.route.opens_at
    assert received.promise is not None
    assert received.promise.kind == Kind.MESSAGE


async def test_an_emergency_is_stored_though_nothing_was_asked(store: Store) -> None:
    received = await store.write(lambda tx: a_chat(tx, result=None, gate=EMERGENCY))

    assert (received.entry.urgency, received.entry.tier) == (Urgency.EMERGENCY, 0)


async def test_a_withdrawn_emergency_is_not_under_same_day(store: Store) -> None:
    def walk(tx: Tx) -> None:
        received = a_chat(tx, result=None, gate=EMERGENCY)
        result = a_result(Urgency.NON_URGENT)
        for _ in range(2):
            entry = withdraw_flag(
                tx,
                received.contact,
                answers=start_answers(tx, client_id="wrong", language="fi"),
                result=result,
                actor="resident:1",
                services=SERVICES,
            )
        assert (entry.urgency, entry.tier) == (Urgency.SAME_DAY, 2)
        assert types(tx, received.contact).count("flag.withdrawn") == 1

    await store.write(walk)


async def test_the_waiting_may_become_a_callback_and_keep_the_place(store: Store, clock: FixedClock) -> None:
    first = await store.write(a_chat)
    clock.advance(timedelta(minutes=9))

    def change(tx: Tx) -> None:
        me = the_resident(first)
        promise = change_to_callback(tx, first.contact, PHONE, me, SERVICES)
        assert change_to_callback(tx, first.contact, PHONE, me, SERVICES) == promise
        entry = entry_of(tx, first.contact)
        assert (entry.channel, entry.due_at, entry.arrived_at) == ("callback", first.entry.due_at, MONDAY)

    await store.write(change)


async def test_a_message_that_becomes_a_callback_replaces_its_promise(store: Store) -> None:
    def change(tx: Tx) -> None:
        received = a_chat(tx, channel=Channel.FORM)
        made = change_to_callback(tx, received.contact, PHONE, the_resident(received), SERVICES)
        old, new = sorted(promises_of(tx, received.contact), key=lambda promise: promise.id)
        assert (old.kind, old.ended_why, new.id) == (Kind.MESSAGE, "replaced_by", made.id)

    await store.write(change)


async def test_cancelling_withdraws_the_promise_and_ends_the_contact(store: Store) -> None:
    def stop(tx: Tx) -> None:
        received = a_callback(tx)
        me = the_resident(received)
        assert cancel(tx, received.contact, me, SERVICES).state == "done"
        assert cancel(tx, received.contact, me, SERVICES).state == "done"
        assert promises_of(tx, received.contact)[0].ended_why == "withdrawn_by_resident"

    await store.write(stop)


async def test_resident_a_cannot_reach_resident_b(store: Store) -> None:
    mine, theirs = await store.write(lambda tx: (a_chat(tx), a_chat(tx, "b")))
    me = the_resident(mine)

    for contact in (theirs.contact, 999, -1):
        with pytest.raises(NotFound) as refused:
            await store.write(cancel, contact, me, SERVICES)
        assert refused.value.detail == {}
        with pytest.raises(NotFound):
            await store.write(change_to_callback, contact, PHONE, me, SERVICES)


async def test_an_assessment_changes_the_level_with_a_reason(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = a_nurse(tx)
        received = a_chat(tx)
        offer = offered(tx)
        held = chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES).entry.assignment
        with pytest.raises(Invalid):
            assess(tx, received.contact, nurse, assignment=held, urgency=Urgency.ED, services=SERVICES)
        worse = {"urgency": Urgency.ED, "reason": "worse", "words": "hengitys työlästä"}
        assess(tx, received.contact, nurse, assignment=held, services=SERVICES, **worse)
        entry = entry_of(tx, received.contact)
        assert (entry.urgency, entry.tier) == (Urgency.ED, 1)
        eased = {"urgency": Urgency.NON_URGENT, "reason": "milder"}
        assess(tx, received.contact, nurse, assignment=held, services=SERVICES, **eased)
        assert entry_of(tx, received.contact).due_at == entry.due_at

    await store.write(walk)


async def test_the_brief_is_read_with_a_row_in_the_access_log(store: Store) -> None:
    def look(tx: Tx) -> None:
        nurse = a_nurse(tx)
        received = a_chat(tx, answers=filled(tx), phone=PHONE)
        before = brief(tx, received.contact, nurse, SERVICES)
        assert (before.phone, before.own_words) == (None, "kurkku on kipeä")
        assert before.phone_masked is not None
        offer = offered(tx)
        chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES)
        opened = brief(tx, received.contact, nurse, SERVICES)
        assert opened.phone == PHONE
        assert [line.answer for line in opened.answers if line.answer == "4"]
        assert "kurkku" not in repr(opened)
        actions = tx.all(select(AccessLog.action).order_by(AccessLog.id))  # type: ignore[call-overload]
        assert actions == ["contact.open", "offer.accept", "contact.open"]

    await store.write(look)


async def test_staff_of_another_queue_find_nothing(store: Store) -> None:
    def look(tx: Tx) -> None:
        received = a_chat(tx)
        stranger = Actor(kind="staff", id=1, roles=frozenset({Role.AGENT}), queues=frozenset({"dental"}))
        brief(tx, received.contact, stranger, SERVICES)

    with pytest.raises(NotFound):
        await store.write(look)


async def test_a_number_match_is_proposed_only_to_the_holder(store: Store) -> None:
    def look(tx: Tx) -> None:
        nurse = a_nurse(tx)
        earlier = a_callback(tx)
        received = a_chat(tx, "b", phone=PHONE, gate=EMERGENCY)
        assert received.matter != earlier.matter
        assert brief(tx, received.contact, nurse, SERVICES).matters == ()
        chat.take(tx, nurse, received.contact, "by_hand", SERVICES)
        (proposed,) = brief(tx, received.contact, nurse, SERVICES).matters
        assert proposed.contact == earlier.contact

    await store.write(look)


async def test_a_confirmed_matter_is_joined_and_not_a_first_contact(store: Store) -> None:
    def walk(tx: Tx) -> None:
        first = a_chat(tx)
        second = a_chat(tx, "b", matter=first.matter)
        assert second.matter == first.matter
        assert read_events(tx, contact=second.contact)[0].data["first_contact"] is False

    await store.write(walk)
