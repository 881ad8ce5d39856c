"""The answers' summary: what alarms stands first, and nothing that was not asked is told as no."""

from typing import Any

import pytest

from router.changes import differences
from router.reading import Flag, Reading, read_values
from router.stored import AnswersView
from router.summary import summary
from tests.builders import MONDAY
from tests.rooms import SERVICES
from triage.definition import UNKNOWN

CONTENT = SERVICES.content
NOW = [question.id for question in CONTENT.gate.questions]
PAST = [question.id for question in CONTENT.past.questions]


def view(topic: str | None = "low_back", **values: Any) -> AnswersView:
    more = {name: values.pop(name) for name in ("fired", "level") if name in values}
    return AnswersView(
        id=1,
        contact=1,
        language="fi",
        topic=topic,
        version=CONTENT.topic(topic).canonical if topic in CONTENT.topics else topic,
        values=values,
        changed_at=MONDAY,
        sent_at=MONDAY,
        level=more.get("level"),
        fired=more.get("fired", ()),
        tags=frozenset(),
        complete=True,
    )


def read(topic: str | None = "low_back", lang: str = "fi", **values: Any) -> Reading:
    return read_values(view(topic, **values), CONTENT, lang)


def flag(reading: Reading, name: str) -> Flag:
    return next(each for each in reading.red_flags if each.id == name)


def test_both_emergency_pages_are_told_sign_by_sign_with_the_ticked_first() -> None:
    reading = read(gate=["gate_stroke"], past=[], answers={})
    signs = [each for each in reading.red_flags if each.page != "topic"]

    assert {each.id for each in signs} == {*NOW, *PAST}
    assert (signs[0].id, signs[0].answer, signs[0].danger) == ("gate_stroke", "yes", True)
    assert {each.answer for each in signs[1:]} == {"no"}


def test_page_that_was_not_answered_was_not_asked() -> None:
    reading = read(gate=[], past=None, answers={})

    assert {flag(reading, name).answer for name in NOW} == {"no"}
    assert {flag(reading, name).answer for name in PAST} == {"not_asked"}


def test_order_is_danger_then_unknown_then_not_asked_then_no() -> None:
    answers = {"saddle": True, "leg_weakness": UNKNOWN, "bladder_bowel": False}
    reading = read(gate=[], past=[], answers=answers)
    ranks = [0 if f.danger else {"unknown": 1, "not_asked": 2}.get(f.answer, 3) for f in reading.red_flags]

    assert ranks == sorted(ranks) and set(ranks) == {0, 1, 2, 3}
    assert reading.red_flags[0].id == "saddle"
    assert flag(reading, "sudden_tearing").answer == "not_asked"


def test_question_hidden_by_its_condition_is_not_told_as_answered() -> None:
    reading = read("sore_throat", answers={"fever": False, "fever_max": 39.5, "pain": 3})

    assert "fever_max" not in {line.id for line in reading.answers}
    assert "fever_max" not in {fact.id for fact in reading.facts}


@pytest.mark.parametrize(("points", "answer", "danger"), [("2", "yes", True), ("0", "no", False)])
def test_choice_that_leads_to_self_harm_is_a_red_flag_in_its_own_words(
    points: str, answer: str, danger: bool
) -> None:
    found = flag(read("depression", answers={"phq1": "3", "phq2": "3", "phq9": points}), "phq9")
    option = next(o for o in CONTENT.question("depression", "phq9").options if o.code == points)  # type: ignore[union-attr]

    assert (found.answer, found.danger, found.said) == (answer, danger, option.text.fi)


def test_choice_not_known_is_unknown_and_never_no() -> None:
    found = flag(read("depression", answers={"phq1": "3", "phq2": "3", "phq9": UNKNOWN}), "phq9")

    assert (found.answer, found.danger) == ("unknown", False)


def test_number_is_a_red_flag_only_where_its_rule_can_hold() -> None:
    young = read("sore_throat", answers={"age": 0, "age_months": 1, "fever": True})

    assert flag(young, "fever").danger
    assert [fact.id for fact in young.facts][:2] == ["age", "age_months"]
    assert "age_months" not in {each.id for each in young.red_flags}  # whom it is about stands in the facts


def test_key_facts_are_in_order_and_what_is_ruled_out_is_left_out() -> None:
    answers = {
        "pain": 4,
        "duration_days": 3,
        "fever": False,
        "immunosuppressed": True,
        "anticoagulant": False,
        "who": "child",
        "sex": "male",
        "age": 7,
    }
    facts = [fact.id for fact in read("sore_throat", answers=answers).facts]

    assert facts == ["who", "age", "sex", "duration_days", "pain", "fever", "immunosuppressed"]


def test_rules_are_told_with_level_source_and_confidence() -> None:
    rule = next(rule for rule in CONTENT.topic("low_back").ruleset.rules if rule.level)
    (why,) = read(fired=(rule.id,), answers={}).fired

    assert (why.id, why.text, why.level) == (rule.id, rule.why.fi, rule.level)
    assert why.source == tuple(CONTENT.sources[name] for name in rule.source)
    assert why.confidence == rule.confidence


def test_rule_no_longer_in_the_content_is_told_by_its_id() -> None:
    (why,) = read(fired=("gone.rule",), answers={}).fired

    assert (why.id, why.text, why.level) == ("gone.rule", "gone.rule", None)


def test_topic_no_longer_in_the_content_still_shows_the_common_answers() -> None:
    reading = read("gone", answers={"pain": 9, "free_text": "selkä"})

    assert reading.own_words == "selkä"
    assert [line.id for line in reading.answers] == ["free_text", "pain"]


def test_signs_told_one_by_one_leave_the_rest_not_asked() -> None:
    reading = read(signs={"gate_chest": True, "past_faint": UNKNOWN}, answers={})

    assert flag(reading, "gate_chest").answer == "yes"
    assert flag(reading, "past_faint").answer == "unknown"
    assert flag(reading, "gate_stroke").answer == "not_asked"


def test_same_answers_have_no_differences() -> None:
    told = read(gate=[], past=[], answers={"pain": 4, "saddle": False})

    assert differences(told, told, "fi") == ()


def test_withdrawn_sign_and_risen_one_stand_before_other_changes() -> None:
    before = read(gate=["gate_chest"], answers={"pain": 4, "saddle": False})
    now = read(gate=[], answers={"pain": 5, "saddle": True, "duration_days": 2})
    found = {each.id: each for each in differences(before, now, "en")}

    assert list(found) == ["saddle", "gate_chest", "pain", "duration_days"]
    assert [each.kind for each in found.values()] == ["raised", "withdrawn", "changed", "added"]
    assert (found["gate_chest"].before, found["gate_chest"].now) == ("Yes", "No")
    assert (found["pain"].before, found["pain"].now) == ("4", "5")
    assert (found["duration_days"].before) == "Not asked"


def test_answer_taken_away_is_told_as_not_asked() -> None:
    (change,) = differences(read(answers={"pain": 4}), read(answers={}), "sv")

    assert (change.id, change.kind, change.now) == ("pain", "removed", "Inte frågat")


def test_other_topic_is_a_change_of_its_own() -> None:
    changes = differences(read("low_back", answers={}), read("sore_throat", answers={}), "fi")

    (topic,) = [each for each in changes if each.id == "topic"]
    assert (topic.before, topic.now) == (
        CONTENT.topic("low_back").name.fi,
        CONTENT.topic("sore_throat").name.fi,
    )


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_summary_names_danger_version_and_that_it_is_an_example(lang: str) -> None:
    reading = read(gate=[], past=[], lang=lang, answers={"saddle": True, "pain": 4})
    text = summary(
        reading,
        arrived_at=MONDAY,
        queue="Q",
        level=None,
        version=CONTENT.topic("low_back").canonical,
        approved=False,
        lang=lang,
    )
    saddle = CONTENT.question("low_back", "saddle").text.get(lang)  # type: ignore[union-attr]

    assert text.startswith("23.11.2026 10.00 Q\n")
    assert text.count(saddle) == 1
    assert text.splitlines()[-1].split(".")[1:][-2] != ""
    assert "low_back" in text.splitlines()[-1]
