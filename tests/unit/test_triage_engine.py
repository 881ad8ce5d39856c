from pathlib import Path

import pytest

from core.urgency import Urgency
from triage import engine, probing
from triage.definition import UNKNOWN, Answers, GateResult, Result, Subject, Value
from triage.errors import UnknownTopic
from triage.loader import load

CONTENT = load(Path(__file__).parents[2] / "config" / "oma-hame" / "triage", require_approval=False)
CLEAR = GateResult(level=None, fired=(), tags=frozenset(), complete=True)
WOMAN = Subject(age=30, sex="female")
MAN = Subject(age=30, sex="male")
ANYONE = Subject()


def evaluate(topic: str, answers: Answers, subject: Subject = ANYONE, *, finished: bool = True) -> Result:
    return engine.evaluate(CONTENT, topic, answers, subject, gate=CLEAR, finished=finished)


def asked(topic: str, answers: Answers, subject: Subject = ANYONE) -> list[str]:
    return [question.id for question in engine.questions(CONTENT, topic, answers, subject)]


def low_mood(**more: Value) -> dict[str, Value]:
    calm: dict[str, Value] = {"phq1": "1", "phq2": "1", "phq9": "0", "psychotic": False}
    return {"age": 30, **calm, "postnatal": False, "poor_condition": False, **more}


def test_stopped_short_screen_counts_its_skipped_items_as_no() -> None:
    result = evaluate("depression", low_mood())
    assert "phq3" not in asked("depression", low_mood())
    assert (result.level, result.complete) == (Urgency.SELF_CARE, True)


def test_answer_given_before_the_question_was_hidden_no_longer_counts() -> None:
    stale = {f"phq{item}": "3" for item in range(3, 9)}
    assert evaluate("depression", low_mood(**stale)) == evaluate("depression", low_mood())


def test_self_harm_item_is_asked_even_when_the_short_screen_stops() -> None:
    assert "phq9" in asked("depression", low_mood())
    assert evaluate("depression", low_mood(phq9=UNKNOWN)).level is Urgency.NON_URGENT


def test_half_filled_score_is_unknown() -> None:
    half = low_mood(phq1="3", phq2="3", phq3="3", phq4="3", phq5="3", phq6="3", phq7="3")
    result = evaluate("depression", half)
    assert (result.level, result.complete) == (Urgency.NON_URGENT, False)
    assert evaluate("depression", {**half, "phq8": "3"}).level is Urgency.SAME_DAY


@pytest.mark.parametrize(
    ("eighth", "level"), [("0", Urgency.NON_URGENT), ("1", Urgency.DAYS_1_3), ("2", Urgency.DAYS_1_3)]
)
def test_mood_score_is_a_sum_with_thresholds(eighth: str, level: Urgency) -> None:
    answers = low_mood(phq1="2", phq2="2", phq3="2", phq4="2", phq5="2", phq6="2", phq7="2", phq8=eighth)
    assert evaluate("depression", answers).level is level


def test_thoughts_of_self_harm_lead_straight_to_their_topic_and_carry_the_tag() -> None:
    answers = low_mood(phq9="1")
    order = asked("depression", answers)
    assert order[order.index("phq9") + 1] == "attempt_now"
    result = evaluate("depression", answers)
    assert (result.topic, result.level, result.complete) == ("suicidality", Urgency.SAME_DAY, False)
    assert "self_harm" in result.tags
    assert evaluate("depression", {**answers, "means_intent": True}).level is Urgency.EMERGENCY


def test_levels_of_the_topic_one_came_from_stay_but_its_default_does_not() -> None:
    calm: dict[str, Value] = {"breath_swallow": False, "two_fingers": True, "growing": False, "pain": 1}
    calm |= {"poor_condition": False, "immunosuppressed": False, "fever": False, "age": 30, "sex": "male"}
    calm |= {"severe_no_relief": False, "sleep": False, "recent_procedure": False, "jaw_locked": False}
    boil = evaluate("toothache", {**calm, "swelling": True, "gum_boil_only": True})
    assert (boil.topic, boil.level) == ("dental_swelling", Urgency.DAYS_1_3)
    plain = evaluate("toothache", {**calm, "swelling": True, "gum_boil_only": False})
    assert (plain.topic, plain.level) == ("dental_swelling", Urgency.SAME_DAY)
    locked = evaluate("toothache", {**calm, "swelling": True, "gum_boil_only": True, "jaw_locked": True})
    assert (locked.topic, locked.level) == ("toothache", Urgency.ED)


def test_open_move_keeps_the_form_unfinished() -> None:
    result = evaluate("toothache", {"swelling": UNKNOWN, "severe_no_relief": True})
    assert result.complete is False


def test_pregnancy_is_asked_of_those_it_can_concern() -> None:
    assert "pregnant" in asked("uti", {}, WOMAN)
    assert "pregnant" in asked("uti", {})
    assert "pregnant" not in asked("uti", {}, MAN)
    assert "pregnant" not in asked("uti", {}, Subject(age=8, sex="female"))
    assert "pregnant" not in asked("uti", {"age": 70, "sex": "female"})


def test_age_and_sex_are_asked_only_when_unknown_and_needed() -> None:
    assert asked("uti", {"age": 30})[:2] == ["age", "sex"]
    assert not {"age", "sex"} & set(asked("uti", {}, WOMAN))
    assert "sex" not in asked("suicidality", {})


def test_age_in_years_is_a_span_of_months() -> None:
    ill: dict[str, Value] = {"fever": True}
    baby = evaluate("respiratory", {**ill, "age": 0})
    assert "age_months" in asked("respiratory", {"age": 0})
    assert "age_months" not in asked("respiratory", {"age": 1})
    assert baby.complete is False
    assert evaluate("respiratory", {**ill, "age": 0, "age_months": 2}).level is Urgency.ED
    assert evaluate("respiratory", {**ill, "age": 0, "age_months": 3}).level is not Urgency.ED
    assert "floor.newborn" not in {fired.id for fired in evaluate("respiratory", {"age": 40}).fired}


def test_months_alone_tell_that_it_is_a_baby() -> None:
    result = evaluate("uti", {"age_months": 2, "fever": True})

    assert result.level is Urgency.ED
    assert "floor.newborn" in {fired.id for fired in result.fired}


def test_identity_goes_before_what_was_answered() -> None:
    assert "uti.male" in {fired.id for fired in evaluate("uti", {"sex": "female"}, MAN).fired}
    known = Subject(age_months=2)
    assert evaluate("respiratory", {"fever": True, "age": 30}, known).level is Urgency.ED


def test_emergency_ends_the_questions() -> None:
    answers = {"age": 30, "cannot_swallow": True}
    assert engine.next_question(CONTENT, "sore_throat", answers, ANYONE) is None
    assert engine.remaining(CONTENT, "sore_throat", answers, ANYONE) == (0, 0)
    assert evaluate("sore_throat", answers, finished=False).complete is True


def test_fired_rules_are_told_most_urgent_first_with_their_reason() -> None:
    result = evaluate("uti", {"retention": True, "age": 12, "flank": True}, finished=False)
    assert [fired.id for fired in result.fired] == ["uti.retention", "uti.upper", "uti.child"]
    assert result.fired[0].why.get("sv") == "urinstämma"
    assert result.version == CONTENT.topic("uti").canonical


def test_unfinished_form_that_could_still_become_milder_is_incomplete() -> None:
    answers = probing.mild(CONTENT, CONTENT.topic("dental_swelling"))
    del answers["gum_boil_only"]
    assert evaluate("dental_swelling", answers, finished=False).complete is False
    assert evaluate("dental_swelling", answers, finished=True).complete is True


def test_same_answers_give_the_same_result() -> None:
    answers: dict[str, Value] = {"fever": True, "age": 70}
    assert evaluate("respiratory", answers) == evaluate("respiratory", dict(reversed(answers.items())))


def test_unknown_topic_is_said() -> None:
    with pytest.raises(UnknownTopic):
        evaluate("no_such_topic", {})


def test_interview_is_offered_to_an_uncomplicated_woman_only() -> None:
    plain: dict[str, Value] = dict.fromkeys(
        ["retention", "vomiting", "flank", "chills", "discharge", "clots", "recurrent", "urinary_disease"],
        False,
    )
    plain |= {"uti_confused": False}
    plain |= {"burning": True, "frequency": True, "fever": False, "immunosuppressed": False}
    plain |= {"poor_condition": False, "pregnant": "no", "pain": 3}
    assert "structured_interview_eligible" in evaluate("uti", plain, WOMAN).tags
    assert evaluate("uti", plain, MAN).tags == frozenset()
    assert evaluate("uti", {**plain, "urinary_disease": UNKNOWN}, WOMAN).tags == frozenset()
