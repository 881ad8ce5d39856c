"""What the telephone gives out: frozen values without numbers, but for the order to dial."""

from dataclasses import dataclass, field
from datetime import datetime

from callbacks.callflow import Step
from callbacks.results import Result
from queues.views import EntryView


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One inbound call as it stands."""

    id: int
    line: str
    step: Step
    contact: int | None
    arrived_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """One try to reach the resident."""

    id: int
    contact: int
    n: int
    key: str
    agent: int
    requested_at: datetime
    dialled_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    result: Result | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOrder:
    """What the exchange is asked to do, given out once for each key."""

    key: str
    line: str
    number: str = field(repr=False)
    agent_device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeOrder:
    """Which waiting call of the exchange to join to which device."""

    call: str
    agent_device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A contact by telephone in a professional's hands; nothing has been dialled."""

    entry: EntryView
