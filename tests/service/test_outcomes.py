"""The end of contacts on both databases: by a professional, with a code, and never in silence."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from callbacks import service as callbacks
from callbacks.results import Result
from callbacks.telephony.port import DialAnswered, DialFailed
from chat import service as chat
from core.clock import FixedClock
from core.errors import Invalid, NotFound
from core.events import read_events
from core.identity import SYSTEM, Actor
from core.models import Job
from core.store import Store, Tx
from queues.errors import StaleAssignment
from queues.models import ENTRY
from queues.service import entry_of
from router.arrivals import Received
from router.briefs import brief
from router.errors import AttemptsLeft, MessageOwed, OutcomeUnknown, TooLate
from router.models import Outcome, Party
from router.outcomes import OutcomeView, close, correct, outcome_of, reopen, siblings_of
from router.promising import promises_of
from tests.builders import MONDAY, a_store
from tests.rooms import PHONE, PROVIDER, SERVICES, a_callback, a_chat, a_nurse, offered, the_resident


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def types(tx: Tx, contact: int) -> list[str]:
    return [event.type for event in read_events(tx, contact=contact)]


def in_chat(tx: Tx) -> tuple[Actor, Received, int]:
    nurse, received = a_nurse(tx), a_chat(tx)
    offer = offered(tx)
    chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES)
    return nurse, received, offer.assignment


def in_callback(tx: Tx) -> tuple[Actor, Received, int]:
    nurse, received = a_nurse(tx), a_callback(tx)
    offer = offered(tx)
    callbacks.accept(tx, nurse, offer.id, offer.assignment, SERVICES)
    return nurse, received, offer.assignment


def ends(
    tx: Tx, nurse: Actor, received: Received, assignment: int, code: str = "RESOLVED_ADVICE", **more: object
) -> OutcomeView:
    return close(
        tx,
        received.contact,
        nurse,
        code=code,
        assignment=assignment,
        services=SERVICES,
        **more,  # type: ignore[arg-type]
    )


def texts_due(tx: Tx) -> list[str]:
    due = select(Job).where(Job.kind == "sms").order_by(Job.id)  # type: ignore[arg-type]
    return [str(job.args["text"]) for job in tx.all(due)]


async def test_a_chat_ends_with_its_outcome(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, received, assignment = in_chat(tx)
        outcome = ends(tx, nurse, received, assignment, note="ohjattu omahoitoon")
        assert outcome_of(tx, received.contact) == outcome
        assert entry_of(tx, received.contact).state == "done"
        (told,) = [e for e in read_events(tx, contact=received.contact) if e.type == "outcome.recorded"]
        assert (told.data["code"], told.data["resolved"], told.data["by"]) == (
            "RESOLVED_ADVICE",
            True,
            nurse.id,
        )
        assert "omahoitoon" not in str(told.data)
        assert b"omahoitoon" not in tx.scalar(select(Outcome.note_sealed))  # type: ignore[call-overload]

    await store.write(walk)


async def test_closing_twice_is_refused(store: Store) -> None:
    nurse, received, assignment = await store.write(in_chat)
    await store.write(ends, nurse, received, assignment)

    with pytest.raises(StaleAssignment):
        await store.write(ends, nurse, received, assignment)


@pytest.mark.parametrize("code", ["WITHDRAWN", "EMS_NO_UNIT", "NO_SUCH_CODE", ""])
async def test_a_code_that_does_not_fit_is_refused(store: Store, code: str) -> None:
    nurse, received, assignment = await store.write(in_chat)

    with pytest.raises(OutcomeUnknown):
        await store.write(ends, nurse, received, assignment, code)
    assert (await store.read(entry_of, received.contact)).state == "held"


async def test_only_the_holder_closes(store: Store) -> None:
    nurse, received, assignment = await store.write(in_chat)
    other = await store.write(lambda tx: a_nurse(tx, "nurse2"))
    stranger = await store.write(lambda tx: a_nurse(tx, "nurse3", queues="dental"))

    with pytest.raises(StaleAssignment):
        await store.write(ends, other, received, assignment)
    with pytest.raises(StaleAssignment):
        await store.write(ends, nurse, received, assignment + 1)
    with pytest.raises(NotFound):
        await store.write(ends, stranger, received, assignment)


async def test_a_reached_callback_ends_without_a_message(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, received, assignment = in_callback(tx)
        attempt = callbacks.dial(tx, nurse, received.contact, assignment, SERVICES)
        callbacks.hear(tx, PROVIDER, DialAnswered(key=attempt.key, at=tx.now), SERVICES)
        ends(tx, nurse, received, assignment)
        assert texts_due(tx) == ["sms.callback_promised", "sms.survey"]  # and none that she was not reached

    await store.write(walk)


async def test_an_untried_callback_ends_with_a_message(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, received, assignment = in_callback(tx)
        ends(tx, nurse, received, assignment, "DUPLICATE")
        assert texts_due(tx) == ["sms.callback_promised", "sms.callback_ended"]
        assert promises_of(tx, received.contact)[0].ended_why == "replaced_by"

    await store.write(walk)


async def test_where_no_message_may_be_sent_a_reason_is_owed(store: Store) -> None:
    def protected(tx: Tx) -> tuple[Actor, Received, int]:
        found = in_callback(tx)
        for party in tx.all(select(Party)):
            party.non_disclosure = True
        tx.session.flush()
        return found

    nurse, received, assignment = await store.write(protected)

    with pytest.raises(MessageOwed):
        await store.write(ends, nurse, received, assignment, "DUPLICATE")
    assert (await store.read(entry_of, received.contact)).state == "held"
    outcome = await store.write(ends, nurse, received, assignment, "DUPLICATE", why="not_safe_to_contact")
    assert await store.read(lambda tx: tx.scalar(select(Outcome.why))) == "not_safe_to_contact"  # type: ignore[call-overload]
    assert outcome.code == "DUPLICATE"


async def test_unreached_needs_all_its_attempts(store: Store) -> None:
    def one_try(tx: Tx) -> None:
        nurse, received, assignment = in_callback(tx)
        attempt = callbacks.dial(tx, nurse, received.contact, assignment, SERVICES)
        callbacks.hear(
            tx, PROVIDER, DialFailed(key=attempt.key, result=Result.AGENT_ABSENT, at=tx.now), SERVICES
        )
        ends(tx, nurse, received, assignment, "UNREACHED")

    with pytest.raises(AttemptsLeft):
        await store.write(one_try)


async def test_a_reason_is_a_code(store: Store) -> None:
    nurse, received, assignment = await store.write(in_callback)

    with pytest.raises(Invalid):
        await store.write(ends, nurse, received, assignment, "DUPLICATE", why="asuu turvakodissa")


async def test_ticked_siblings_end_with_it_and_are_told(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = a_nurse(tx)
        first = a_callback(tx)
        second = a_chat(tx, "b", matter=first.matter)
        chat.take(tx, nurse, second.contact, "by_hand", SERVICES)
        assignment = entry_of(tx, second.contact).assignment
        (sibling,) = siblings_of(tx, second.contact)
        assert sibling.contact == first.contact
        assert brief(tx, second.contact, nurse, SERVICES).siblings == (sibling,)
        outcome = ends(tx, nurse, second, assignment, siblings=[first.contact])
        assert outcome.siblings == (first.contact,)
        ended = outcome_of(tx, first.contact)
        assert ended is not None
        assert (ended.code, entry_of(tx, first.contact).state) == ("DUPLICATE", "done")
        assert promises_of(tx, first.contact)[0].ended_why == "replaced_by"
        assert "sms.answered_elsewhere" in texts_due(tx)

    await store.write(walk)


async def test_an_unticked_sibling_stays(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = a_nurse(tx)
        first = a_callback(tx)
        second = a_chat(tx, "b", matter=first.matter)
        chat.take(tx, nurse, second.contact, "by_hand", SERVICES)
        ends(tx, nurse, second, entry_of(tx, second.contact).assignment)
        assert entry_of(tx, first.contact).state == "waiting"
        assert promises_of(tx, first.contact)[0].ended_at is None

    await store.write(walk)


async def test_a_strangers_contact_is_no_sibling(store: Store) -> None:
    nurse, received, assignment = await store.write(in_chat)
    other = await store.write(lambda tx: a_callback(tx, "b"))

    with pytest.raises(Invalid):
        await store.write(ends, nurse, received, assignment, siblings=[other.contact])


async def test_a_correction_leaves_both(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, received, assignment = in_chat(tx)
        first = ends(tx, nurse, received, assignment)
        second = correct(
            tx, received.contact, nurse, code="BOOKED_DOCTOR", why="wrong_key", services=SERVICES
        )
        assert second.supersedes == first.id
        assert outcome_of(tx, received.contact) == second
        assert len(tx.all(select(Outcome))) == 2
        with pytest.raises(OutcomeUnknown):  # another queue's code
            correct(tx, received.contact, nurse, code="EMS_UNIT", why="wrong_key", services=SERVICES)

    await store.write(walk)


async def test_a_return_is_a_new_contact_of_the_matter_for_the_same_professional(
    store: Store, clock: FixedClock
) -> None:
    nurse, received, assignment = await store.write(in_chat)
    await store.write(ends, nurse, received, assignment)
    clock.advance(timedelta(hours=1))

    def come_back(tx: Tx) -> None:
        back = reopen(tx, received.contact, client_id="b", actor=the_resident(received), services=SERVICES)
        again = reopen(tx, received.contact, client_id="b", actor=SYSTEM, services=SERVICES)
        assert again == back
        assert (back.matter, back.entry.queue) == (received.matter, received.entry.queue)
        assert back.contact != received.contact
        preferred = select(ENTRY.c.preferred_agent_id).where(ENTRY.c.contact_id == back.contact)
        assert tx.scalar(preferred) == nurse.id
        assert read_events(tx, contact=back.contact)[0].data["first_contact"] is False

    await store.write(come_back)


async def test_a_return_after_a_day_is_too_late(store: Store, clock: FixedClock) -> None:
    nurse, received, assignment = await store.write(in_chat)
    await store.write(ends, nurse, received, assignment)
    clock.advance(timedelta(hours=25))

    with pytest.raises(TooLate):
        await store.write(
            lambda tx: reopen(
                tx, received.contact, client_id="b", actor=the_resident(received), services=SERVICES
            )
        )


async def test_an_open_contact_is_not_reopened(store: Store) -> None:
    received = await store.write(lambda tx: a_chat(tx, phone=PHONE))

    with pytest.raises(TooLate):
        await store.write(
            lambda tx: reopen(
                tx, received.contact, client_id="b", actor=the_resident(received), services=SERVICES
            )
        )
