"""The forms in which answers are stored: residents' pages as what was ticked, a form sign by sign. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.urgency import Urgency
from triage.definition import UNKNOWN, Content

Page = Literal["now", "today", "topic"]
PAGES: tuple[tuple[str, Page], ...] = (("gate", "now"), ("past", "today"))

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersView:
    """One filled questionnaire, opened. `values` are as the resident's pages stored them."""

    id: int
    contact: int | None
    language: str
    topic: str | None
    version: str | None
    values: Mapping[str, Json] = field(repr=False)
    changed_at: datetime
    sent_at: datetime | None
    level: Urgency | None
    fired: tuple[str, ...]
    tags: frozenset[str]
    complete: bool | None
    filled_by: int | None = None


def answers_in(values: Mapping[str, object]) -> Mapping[str, object]:
    """The answers to questions in stored values."""
    nested = values.get("answers")
    return nested if isinstance(nested, dict) else values


def signs_in(values: Mapping[str, object], content: Content) -> dict[str, bool | str]:
    """What stored values say of the signs of danger. A page is stored as what was ticked on it, the rest was
    answered with no; a form sign by sign. What is missing was not asked.
    """
    stored = values.get("signs")
    if isinstance(stored, dict):
        return {name: said for name, said in stored.items() if isinstance(said, bool) or said == UNKNOWN}
    found: dict[str, bool | str] = {}
    for (form, _), (name, _) in zip(content.gates, PAGES, strict=True):
        page = values.get(name)
        if isinstance(page, list):
            found |= {question.id: question.id in page for question in form.questions}
    return found
