"""What comes in at the one door, and what goes out: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.urgency import Urgency
from queues.views import EntryView
from router.acting import Acting
from router.estimating import EstimateView
from router.promising import PromiseView
from router.rules import Route
from triage.definition import GateResult, Result


class Channel(StrEnum):
    """How a contact came."""

    CHAT = "chat"
    CALL = "call"
    FORM = "form"
    VOICEMAIL = "voicemail"
    TASK = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One contact on its way in. `client_id` makes it one however often it is sent.

    `identity` is the asker's; the subject's own is needed where she asks for another. `urgency`, `topic` and
    `queue` are of an earlier contact and hold where there are no new answers. With `not_before` nobody is to
    take it sooner: it is read, or called, from then on.
    """

    client_id: str
    channel: Channel
    arrived_at: datetime
    line: str | None = None
    door: str | None = None
    language: str = "fi"
    phone: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    identity: str | None = field(default=None, repr=False)
    subject_identity: str | None = field(default=None, repr=False)
    acting: Acting | None = None
    safe_contact: Mapping[str, bool] = field(default_factory=dict)
    answers: int | None = None
    result: Result | None = None
    gate: GateResult | None = None
    matter: int | None = None
    born_of: int | None = None
    callback: bool = False
    urgency: Urgency | None = None
    topic: str | None = None
    queue: str | None = None
    prefer_agent: int | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A contact that is in: its place, its route, and what the resident is told."""

    contact: int
    matter: int
    entry: EntryView
    route: Route
    promise: PromiseView | None
    estimate: EstimateView | None
