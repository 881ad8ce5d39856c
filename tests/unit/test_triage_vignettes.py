"""Runs the stories of tests/vignettes: data a clinician can read and sign."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triage import engine
from triage.definition import Kind, Question, Subject, Value
from triage.loader import load

ROOT = Path(__file__).parents[2]
CONTENT = load(ROOT / "config" / "oma-hame" / "triage", require_approval=False)
YES_IS_SAFE = frozenset({"two_fingers"})


def vignettes() -> Iterator[Any]:
    for file in sorted((ROOT / "tests" / "vignettes").glob("*.toml")):
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        for number, vignette in enumerate(data["vignette"], 1):
            yield pytest.param(data["topic"], vignette, id=f"{file.stem}-{number}")


def otherwise(question: Question) -> Value:
    """The answer of somebody who has nothing of the kind."""
    if question.kind is Kind.BOOLEAN:
        return question.id in YES_IS_SAFE
    if question.kind is Kind.CHOICE:
        return "0" if question.ordinal else "no"
    assert question.id in {"pain", "duration_days"}, question.id
    return 1


def walked(topic: str, given: dict[str, Value], subject: Subject) -> dict[str, Value]:
    answers: dict[str, Value] = {}
    while (question := engine.next_question(CONTENT, topic, answers, subject)) is not None:
        answers[question.id] = given[question.id] if question.id in given else otherwise(question)
    return answers


@pytest.mark.parametrize(("topic", "vignette"), list(vignettes()))
def test_story_ends_where_it_should(topic: str, vignette: dict[str, Any]) -> None:
    subject = Subject(**vignette.get("subject", {}))
    given: dict[str, Value] = vignette["answers"]
    left = vignette.get("left", False)
    answers = {} if left else walked(topic, given, subject)
    gate = engine.gate(CONTENT, frozenset(vignette.get("gate", [])))
    result = engine.evaluate(CONTENT, topic, answers, subject, gate=gate, finished=not left)
    assert result.level == vignette["level"], [fired.id for fired in result.fired]
    assert result.queue == vignette["queue"]
    assert result.topic == vignette.get("ends_in", topic)
    assert result.tags == frozenset(vignette.get("tags", []))
    if result.level != "EMERGENCY":
        assert given.keys() <= answers.keys() | set(vignette.get("subject", {}))


def test_every_topic_has_at_least_three_stories() -> None:
    told = [parameter.values[0] for parameter in vignettes()]
    assert {topic for topic in CONTENT.topics if told.count(topic) >= 3} == set(CONTENT.topics)
    assert len(told) >= 40
