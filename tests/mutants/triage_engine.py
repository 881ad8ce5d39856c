"""Engines of the assessment with one thing wrong each: the comparison with another program sees every one."""

from collections.abc import Callable
from typing import Any

import pytest

from triage import engine, environment
from triage.readings import NOTHING, Readings


def unknown_is_no(patch: pytest.MonkeyPatch) -> None:
    """What was not answered never keeps a form open."""
    put = Readings.put

    def forget(self: Readings, name: str, value: object | None) -> None:
        put(self, name, NOTHING if value is None else value)

    patch.setattr(Readings, "put", forget)
    patch.setattr(Readings, "unknown", property(lambda self: False, lambda self, value: None), raising=False)


def hidden_is_unknown(patch: pytest.MonkeyPatch) -> None:
    """A question that does not apply keeps the form open for good."""
    patch.setattr(environment, "hidden_value", lambda question: None)


def first_topic_decides(patch: pytest.MonkeyPatch) -> None:
    """A move to another topic is not followed."""
    patch.setattr(environment, "targets", lambda scope, readings, truth: iter(()))


def years_are_enough(patch: pytest.MonkeyPatch) -> None:
    """Everybody of no whole year is a newborn."""
    patch.setattr(environment, "_months_old", lambda answered, age, most: None if age is None else 12 * age)


def gate_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The signs of danger do not count."""
    real = engine.gate
    patch.setattr(
        "triage.exchange.gate", lambda content, answers: real(content, engine.ticked(content, (), ()))
    )


MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    each.__name__: each
    for each in (unknown_is_no, hidden_is_unknown, first_topic_decides, years_are_enough, gate_is_forgotten)
}
