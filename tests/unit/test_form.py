"""A form filled by a professional: judged after every answer, never raising, never taking silence for no."""

from typing import Any

import pytest

from core.urgency import Urgency
from router.form import Form, fill, result_of, view_of
from tests.rooms import SERVICES
from triage.definition import UNKNOWN

CONTENT = SERVICES.content


def filled(topic: str | None = None, others_no: bool = False, **given: Any) -> Form:
    form, faults = fill(Form(), CONTENT, given, topic=topic, others_no=others_no)
    assert faults == {}
    return form


def shown(form: Form) -> Any:
    return view_of(form, CONTENT, "fi", None)


def test_empty_form_has_no_level_and_asks_for_whom() -> None:
    view = shown(Form())

    assert (view.level, view.complete, view.topic) == (None, False, None)
    assert [question.id for question in view.questions] == ["who", "free_text"]


def test_sign_of_danger_is_seen_at_once_also_before_a_topic() -> None:
    view = shown(filled(gate_chest="true"))

    assert view.level is Urgency.EMERGENCY
    assert [why.id for why in view.fired] == ["gate_chest"]
    assert view.signs == {"gate_chest": True}


def test_answer_of_emergency_duty_is_the_level_at_once_and_may_still_change() -> None:
    view = shown(filled("low_back", others_no=True, who="self", age="60", saddle="true"))

    assert view.level is Urgency.ED and not view.complete
    assert view.next is not None and view.left[1] > 0


def test_signs_not_told_of_keep_the_form_open_until_they_are_passed_over() -> None:
    answers = {"who": "self", "cannot_swallow": "true"}
    open_form, closed = filled("low_back", who="self"), filled("low_back", others_no=True, who="self")

    assert result_of(open_form, CONTENT) is not None
    assert not any(said for said in closed.signs.values()) and open_form.signs == {}
    assert shown(filled("sore_throat", **answers)).level is Urgency.EMERGENCY


def test_passing_over_the_others_leaves_what_was_told() -> None:
    form = filled(others_no=True, gate_chest="true", past_faint=UNKNOWN)

    assert (form.signs["gate_chest"], form.signs["past_faint"]) == (True, UNKNOWN)
    assert form.signs["gate_stroke"] is False


def test_answer_that_does_not_fit_is_told_and_not_kept() -> None:
    form = filled("low_back", who="self", age="40")
    after, faults = fill(
        form, CONTENT, {"age": "400", "nothing": "true", "saddle": "maybe"}, topic="gone", others_no=False
    )

    assert faults == {
        "age": "too_large",
        "nothing": "unknown_question",
        "saddle": "not_an_option",
        "topic": "unknown_topic",
    }
    assert after == form


def test_answer_taken_away_is_unanswered_again() -> None:
    form = filled("low_back", who="self", age="40", gate_chest="true")
    after, _ = fill(form, CONTENT, {"age": None, "gate_chest": None}, topic=None, others_no=False)

    assert "age" not in after.answers and after.signs == {}


def test_form_survives_being_stored() -> None:
    form = filled("low_back", others_no=True, who="self", age="40", saddle=UNKNOWN)

    assert Form.load(form.dump(), CONTENT) == form


def test_form_begins_with_what_the_resident_told() -> None:
    stored = {"gate": ["gate_chest"], "past": None, "topic": "low_back", "answers": {"pain": 4}, "phone": "1"}
    form = Form.load(stored, CONTENT)

    assert (form.topic, form.answers) == ("low_back", {"pain": 4})
    assert form.signs["gate_chest"] is True and "past_faint" not in form.signs


@pytest.mark.parametrize("stored", [{}, {"answers": 3, "signs": [], "topic": 7}, {"answers": {"pain": None}}])
def test_damaged_values_make_an_empty_form(stored: dict[str, object]) -> None:
    assert Form.load(stored, CONTENT) == Form()


@pytest.mark.parametrize("topic", sorted(CONTENT.topics))
def test_every_topic_is_filled_to_its_end_by_going_to_what_is_next(topic: str) -> None:
    form = filled(topic, others_no=True, who="self")
    for _ in range(60):
        view = shown(form)
        if view.next is None:
            break
        question = next(each for each in view.questions if each.id == view.next)
        raw = {"boolean": "false", "integer": "30", "decimal": "37"}.get(question.kind, UNKNOWN)
        if question.maximum is not None and question.maximum < 30:
            raw = "2"
        form, faults = fill(form, CONTENT, {question.id: raw}, topic=None, others_no=False)
        if faults:
            form, faults = fill(form, CONTENT, {question.id: UNKNOWN}, topic=None, others_no=False)
        assert faults == {}
    else:
        pytest.fail("the form does not end")

    assert view.level is not None and view.left[0] == 0
