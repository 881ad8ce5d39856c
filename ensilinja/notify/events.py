"""What the survey tells of a contact: that it was asked about, and the number answered. No words."""

from dataclasses import dataclass

from core.events import event


@event("survey.asked")
@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAsked:
    """The resident is asked how likely she would recommend the service."""


@event("survey.answered")
@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered:
    """She answered with a number from 0 to 10."""

    score: int
