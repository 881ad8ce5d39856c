"""The way through the questions: which page comes next, which came before, who asks for whom, what
still fits.
"""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from core.county import Limits
from core.urgency import Urgency
from ensilinja.pages import journey as way
from ensilinja.pages.journey import Journey, Reach
from router.acting import AskerIs, acting, acting_of
from triage.definition import UNKNOWN, Kind, Option, Text
from triage.loader import load

FOLDER = Path(__file__).resolve().parents[2] / "config" / "oma-hame" / "triage"
CONTENT = load(FOLDER, require_approval=False)
LIMITS = Limits()
PASSED = Journey(own_words="Kurkku on kipeä.", gate=(), past=())


def following(told: Journey) -> str:
    return way.next_path(CONTENT, told, LIMITS)


def paths(told: Journey) -> list[str]:
    return [step.path for step in way.steps(CONTENT, told, LIMITS)]


def test_own_words_come_first_then_both_emergency_pages_then_whom_it_is_about() -> None:
    assert following(Journey()) == "/kysely/asia"
    assert following(Journey(own_words="x")) == "/kysely/hata"
    assert following(Journey(own_words="x", gate=())) == "/kysely/tanaan"
    assert following(PASSED) == "/kysely/kysymys/who"
    assert following(PASSED.answer("who", "self")) == "/kysely/aihe"


def test_emergency_on_either_page_ends_the_way_without_a_topic() -> None:
    assert way.is_emergency(CONTENT, Journey(gate=("gate_chest",)))
    assert way.is_emergency(CONTENT, Journey(gate=(), past=("past_stroke",)))
    assert not way.is_emergency(CONTENT, Journey(gate=(), past=("past_faint",)))


def test_what_sends_to_the_emergency_department_goes_on_and_is_counted() -> None:
    told = replace(PASSED, past=("past_faint",), topic="sore_throat").answer("who", "self")
    found = way.result(CONTENT, told, finished=True)

    assert following(told).startswith("/kysely/kysymys/")
    assert found is not None
    assert found.level is Urgency.ED


def test_child_s_age_is_asked_before_the_topic_and_once() -> None:
    told = PASSED.answer("who", "child")

    assert following(told) == "/kysely/kysymys/age"
    answered = replace(told.answer("age", 7), topic="general")
    assert paths(answered).count("/kysely/kysymys/age") == 1
    assert following(told.answer("age", 7)) == "/kysely/aihe"
    assert following(told.answer("age", UNKNOWN)) == "/kysely/aihe"


@pytest.mark.parametrize(
    ("who", "age", "notice"),
    [
        ("child", 11, None),
        ("child", 12, way.YOUNG),
        ("child", 17, way.YOUNG),
        ("child", 18, way.BASIS),
        ("other", 80, way.BASIS),
        ("other", None, way.BASIS),
        ("self", 11, way.ALONE),
        ("self", 12, None),
        ("self", UNKNOWN, None),
    ],
)
def test_page_about_acting_for_another_is_by_age(who: str, age: object, notice: str | None) -> None:
    answers = {"who": who} | ({} if age is None else {"age": age})

    assert way.notice(Journey(answers=answers), LIMITS) == notice  # type: ignore[arg-type]


def test_notice_is_read_once_and_the_basis_told_once() -> None:
    young = PASSED.answer("who", "child").answer("age", 15)
    assert following(young) == "/kysely/puolesta"
    assert following(replace(young, noted=(way.YOUNG,))) == "/kysely/aihe"
    other = PASSED.answer("who", "other")
    assert following(other) == "/kysely/puolesta"
    assert following(replace(other, basis="nonsense")) == "/kysely/puolesta"
    assert following(replace(other, basis="worried")) == "/kysely/aihe"


def test_child_who_writes_alone_is_told_so_right_after_the_age_and_goes_on() -> None:
    told = replace(PASSED, topic="general").answer("who", "self").answer("age", 10)
    asked = paths(told)

    assert asked[asked.index("/kysely/kysymys/age") + 1] == "/kysely/puolesta"
    assert following(told) == "/kysely/puolesta"
    assert following(replace(told, noted=(way.ALONE,))) != "/kysely/puolesta"


def test_page_before_is_the_one_before_in_order() -> None:
    told = replace(PASSED, topic="sore_throat").answer("who", "self")
    everything = ["/", *paths(told), "/kysely/tarkista"]

    for before, here in pairwise(everything):
        assert way.path_before(CONTENT, told, LIMITS, here) == before


def test_changed_topic_keeps_the_common_answers() -> None:
    told = replace(PASSED, topic="sore_throat").answer("who", "self").answer("fever", value=True)
    moved = replace(told, topic="respiratory")

    assert "/kysely/kysymys/fever" in paths(moved)
    assert following(moved) != "/kysely/kysymys/fever"
    assert moved.answers["fever"] is True


def test_journey_comes_back_from_storage_as_it_was() -> None:
    told = Journey(
        gate=("gate_chest",),
        past=(),
        own_words="ä",
        topic="general",
        answers={"who": "other", "age": 40, "several": ("a", "b")},
        phone="040 123 4567",
        reach=Reach(voicemail=False),
        basis="helper",
        noted=(way.YOUNG,),
        wants_call=True,
    )

    assert Journey.load(told.dump()) == told
    assert Journey.load({}) == Journey()


@pytest.mark.parametrize("topic", sorted(CONTENT.topics))
def test_what_the_content_no_longer_asks_is_asked_anew_and_never_a_fault(topic: str) -> None:
    mess: dict[str, object] = {
        "who": "self",
        "age": "forty",
        "fever": "yes",
        "pain": 99,
        "pregnant": True,
        "gone": 1,
        "sex": ["female"],
    }
    told = way.fitting(CONTENT, replace(PASSED, topic=topic, answers=mess))  # type: ignore[arg-type]

    assert set(told.answers) == {"who", "gone"}
    assert following(told)
    assert way.result(CONTENT, told, finished=True) is not None


def test_topic_that_is_gone_is_chosen_again() -> None:
    told = way.fitting(CONTENT, replace(PASSED, topic="plague").answer("who", "self"))

    assert following(told) == "/kysely/aihe"
    assert way.result(CONTENT, replace(told, topic="plague"), finished=True) is None


def test_option_that_is_gone_is_asked_again() -> None:
    common = CONTENT.common
    asked = tuple(
        replace(q, options=(Option(code="later", text=Text(fi="x")),)) if q.id == "pregnant" else q
        for q in common.questions
    )
    newer = replace(CONTENT, common=replace(common, questions=asked))
    told = replace(PASSED, topic="sore_throat", answers={"pregnant": "no", "fever": True})

    assert set(way.fitting(newer, told).answers) == {"fever"}
    assert any(q.kind is Kind.CHOICE for q in common.questions)


@pytest.mark.parametrize(
    ("who", "age", "basis", "asker", "judged"),
    [
        ("self", 40, "mandate", AskerIs.SELF, False),
        ("child", 3, None, AskerIs.GUARDIAN, False),
        ("child", 11, None, AskerIs.GUARDIAN, False),
        ("child", 12, None, AskerIs.GUARDIAN, True),
        ("child", 17, None, AskerIs.GUARDIAN, True),
        ("child", UNKNOWN, None, AskerIs.GUARDIAN, False),
        ("child", 18, "helper", AskerIs.HELPER, False),
        ("other", None, "mandate", AskerIs.MANDATE, False),
        ("other", None, "worried", AskerIs.WORRIED, False),
    ],
)
def test_who_asks_is_read_from_the_answers(
    who: str, age: object, basis: str | None, asker: AskerIs, judged: bool
) -> None:
    found = acting(who, age, basis, LIMITS)

    assert found is not None
    assert (found.asker_is, found.judged) == (asker, judged)
    assert found.for_another is (asker is not AskerIs.SELF)


@pytest.mark.parametrize(("who", "basis"), [(None, None), ("other", None), ("other", "verified"), (1, [])])
def test_who_asks_stays_untold_without_an_answer(who: object, basis: object) -> None:
    assert acting(who, None, basis, LIMITS) is None


def test_record_says_that_it_was_told_and_not_verified() -> None:
    found = acting("child", 15, None, LIMITS)
    assert found is not None
    record = found.record(datetime(2026, 11, 23, 8, tzinfo=UTC))

    assert record == {
        "basis": "guardian",
        "checked_at": "2026-11-23T08:00:00+00:00",
        "result": "told",
        "judged": True,
    }
    assert acting_of(record) == found
    assert acting_of({}) is None


def test_ages_are_the_county_s_own() -> None:
    later = replace(LIMITS, guardian_age=15)

    assert way.notice(Journey(answers={"who": "child", "age": 13}), later) is None
    assert acting("child", 13, None, later) == acting("child", 3, None, later)
