"""What the telephone tells: calls and attempts by id and result, never a number."""

from dataclasses import dataclass
from datetime import datetime

from core.events import event


@event("call.arrived")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallReceived:
    """An inbound call became this contact, or joined it; `rang_at` is its first ring."""

    call: int
    line: str
    rang_at: datetime
    joined: bool


@event("call.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The inbound call ended at this step of the call flow."""

    call: int
    step: str


@event("call.message")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKept:
    """A caller left a message of so many seconds."""

    recording: int
    call: int
    seconds: int


@event("attempt.requested")
@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRequested:
    """A professional asked to be connected to the resident."""

    attempt: int
    n: int
    agent: int


@event("attempt.dialled")
@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptDialled:
    """The resident's telephone was rung."""

    attempt: int
    n: int
    dialled_at: datetime


@event("attempt.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded:
    """What came of the attempt; a later, stronger word on the same attempt replaces it."""

    attempt: int
    n: int
    result: str
    dialled_at: datetime | None


@event("attempt.over")
@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptOver:
    """The line of the attempt is down, whatever came of it."""

    attempt: int
    n: int


@event("callback.decision")
@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionNeeded:
    """The attempts are used up; a person decides, never the program."""

    tries: int


@event("call.joined")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallJoined:
    """The professional's telephone has answered and is in the call."""

    order: int


@event("call.ordered")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrdered:
    """A professional ordered something of the call that is on."""

    order: int
    kind: str


@event("call.order_ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrderEnded:
    """What became of it: done, failed, or unknown."""

    order: int
    kind: str
    result: str
