"""Acting for another on both databases: two people, the subject's own matter, and how the asker may be
reached.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from chat import service as chat
from core.clock import FixedClock
from core.store import Store, Tx
from core.urgency import Urgency
from router.acting import Acting, AskerIs
from router.answering import save_answers, start_answers
from router.arrivals import Received
from router.briefs import Brief, brief
from router.corrections import raise_alarm, tell_people
from router.models import Contact, Matter, Party
from router.moves import change_to_callback
from router.outcomes import close, reopen
from router.parties import Purpose, can_reach, safe_choices
from tests.builders import MONDAY, a_store
from tests.rooms import EMERGENCY, PHONE, SERVICES, a_chat, a_nurse, a_result, the_resident

GUARDIAN = Acting(asker_is=AskerIs.GUARDIAN)
MYSELF = Acting(asker_is=AskerIs.SELF)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with a_store(database_url, FixedClock(MONDAY)) as opened:
        yield opened


def row(tx: Tx, received: Received) -> Contact:
    found: Contact | None = tx.get(Contact, received.contact)
    assert found is not None
    return found


def looked_at(tx: Tx, received: Received) -> Brief:
    """What the professional who takes it sees."""
    nurse = a_nurse(tx)
    chat.take(tx, nurse, received.contact, "by_hand", SERVICES)
    return brief(tx, received.contact, nurse, SERVICES)


def with_age(tx: Tx, age: int, name: str = "form") -> int:
    answers = start_answers(tx, client_id=name, language="fi")
    save_answers(tx, answers, {"answers": {"who": "child", "age": age, "free_text": "yskä"}})
    return answers


async def test_child_s_contact_has_two_people_and_the_basis_as_told(store: Store) -> None:
    def arrive(tx: Tx) -> None:
        received = a_chat(tx, phone=PHONE, acting=GUARDIAN)
        contact = row(tx, received)
        asker, subject = tx.get(Party, contact.asker_id), tx.get(Party, contact.subject_id)
        matter = tx.get(Matter, contact.matter_id)
        assert asker is not None and subject is not None and matter is not None
        assert asker.id != subject.id == matter.subject_id
        assert asker.phone_sealed is not None
        assert subject.phone_sealed is None
        assert contact.acting == {
            "basis": "guardian",
            "checked_at": MONDAY.isoformat(),
            "result": "told",
            "judged": False,
        }

    await store.write(arrive)


async def test_own_contact_has_one_person(store: Store) -> None:
    def arrive(tx: Tx) -> None:
        contact = row(tx, a_chat(tx, acting=MYSELF))
        assert contact.asker_id == contact.subject_id
        assert contact.acting["basis"] == "self"
        assert row(tx, a_chat(tx, "untold")).acting == {}

    await store.write(arrive)


async def test_matter_is_joined_by_the_subject_and_never_by_the_asker(store: Store) -> None:
    def arrive(tx: Tx) -> None:
        mothers = a_chat(tx, "mother", identity="mother", acting=MYSELF)
        childs = a_chat(tx, "child", identity="mother", acting=GUARDIAN)
        assert mothers.matter != childs.matter
        again = a_chat(tx, "child again", identity="mother", subject_identity="child", acting=GUARDIAN)
        by_father = a_chat(tx, "father", identity="father", subject_identity="child", acting=GUARDIAN)
        assert again.matter == by_father.matter != mothers.matter
        own = a_chat(tx, "mother again", identity="mother", acting=MYSELF)
        assert own.matter == mothers.matter

    await store.write(arrive)


async def test_professional_sees_who_asks_and_for_whom(store: Store) -> None:
    def arrive(tx: Tx) -> None:
        safe = safe_choices(call=True, sms=False, voicemail=False)
        answers = with_age(tx, 4)
        seen = looked_at(tx, a_chat(tx, phone=PHONE, acting=GUARDIAN, safe_contact=safe, answers=answers))
        assert (seen.asker_is, seen.subject_age) == ("guardian", 4)
        assert seen.not_safe == ("sms", "voicemail", "survey", "link")

    await store.write(arrive)


async def test_untold_asker_is_not_made_up(store: Store) -> None:
    def arrive(tx: Tx) -> None:
        seen = looked_at(tx, a_chat(tx, result=None, gate=EMERGENCY))
        assert (seen.asker_is, seen.subject_age, seen.not_safe) == (None, None, ())

    await store.write(arrive)


@pytest.mark.parametrize(
    ("choices", "allowed"),
    [
        ({"call": True, "sms": True, "voicemail": True}, set(Purpose)),
        ({"call": True, "sms": False, "voicemail": True}, {Purpose.CALL, Purpose.VOICEMAIL}),
        ({"call": False, "sms": True, "voicemail": False}, {Purpose.SMS, Purpose.LINK, Purpose.SURVEY}),
        ({"call": False, "sms": False, "voicemail": False}, set()),
    ],
)
async def test_choice_of_contact_is_kept_and_obeyed(
    store: Store, choices: dict[str, bool], allowed: set[Purpose]
) -> None:
    def arrive(tx: Tx) -> None:
        contact = row(tx, a_chat(tx, phone=PHONE, safe_contact=safe_choices(**choices)))
        assert {purpose for purpose in Purpose if can_reach(tx, contact.asker_id, purpose)} == allowed

    await store.write(arrive)


async def test_who_asks_to_be_called_may_be_called_and_the_rest_stands(store: Store) -> None:
    def ask(tx: Tx) -> None:
        received = a_chat(tx, phone=PHONE, safe_contact=safe_choices(call=False, sms=False, voicemail=False))
        asker = row(tx, received).asker_id
        assert not can_reach(tx, asker, Purpose.CALL)

        change_to_callback(tx, received.contact, None, the_resident(received), SERVICES)

        assert can_reach(tx, asker, Purpose.CALL)
        assert not can_reach(tx, asker, Purpose.SMS)

    await store.write(ask)


async def test_corrected_emergency_tells_for_whom_it_was(store: Store) -> None:
    def arrive(tx: Tx) -> None:
        received = a_chat(tx, result=None, gate=EMERGENCY)
        safe = safe_choices(call=False, sms=True, voicemail=False)
        tell_people(tx, received.contact, acting=GUARDIAN, phone=PHONE, safe=safe)
        contact = row(tx, received)
        assert contact.asker_id != contact.subject_id
        assert tx.scalar(select(Matter.subject_id)) == contact.subject_id
        assert can_reach(tx, contact.asker_id, Purpose.SMS)
        assert not can_reach(tx, contact.asker_id, Purpose.CALL)
        tell_people(tx, received.contact, acting=None, phone=None, safe={})
        assert row(tx, received).acting["basis"] == "guardian"

    await store.write(arrive)


async def test_sign_of_danger_without_a_topic_raises_the_contact_once(store: Store) -> None:
    def walk(tx: Tx) -> None:
        received = a_chat(tx, result=a_result(Urgency.NON_URGENT))
        answers = start_answers(tx, client_id="later", language="fi")
        for _ in range(2):
            raised = raise_alarm(
                tx, received.contact, answers=answers, gate=EMERGENCY, actor="resident:1", services=SERVICES
            )
            assert (raised.urgency, raised.tier) == (Urgency.EMERGENCY, 0)
        mild = replace(EMERGENCY, level=Urgency.ED)
        other = a_chat(tx, "other", result=a_result(Urgency.NON_URGENT))
        kept = raise_alarm(
            tx, other.contact, answers=answers, gate=mild, actor="resident:2", services=SERVICES
        )
        assert kept.urgency is Urgency.NON_URGENT

    await store.write(walk)


async def test_return_to_a_closed_contact_is_for_the_same_person(store: Store) -> None:
    def walk(tx: Tx) -> None:
        safe = safe_choices(call=True, sms=False, voicemail=False)
        received = a_chat(
            tx, phone=PHONE, acting=GUARDIAN, safe_contact=safe, result=a_result(Urgency.SAME_DAY)
        )
        nurse = a_nurse(tx)
        held = chat.take(tx, nurse, received.contact, "by_hand", SERVICES).entry
        close(
            tx,
            received.contact,
            nurse,
            code="RESOLVED_ADVICE",
            assignment=held.assignment,
            services=SERVICES,
        )
        back = reopen(tx, received.contact, client_id="b", actor=the_resident(received), services=SERVICES)
        contact = row(tx, back)
        assert contact.acting["basis"] == "guardian"
        assert not can_reach(tx, contact.asker_id, Purpose.SMS)

    await store.write(walk)
