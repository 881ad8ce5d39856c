"""Runs the stories of tests/vignettes: data a clinician can read and sign."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triage import engine, probing
from triage.definition import Subject, Value
from triage.loader import load

ROOT = Path(__file__).parents[2]
CONTENT = load(ROOT / "config" / "oma-hame" / "triage", require_approval=False)


def vignettes() -> Iterator[Any]:
    for file in sorted((ROOT / "tests" / "vignettes").glob("*.toml")):
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        for number, vignette in enumerate(data["vignette"], 1):
            yield pytest.param(data["topic"], vignette, id=f"{file.stem}-{number}")


def walked(topic: str, given: dict[str, Value], subject: Subject) -> dict[str, Value]:
    """The answers page by page: what the story tells, otherwise those of one who has nothing of the kind."""
    calm = probing.mild(CONTENT, CONTENT.topic(topic))
    answers: dict[str, Value] = {}
    while (question := engine.next_question(CONTENT, topic, answers, subject)) is not None:
        answers[question.id] = given.get(question.id, calm[question.id])
    return answers


@pytest.mark.parametrize(("topic", "vignette"), list(vignettes()))
def test_story_ends_where_it_should(topic: str, vignette: dict[str, Any]) -> None:
    subject = Subject(**vignette.get("subject", {}))
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in vignette["answers"].items()}
    left = vignette.get("left", False)
    answers = {} if left else walked(topic, given, subject)
    gate = engine.gate(CONTENT, engine.ticked(CONTENT, vignette.get("gate", []), vignette.get("past", [])))
    result = engine.evaluate(CONTENT, topic, answers, subject, gate=gate, finished=not left)
    assert result.level == vignette["level"], [fired.id for fired in result.fired]
    assert result.queue == vignette["queue"]
    assert result.topic == vignette.get("ends_in", topic)
    assert result.tags == frozenset(vignette.get("tags", []))
    assert result.complete or left
    if result.level != "EMERGENCY":
        assert given.keys() <= answers.keys() | set(vignette.get("subject", {}))


def test_every_topic_has_at_least_three_stories() -> None:
    told = [parameter.values[0] for parameter in vignettes()]
    assert {topic for topic in CONTENT.topics if told.count(topic) >= 3} == set(CONTENT.topics)
    assert len(told) >= 150


def test_stories_end_in_every_level() -> None:
    assert len({parameter.values[1]["level"] for parameter in vignettes()}) == 6
