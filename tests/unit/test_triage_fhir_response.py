"""Filled forms as FHIR: every response is R4, says what was asked and answered, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.sizes import sized
from tests.fhir_r4 import judge
from triage import fhir, importing
from triage.answers import reader
from triage.definition import UNKNOWN, Content, Kind, Question, Questionnaire
from triage.fhir_response import ABSENT, Filled, bundle, response_line
from triage.loader import load

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
CONTENT = load(ROOT / "config" / "oma-hame" / "triage", require_approval=False)
TOPICS = sorted(CONTENT.topics)
COMMON = {question.id: question for question in CONTENT.common.questions}
AUTHORED = "2026-11-26T22:10:00+02:00"


def forms(content: Content = CONTENT) -> dict[str, Questionnaire]:
    own = [topic.questionnaire for topic in content.topics.values()]
    shared = (content.gate, content.past, content.common)
    return {f"{fhir.canonical_url(f.id)}|{f.version}": f for f in (*shared, *own)}


def responses(line: Json, content: Content = CONTENT) -> dict[str, Json]:
    """The responses of a line by their questionnaire's id."""
    found = json.loads(json.dumps(response_line(content, line)))
    judge(found)
    entries = [entry["resource"] for entry in found.get("entry", [])]
    for response in entries:
        judge(response)
    return {forms(content)[response["questionnaire"]].id: response for response in entries}


def answers(response: Json) -> dict[str, list[Json]]:
    return {item["linkId"]: item["answer"] for item in response["item"]}


def filled(topic: str, given: Json, **more: Any) -> Json:
    return {"id": "a1", "topic": topic, "answers": given, "finished": True, **more}


def test_each_questionnaire_of_a_form_has_its_response_with_canonical_and_version() -> None:
    said = {"gate_chest": False, "past_faint": True, "fever": True, "retention": False}
    past = {question.id: False for question in CONTENT.past.questions}
    found = responses(
        filled("uti", {**said, **past}, authored=AUTHORED, subject="urn:uuid:1", source="urn:uuid:2")
    )
    assert list(found) == ["gate", "past", "common", "uti"]
    uti = found["uti"]
    assert (
        uti["questionnaire"]
        == f"urn:ensilinja:questionnaire:uti|{CONTENT.topics['uti'].questionnaire.version}"
    )
    assert (uti["status"], uti["authored"], uti["language"]) == ("completed", AUTHORED, "fi")
    assert (uti["subject"], uti["source"]) == ({"reference": "urn:uuid:1"}, {"reference": "urn:uuid:2"})
    assert answers(found["gate"]) == {"gate_chest": [{"valueBoolean": False}]}
    assert answers(found["common"]) == {"fever": [{"valueBoolean": True}]}
    assert set(answers(found["past"])) == set(past)


@pytest.mark.parametrize("version", ["0.0.7", "uti|0.0.7"])
def test_version_under_which_a_form_was_stored_stands_in_its_canonical(version: str) -> None:
    found = response_line(CONTENT, filled("uti", {"retention": False}, version=version))
    assert found["entry"][0]["resource"]["questionnaire"] == "urn:ensilinja:questionnaire:uti|0.0.7"


@pytest.mark.parametrize(
    ("finished", "amended", "status"),
    [
        (True, False, "completed"),
        (False, False, "in-progress"),
        (True, True, "amended"),
        (False, True, "in-progress"),
    ],
)
def test_status_is_that_of_the_form(finished: bool, amended: bool, status: str) -> None:
    found = responses(filled("uti", {"retention": True}) | {"finished": finished, "amended": amended})
    assert found["uti"]["status"] == status


def test_i_do_not_know_is_an_absent_value_and_what_was_not_asked_is_not_there() -> None:
    found = responses(
        filled("depression", {"phq1": UNKNOWN, "psychotic": UNKNOWN, "phq2": "2"}, language="en")
    )
    said = answers(found["depression"])
    assert list(found) == ["depression"]
    assert said["phq1"] == [{"valueCoding": ABSENT}]
    assert said["psychotic"] == [{"_valueBoolean": ABSENT}]
    assert said["phq2"] == [{"valueCoding": {"code": "2", "display": "On more than half of the days"}}]
    assert set(said) == {"phq1", "phq2", "psychotic"}


def test_answer_to_a_question_that_a_later_answer_hid_is_not_there() -> None:
    question = next(q for q in CONTENT.common.questions if q.shown_when and q.id == "age_months")
    young, grown = (responses(filled("uti", {"age": age, question.id: 7, "fever": True})) for age in (0, 40))
    assert "age_months" in answers(young["common"])
    assert "age_months" not in answers(grown["common"])


def test_answers_of_a_topic_that_was_moved_to_are_told_as_that_one_s() -> None:
    suicidal = CONTENT.topics["suicidality"].questionnaire.questions[0]
    found = responses(filled("depression", {"phq9": "3", suicidal.id: True}))
    assert {"depression", "suicidality"} <= set(found)
    assert suicidal.id in answers(found["suicidality"])
    stayed = responses(filled("depression", {"phq9": "0", suicidal.id: True}))
    assert "suicidality" not in stayed


def test_imported_questionnaire_is_answered_by_its_own_linkids_and_codes() -> None:
    data = json.loads((ROOT / "tests" / "data" / "fhir" / "phq9.json").read_text(encoding="utf-8"))
    form = fhir.adopt(data, "f", name="uti", language="en").questionnaire
    content = replaced(topic_id="uti", form=form)
    found = responses(filled("uti", {"h1_t1_q2": "nearly_every_day"}, language="en"), content)
    assert answers(found["uti"]) == {
        "H1/T1/Q2": [
            {
                "valueCoding": {
                    "system": "http://hl7.org/fhir/uv/sdc/CodeSystem/CSPHQ9",
                    "code": "Nearly every day",
                    "display": "Nearly every day",
                }
            }
        ]
    }


def replaced(*, topic_id: str, form: Questionnaire) -> Content:
    """The shipped content with other questions and no rules in one topic."""
    topic = CONTENT.topics[topic_id]
    bare = replace(topic.ruleset, rules=(), scores=())
    return replace(CONTENT, topics={topic_id: replace(topic, questionnaire=form, ruleset=bare)})


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (3, "not_an_object"),
        ({"id": 1, "topic": "nothing"}, "unknown_topic"),
        ({"id": 1, "topic": {}}, "unknown_topic"),
        ({"id": 1, "topic": "uti", "answers": 3}, "answers_not_an_object"),
        ({"id": 1, "topic": "uti", "authored": "yesterday"}, "authored_unfit"),
        ({"id": 1, "topic": "uti", "authored": "2026-11-26T22:10:00"}, "authored_unfit"),
        ({"id": 1, "topic": "uti", "authored": "2026-11-26T22:10:00+02:00:30"}, "authored_unfit"),
        ({"id": 1, "topic": "uti", "language": "de"}, "language_unfit"),
        ({"id": 1, "topic": "uti", "language": {}}, "language_unfit"),
        ({"id": 1, "topic": "uti", "subject": "a b"}, "subject_unfit"),
        ({"id": 1, "topic": "uti", "source": {"reference": "x"}}, "source_unfit"),
        ({"id": 1, "topic": "uti", "amended": "no"}, "amended_unfit"),
        ({"id": [1], "topic": "uti"}, "id_unfit"),
    ],
)
def test_line_that_is_no_form_gets_a_code(line: object, error: str) -> None:
    found = response_line(CONTENT, line)
    assert found == {"id": line.get("id") if isinstance(line, dict) else None, "error": error}


def test_same_answers_make_the_same_bundle() -> None:
    form = Filled(topic="uti", answers={"retention": True}, status="completed", id="1")
    assert bundle(CONTENT, form) == bundle(CONTENT, form)
    other = Filled(topic="uti", answers={"retention": False}, status="completed", id="1")
    assert bundle(CONTENT, form)["entry"][0]["fullUrl"] != bundle(CONTENT, other)["entry"][0]["fullUrl"]


def fitting(question: Question) -> st.SearchStrategy[object]:
    codes = [option.code for option in question.options]
    match question.kind:
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from(codes)
        case Kind.MULTICHOICE:
            return st.lists(st.sampled_from(codes), min_size=1, unique=True)
        case Kind.INTEGER | Kind.DECIMAL:
            low, high = int(question.minimum or 0), int(question.maximum or 99)
            return st.integers(low, high) if question.kind is Kind.INTEGER else st.floats(low, high)
        case Kind.DATE:
            return st.dates().map(lambda day: day.isoformat())
        case _:
            return st.text(min_size=1, max_size=20)


junk = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.lists(st.text(max_size=3))
)


@st.composite
def lines(draw: st.DrawFn) -> Json:
    topic = CONTENT.topics[draw(st.sampled_from(TOPICS))]
    asked = [*CONTENT.gate.questions, *CONTENT.past.questions, *CONTENT.common.questions]
    asked += topic.questionnaire.questions
    given_to = draw(st.lists(st.sampled_from(asked), max_size=12, unique_by=lambda q: q.id))
    said = {q.id: draw(fitting(q) | st.just(UNKNOWN) | junk) for q in given_to}
    return {
        "id": draw(st.none() | st.integers() | st.just("x-1")),
        "topic": topic.id,
        "answers": said,
        "finished": draw(st.booleans()),
        "language": draw(st.sampled_from(["fi", "sv", "en", None])),
        "authored": draw(
            st.sampled_from([None, AUTHORED, "2026-11-26T20:10:00Z", "2026-11-26T20:10:00.123456+00:00"])
        ),
        "amended": draw(st.booleans()),
    }


@settings(max_examples=sized(60, 150, 5_000))
@given(line=lines())
def test_every_response_is_r4_and_holds_answered_questions_in_order(line: Json) -> None:
    for form_id, response in responses(line).items():
        form = next(form for form in forms().values() if form.id == form_id)
        places = {question.original or question.id: place for place, question in enumerate(form.questions)}
        stands = [places[item["linkId"]] for item in response["item"]]
        assert stands == sorted(set(stands))
        for item in response["item"]:
            question = form.questions[places[item["linkId"]]]
            stored = line["answers"][question.id]
            read = tuple(stored) if isinstance(stored, list) else stored
            evaluable = question.kind not in {Kind.TEXT, Kind.PHONE, Kind.DATE}
            assert stored == UNKNOWN or not evaluable or reader(question)(read) is not None


@settings(max_examples=sized(60, 150, 5_000))
@given(
    line=st.dictionaries(
        st.sampled_from(["id", "topic", "answers", "finished", "authored", "subject", "version", "language"]),
        junk | st.sampled_from(TOPICS) | st.dictionaries(st.sampled_from(["fever", "age", "sex"]), junk),
    )
)
def test_no_line_whatever_makes_it_raise(line: Json) -> None:
    found = response_line(CONTENT, line)
    assert "error" in found or found["resourceType"] == "Bundle"


def test_name_of_an_imported_form_is_one_that_files_can_have() -> None:
    for name in ("SDC - PHQ-9", "../../etc/passwd", "AND", "é", "x" * 90):
        data = {"resourceType": "Questionnaire", "name": name, "language": "en"}
        found = importing.imported(data, "f", taken=())
        assert found.name.replace("_", "").isalnum() and len(found.name) <= 40
