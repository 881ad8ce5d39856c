"""What the line tells: one event per transition, ids, codes and instants only."""

import re
from dataclasses import dataclass
from datetime import datetime

from core.events import event

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


def reason_code(reason: str) -> str:
    """The reason if it is a code, else `other`: free text never enters an event."""
    return reason if CODE.fullmatch(reason) else "other"


@event("entry.queued")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQueued:
    """The contact has a place in a queue."""

    entry: int
    queue: str
    channel: str
    urgency: str
    tier: int
    due_at: datetime


@event("entry.offered")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOffered:
    """The entry is one agent's to accept until `expires_at`."""

    entry: int
    agent: int
    assignment: int
    expires_at: datetime
    queue: str


@event("entry.declined")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDeclined:
    """The agent said no; the entry is in the line again."""

    entry: int
    agent: int
    assignment: int
    reason: str


@event("entry.expired")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryExpired:
    """The offer ended without an answer; `shown` when her console had confirmed showing it."""

    entry: int
    agent: int
    assignment: int
    shown: bool


@event("entry.withdrawn")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWithdrawn:
    """The offer was taken back before an answer."""

    entry: int
    agent: int
    assignment: int
    reason: str


@event("entry.held")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHeld:
    """The entry is in one agent's hands; `by` is offer, hand, next or all, `overtook` who was passed by."""

    entry: int
    agent: int
    assignment: int
    by: str
    queue: str
    reason: str = ""
    overtook: int = 0


@event("entry.returned")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReturned:
    """The agent was lost; the entry is in the line again with its due time."""

    entry: int
    agent: int
    reason: str


@event("entry.transferred")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTransferred:
    """The entry is in another queue's line, with the level and due time it was given there."""

    entry: int
    from_queue: str
    queue: str
    urgency: str
    tier: int
    due_at: datetime


@event("entry.left")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLeft:
    """The resident went; the place is kept until `resume_until`."""

    entry: int
    resume_until: datetime


@event("entry.resumed")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryResumed:
    """The resident came back in time."""

    entry: int


@event("entry.scheduled")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryScheduled:
    """The entry is out of the line until `not_before`."""

    entry: int
    not_before: datetime
    reason: str


@event("entry.came_due")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCameDue:
    """A scheduled entry is in the line."""

    entry: int


@event("entry.wrapping")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWrapping:
    """The conversation ended; the outcome is to be recorded."""

    entry: int
    agent: int


@event("entry.unwrapped")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryUnwrapped:
    """The resident came back before the outcome."""

    entry: int
    agent: int


@event("entry.unattended")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryUnattended:
    """A wrapping entry needs the supervisor: its time is over (`late`) or its agent is gone (`lost`)."""

    entry: int
    agent: int
    why: str


@event("entry.done")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDone:
    """The entry has ended: `finished`, `lapsed` (the resident did not come back) or `elsewhere`."""

    entry: int
    why: str


@event("entry.channel")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChannel:
    """The entry is handled in another channel; arrival and due time are kept."""

    entry: int
    channel: str


@event("entry.urgency")
@dataclass(frozen=True, slots=True, kw_only=True)
class EntryUrgency:
    """The entry's level was changed."""

    entry: int
    urgency: str
    tier: int
    due_at: datetime


@event("shift.started")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftStarted:
    """A professional signed in to serve."""

    shift: int
    capacity: int


@event("shift.state")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftState:
    """ready, paused, not_answering or lost, and why."""

    shift: int
    state: str
    reason: str


@event("shift.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftEnded:
    """The shift is over."""

    shift: int
    reason: str


@event("staff.queues")
@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesChanged:
    """A professional serves other queues from now on."""

    queues: list[str]
    before: list[str]
