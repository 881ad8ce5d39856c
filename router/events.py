"""What the router tells of a contact: ids, codes and instants only."""

from dataclasses import dataclass
from datetime import datetime

from core.events import event


@event("contact.received")
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactReceived:
    """A contact came in; `first_contact` is false for a return to a matter."""

    channel: str
    line: str | None
    door: str | None
    queue: str
    topic: str | None
    language: str
    first_contact: bool
    born_of: int | None
    matter: int
    arrived_at: datetime


@event("answers.sent")
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersSent:
    """Answers were bound to the contact with the level they came to; the actor is who filled them."""

    answers: int
    level: str | None
    complete: bool | None


@event("flag.withdrawn")
@dataclass(frozen=True, slots=True, kw_only=True)
class FlagWithdrawn:
    """The resident corrected an emergency answer; the new level is never under SAME_DAY."""

    answers: int
    urgency: str


@event("promise.made")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseMade:
    """The resident was told when we are in contact at the latest."""

    promise: int
    kind: str
    due_at: datetime


@event("promise.second")
@dataclass(frozen=True, slots=True, kw_only=True)
class SecondPromised:
    """The promise cannot be kept any more: the resident was told a second one, beside it."""

    promise: int
    due_at: datetime


@event("promise.kept")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseKept:
    """The promised act was done, in time or late."""

    promise: int
    kept_at: datetime
    in_time: bool


@event("promise.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseEnded:
    """The promise ended unkept: withdrawn by the resident, or replaced."""

    promise: int
    why: str


@event("assessment.made")
@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentMade:
    """A professional assessed the need of care: confirmed the level `before`, or changed it for `reason`."""

    assessment: int
    urgency: str
    by: int
    before: str
    reason: str | None


@event("outcome.recorded")
@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecorded:
    """The contact ended, or its outcome was corrected (`supersedes`)."""

    outcome: int
    code: str
    resolved: bool
    counts: bool
    by: int | None
    supersedes: int | None
