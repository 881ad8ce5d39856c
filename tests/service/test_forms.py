"""The form a professional fills, and her assessment: kept, judged, saved once, hers alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select

from callbacks import service as callbacks
from chat import service as chat
from core.clock import FixedClock
from core.errors import Invalid, NotFound
from core.events import read_events
from core.identity import Actor
from core.models import AccessLog
from core.store import Store, Tx
from core.urgency import Urgency
from ensilinja.rows import rows
from queues.errors import StaleAssignment
from queues.service import entry_of
from router import forms
from router.answering import newest_answers, save_answers, sent_answers, start_answers
from router.assessments import assess, assessments_of, transfer
from router.briefs import Brief, brief
from router.errors import AnswersClosed, FormEmpty, IdReused, NotSure
from router.form import FormView
from router.intake import withdraw_flag
from router.models import Answers
from tests.builders import MONDAY, a_store
from tests.rooms import LINE, SERVICES, a_callback, a_chat, a_nurse, a_result, later, offered

DEFAULT = SERVICES.catalogue.line(LINE).default_urgency
ID, OTHER_ID = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


class Desk:
    """A nurse with one contact in her hands."""

    def __init__(self, tx: Tx, *, is_chat: bool = False, **more: Any) -> None:
        self.tx = tx
        self.nurse = a_nurse(tx, queues="nurse physio")
        self.contact = (a_chat(tx, **more) if is_chat else a_callback(tx, **more)).contact
        offer = offered(tx)
        room = chat if is_chat else callbacks
        self.assignment = room.accept(tx, self.nurse, offer.id, offer.assignment, SERVICES).entry.assignment

    def open(self) -> FormView:
        return forms.open_form(
            self.tx, self.contact, self.nurse, assignment=self.assignment, services=SERVICES
        )

    def fill(
        self,
        topic: str | None = None,
        *,
        client_id: str = ID,
        others_no: bool = False,
        actor: Actor | None = None,
        **given: Any,
    ) -> FormView:
        view, faults = forms.fill_form(
            self.tx,
            self.contact,
            actor or self.nurse,
            assignment=self.assignment,
            client_id=client_id,
            given=given,
            topic=topic,
            others_no=others_no,
            services=SERVICES,
        )
        assert faults == {}
        return view

    def save(self, client_id: str = ID) -> forms.Saved:
        return forms.save_form(
            self.tx,
            self.contact,
            self.nurse,
            assignment=self.assignment,
            client_id=client_id,
            services=SERVICES,
        )

    def assess(self, urgency: Urgency, reason: str | None = None, **more: Any) -> None:
        given = {"assignment": self.assignment, "urgency": urgency, "reason": reason, "services": SERVICES}
        assess(self.tx, self.contact, self.nurse, **(given | more))

    @property
    def level(self) -> Urgency:
        return entry_of(self.tx, self.contact).urgency

    @property
    def brief(self) -> Brief:
        return brief(self.tx, self.contact, self.nurse, SERVICES)


def types(tx: Tx, contact: int) -> list[str]:
    return [event.type for event in read_events(tx, contact=contact)]


def told(tx: Tx, client_id: str, **values: Any) -> int:
    answers = start_answers(tx, client_id=client_id, language="fi")
    save_answers(tx, answers, {"answers": {}, **values})
    return answers


async def test_call_has_its_line_s_level_until_the_form_is_saved_and_then_the_form_s(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        assert (desk.level, desk.brief.level) == (DEFAULT, None)
        view = desk.fill("low_back", others_no=True, who="self", age="40", saddle="true")
        assert (view.level, desk.level) == (Urgency.ED, DEFAULT)
        saved = desk.save()
        assert (saved.level, desk.level) == (Urgency.ED, Urgency.ED)
        opened = desk.brief
        assert (opened.level, opened.topic, opened.filled_by) == (Urgency.ED, "low_back", "nurse1")
        assert opened.draft_at is None
        assert [f.id for f in opened.red_flags if f.danger] == ["saddle"]
        row = rows(tx, [desk.contact], SERVICES.catalogue)[desk.contact]
        assert (row.topic, row.urgency, row.tier) == ("low_back", "ED", 1)

    await store.write(walk)


async def test_milder_form_waits_for_the_professional_who_takes_it_with_one_act(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.fill("general", others_no=True, who="self", poor_condition="false", fever="false", pain="1")
        saved = desk.save()
        assert saved.level.rank > DEFAULT.rank and desk.level is DEFAULT
        desk.assess(saved.level, "by_answers")
        assert desk.level is saved.level
        with pytest.raises(Invalid):
            desk.assess(Urgency.ED, "by_answers")  # not what the answers came to

    await store.write(walk)


async def test_form_saved_again_is_the_same_answers(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.fill("low_back", others_no=True, saddle="true")
        assert desk.save() == desk.save()
        assert types(tx, desk.contact).count("answers.sent") == 1
        with pytest.raises(AnswersClosed):
            desk.fill(saddle="false")
        desk.fill(client_id=OTHER_ID, saddle="false")
        assert newest_answers(tx, desk.contact).level is Urgency.ED  # type: ignore[union-attr]

    await store.write(walk)


async def test_draft_is_there_after_a_crash_and_counts_for_nothing_until_saved(store: Store) -> None:
    def begin(tx: Tx) -> Desk:
        desk = Desk(tx)
        desk.fill("suicidality", attempt_now="true")
        return desk

    desk = await store.write(begin)

    def go_on(tx: Tx) -> None:
        desk.tx = tx
        view = desk.open()
        assert (view.client_id, view.topic, view.self_harm) == (ID, "suicidality", True)
        assert newest_answers(tx, desk.contact) is None
        assert desk.brief.draft_at == MONDAY and desk.brief.level is None
        assert not rows(tx, [desk.contact], SERVICES.catalogue)[desk.contact].self_harm
        sealed = tx.scalar(select(Answers.values_sealed))
        assert b"attempt_now" not in sealed
        desk.save()
        assert rows(tx, [desk.contact], SERVICES.catalogue)[desk.contact].self_harm
        assert entry_of(tx, desk.contact).tier == 0

    await store.write(go_on)


async def test_two_windows_fill_one_draft(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.fill("low_back", saddle="true")
        view = desk.fill(client_id=OTHER_ID, leg_weakness="true")
        assert view.client_id == ID
        assert tx.scalar(select(func.count()).select_from(Answers)) == 1
        answered = {each.id for each in view.questions if each.answer is True}
        assert answered == {"saddle", "leg_weakness"}

    await store.write(walk)


async def test_draft_goes_with_the_contact_to_the_one_who_takes_it_over(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.fill("low_back", saddle="true")
        transfer(tx, desk.contact, desk.nurse, assignment=desk.assignment, queue="physio", services=SERVICES)
        physio = a_nurse(tx, "physio1", "physio")
        with pytest.raises(StaleAssignment):
            desk.fill(saddle="false")
        held = callbacks.take(tx, physio, desk.contact, "by_hand", SERVICES).entry
        desk.nurse, desk.assignment = physio, held.assignment
        view = desk.fill(client_id=OTHER_ID, leg_weakness="false")  # without having opened it
        assert view.client_id == ID
        opened = select(AccessLog.actor).where(AccessLog.action == "form.open")  # type: ignore[arg-type]
        assert physio.key in tx.all(opened)
        desk.save(ID)
        assert desk.brief.filled_by == "physio1"

    await store.write(walk)


async def test_only_the_holder_under_her_assignment_fills_and_assesses(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.fill("low_back")
        colleague, stranger = a_nurse(tx, "nurse2"), a_nurse(tx, "dentist", "dental")
        acts = (
            desk.open,
            lambda: desk.fill(saddle="true"),
            desk.save,
            lambda: desk.assess(Urgency.ED, "worse"),
        )
        mine = desk.nurse
        for actor, refusal in ((colleague, StaleAssignment), (stranger, NotFound)):
            desk.nurse = actor
            for act in acts:
                with pytest.raises(refusal):
                    act()
        desk.nurse, desk.assignment = mine, desk.assignment - 1
        for act in acts:
            with pytest.raises(StaleAssignment):
                act()
        assert assessments_of(tx, desk.contact) == [] and sent_answers(tx, desk.contact) == []

    await store.write(walk)


async def test_form_of_another_contact_cannot_be_saved_here(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        told(tx, OTHER_ID)
        with pytest.raises(IdReused):
            desk.fill(client_id=OTHER_ID, gate_chest="true")
        with pytest.raises(FormEmpty):
            desk.save()
        desk.fill(who="self")
        with pytest.raises(FormEmpty):
            desk.save()

    await store.write(walk)


async def test_sign_of_danger_saves_without_a_topic(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.fill(gate_chest="true")
        assert desk.save().level is Urgency.EMERGENCY
        entry = entry_of(tx, desk.contact)
        assert (entry.urgency, entry.tier, entry.agent) == (Urgency.EMERGENCY, 0, desk.nurse.id)
        assert [why.id for why in desk.brief.fired] == ["gate_chest"]

    await store.write(walk)


async def test_form_begins_with_the_resident_s_answers_and_tells_what_the_nurse_changed(store: Store) -> None:
    def walk(tx: Tx) -> None:
        answers = told(tx, "a", gate=[], past=[], topic="low_back", answers={"saddle": False, "pain": 3})
        desk = Desk(tx, is_chat=True, answers=answers, result=a_result(topic="low_back"))
        assert {each.id: each.answer for each in desk.open().questions}["pain"] == 3
        assert desk.brief.changes is None
        desk.fill(saddle="true")
        desk.save()
        changes = desk.brief.changes
        assert changes is not None and changes.since == "first"
        assert [(each.id, each.kind) for each in changes.items] == [("saddle", "raised")]
        assert (changes.level_before, changes.level_now) == (Urgency.SAME_DAY, Urgency.ED)

    await store.write(walk)


async def test_withdrawn_flag_is_told_against_what_she_saw_and_no_reload_loses_it(
    store: Store, clock: FixedClock
) -> None:
    def arrive(tx: Tx) -> Desk:
        first = told(tx, "a", gate=["gate_chest"], past=None, topic="low_back")
        result = a_result(Urgency.EMERGENCY, topic="low_back", fired=())
        nurse = a_nurse(tx, queues="nurse physio")
        contact = a_chat(tx, answers=first, result=result).contact
        held = chat.take(tx, nurse, contact, "by_hand", SERVICES).entry
        desk = object.__new__(Desk)
        desk.tx, desk.nurse, desk.contact, desk.assignment = tx, nurse, contact, held.assignment
        assert desk.brief.changes is None and desk.brief.happened == ()
        return desk

    def correct(tx: Tx) -> None:
        again = told(tx, "b", gate=[], past=[], topic="low_back")
        withdraw_flag(
            tx,
            desk.contact,
            answers=again,
            result=a_result(topic="low_back"),
            actor=f"resident:{desk.contact}",
            services=SERVICES,
        )

    def look(tx: Tx, again: bool) -> Brief:
        return brief(tx, desk.contact, desk.nurse, SERVICES, again=again)

    desk = await store.write(arrive)
    clock.advance(later(5))
    await store.write(correct)
    clock.advance(later(1))
    refreshed = await store.write(look, True)
    clock.advance(later(1))
    seen = await store.write(look, False)
    clock.advance(later(1))
    reloaded = await store.write(look, False)

    assert seen.changes is not None and reloaded.changes is not None
    assert refreshed.changes == seen.changes  # what the screen fetched by itself is still news
    assert (seen.changes.since, seen.changes.new) == ("opened", True)
    assert (reloaded.changes.since, reloaded.changes.new) == ("first", False)
    for brief_now in (seen, reloaded):
        assert brief_now.changes is not None
        kinds = {each.id: each.kind for each in brief_now.changes.items}
        assert kinds["gate_chest"] == "withdrawn"
        assert [each.kind for each in brief_now.happened] == ["answers", "flag_withdrawn"]
    assert all(each.new and each.by == "resident" for each in seen.happened)
    assert not any(each.new for each in reloaded.happened)


async def test_earlier_contact_of_the_matter_is_compared_and_the_look_is_logged_there(store: Store) -> None:
    def walk(tx: Tx) -> None:
        old = told(tx, "a", gate=[], past=[], answers={"pain": 3})
        earlier = a_chat(tx, "a", answers=old, result=a_result(topic="low_back"))
        tx.session.flush()
        new = told(tx, "b", gate=[], past=[], answers={"pain": 7})
        nurse = a_nurse(tx, queues="nurse physio")
        second = a_chat(
            tx,
            "b",
            answers=new,
            result=a_result(topic="low_back"),
            matter=earlier.matter,
            arrived_at=tx.now + later(1),
        )
        changes = brief(tx, second.contact, nurse, SERVICES).changes
        assert changes is not None and changes.since == "earlier"
        assert [(each.id, each.before, each.now) for each in changes.items] == [("pain", "3", "7")]
        logged = select(AccessLog.action).where(AccessLog.contact_id == earlier.contact)  # type: ignore[arg-type]
        assert tx.all(logged) == ["answers.compare"]

    await store.write(walk)


async def test_both_levels_are_kept_with_who_when_and_why(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.assess(DEFAULT)
        desk.assess(Urgency.ED, "worse", words="  hengitys työlästä ")
        desk.assess(Urgency.SAME_DAY, "milder")
        kept = [(each.before, each.urgency, each.reason, each.words) for each in desk.brief.assessed]
        assert kept == [
            (DEFAULT, DEFAULT, None, ""),
            (DEFAULT, "ED", "worse", "hengitys työlästä"),
            ("ED", "SAME_DAY", "milder", ""),
        ]
        assert {each.by for each in desk.brief.assessed} == {"nurse1"}
        assert {each.at for each in desk.brief.assessed} == {MONDAY}
        facts = [e.data for e in read_events(tx, contact=desk.contact) if e.type == "assessment.made"]
        assert [(fact["before"], fact["urgency"], fact["reason"]) for fact in facts] == [
            row[:3] for row in kept
        ]
        assert "työlästä" not in str(facts)

    await store.write(walk)


@pytest.mark.parametrize("reason", [None, "", "no_such", "other"])
async def test_change_without_its_reason_is_refused(store: Store, reason: str | None) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        for level in (Urgency.ED, Urgency.NON_URGENT):
            with pytest.raises(Invalid):
                desk.assess(level, reason, words="  ")
        assert desk.level is DEFAULT and desk.brief.assessed == ()

    await store.write(walk)


async def test_lowering_an_emergency_or_self_harm_asks_once_more(store: Store) -> None:
    def walk(tx: Tx) -> None:
        desk = Desk(tx)
        desk.assess(Urgency.EMERGENCY, "worse")
        with pytest.raises(NotSure):
            desk.assess(Urgency.ED, "milder")
        desk.assess(Urgency.EMERGENCY)
        desk.assess(Urgency.ED, "milder", sure=True)
        desk.fill("suicidality", plan="true")
        desk.save()
        with pytest.raises(NotSure):
            desk.assess(Urgency.SAME_DAY, "milder")
        desk.assess(Urgency.EMERGENCY, "worse")  # upwards nobody is asked
        desk.assess(Urgency.SAME_DAY, "other", words="puhuttu", sure=True)
        assert desk.level is Urgency.SAME_DAY

    await store.write(walk)
