"""One county's service as frozen values: queues, lines, doors, outcomes, limits and emergency numbers.

Nothing here is read from files (`core.catalogue` does that); an id the county does not have is `UnknownId`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from core.errors import NotFound
from core.hours import Calendar, Hours
from core.urgency import Urgency

LANGUAGES = ("fi", "sv", "en")
TARGET_CHANNELS = ("chat", "call", "callback", "message")
# How a contact came decides by which clock it is answered when it is handled as something else.
_ANSWERED_AS = {"form": "message", "task": "callback", "voicemail": "callback"}


class UnknownId(NotFound):
    """The county's catalogue has no such id."""

    code = "unknown_id"


@dataclass(frozen=True, slots=True)
class LocalText:
    """One text in the three languages."""

    fi: str
    sv: str
    en: str

    def get(self, lang: str) -> str:
        """The text in `lang`; Finnish for any other language."""
        return {"sv": self.sv, "en": self.en}.get(lang, self.fi)


class PromiseKind(StrEnum):
    SERVICE_TIME = "service_time"
    SAME_DAY = "same_day"
    WORKING_DAYS = "working_days"


class CallBack(StrEnum):
    """What a line does with its callers: offers to call back, calls back at once, or only has them wait."""

    OFFERED = "offered"
    DIRECT = "direct"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRule:
    """What is promised of a callback; `binding_days` is the county's looser, binding target."""

    kind: PromiseKind
    minutes: int | None = None
    days: int | None = None
    binding_days: int | None = None
    told: LocalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Who answers, when, and how soon by channel and urgency (service time).

    From minute `intake_until` of the day it takes no more live contacts that day; in `contact_minutes` one
    professional gets to the next contact, 0 when the line's length stops nobody. `tasks` is the one queue for
    other systems' tasks (the emergency centre's non-urgent ones), which no resident comes to by herself.
    """

    id: str
    name: LocalText
    profession: LocalText
    service_hours: Hours
    intake_hours: Hours
    targets: Mapping[tuple[str, Urgency], timedelta] = field(hash=False, repr=False)
    promise: PromiseRule
    same_day_law: bool = True
    language_hold_s: int = 60
    chat_weight: int = 1
    floor_share: float = 0.6
    wrap_up_s: int = 60
    own_team: bool = False
    tasks: bool = False
    intake_until: int | None = None
    contact_minutes: int = 0

    def target(self, channel: str, urgency: Urgency) -> timedelta:
        """The service time within which such a contact is to be answered; UnknownId for other channels."""
        answered_as = _ANSWERED_AS.get(channel, channel)
        if answered_as not in TARGET_CHANNELS:
            raise UnknownId(kind="channel")
        return self.targets[answered_as, urgency]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A phone number of the first line; `number` is None when the county's number was not found.

    With `asks_language` its callers choose one of `languages`; the first of them is spoken otherwise. With
    `hanging_up_asks` one who has heard the offer of a call back and hangs up has asked for it.
    """

    id: str
    name: LocalText
    number: str | None
    queue: str
    default_urgency: Urgency
    hours: Hours
    callback: CallBack
    voicemail: bool
    promise: PromiseRule
    same_day_law: bool
    languages: tuple[str, ...]
    asks_language: bool = False
    hanging_up_asks: bool = False
    attempts: int | None = None
    attempt_spacing_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often a callback is tried before a professional decides, and how far apart in service time."""

    attempts: int
    spacing: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDoor:
    """A chat's door to several queues: answers are taken in `intake_hours`, people in `service_hours`."""

    id: str
    name: LocalText
    queues: tuple[str, ...]
    intake_hours: Hours
    service_hours: Hours
    intake_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCode:
    """How a contact ended: resolved or not, in the figures or not, may bring a survey, may end a callback.

    One with a `queue` is only for its contacts. `without_unit` says of a task of the emergency centre whether
    it was closed without an ambulance; None for codes that say nothing of it.
    """

    id: str
    name: LocalText
    resolved: bool
    counts: bool
    survey: bool
    ends_callback: bool
    by_professional: bool = True
    key: int | None = None
    queue: str | None = None
    without_unit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The service's bounds; the unit is the name's last part."""

    offer_chat_s: int = 30
    offer_call_s: int = 15
    lease_s: int = 15
    resume_chat_s: int = 600
    resume_call_s: int = 60
    lost_agent_s: int = 60
    supervisor_ring_s: int = 15
    chat_capacity: int = 3
    chat_capacity_max: int = 6
    idle_chat_s: int = 300
    drain_for_call_s: int = 20
    former_agent_s: int = 60
    no_one_eligible_alarm_s: int = 60
    attempts: int = 3
    attempt_spacing_minutes: int = 45
    promise_alarm_minutes: int = 15
    missed_offers: int = 2
    message_chars: int = 4000
    callback_days_ahead: int = 30
    reopen_hours: int = 24
    short_abandon_call_s: int = 10
    short_abandon_chat_s: int = 30
    estimate_window_minutes: int = 30
    estimate_waits: int = 10
    survey_days: int = 30
    guardian_age: int = 12
    adult_age: int = 18
    unfinished_hours: int = 24
    link_days: int = 7
    link_sms: int = 3
    window_calls: int = 12
    quiet_from_hour: int = 21
    quiet_until_hour: int = 8
    voicemail_s: int = 120
    voicemail_least_s: int = 1
    voicemail_kb: int = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpNumber:
    """A number shown to residents beside the service: emergency, medical helpline, crisis line."""

    id: str
    name: LocalText
    number: LocalText
    hours: LocalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """A public page on caring for oneself that a questionnaire may point to; others keep it, not we."""

    id: str
    name: LocalText
    url: LocalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The county's names on every page; with `survey` it asks by text how a contact went."""

    county_name: LocalText
    service_name: LocalText
    chat_name: LocalText
    sms_sender: LocalText
    languages: tuple[str, ...]
    survey: bool = False


_Row = TypeVar("_Row", Queue, Line, ChatDoor, OutcomeCode, HelpNumber, Guide)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything one county has configured, in the order of its files; ids are unique within a kind.

    `relay_numbers` are those of services that call for others: nobody is called back at one of them.
    """

    county: str
    site: Site
    calendar: Calendar = field(repr=False)
    queues: tuple[Queue, ...]
    lines: tuple[Line, ...]
    doors: tuple[ChatDoor, ...]
    outcomes: tuple[OutcomeCode, ...]
    limits: Limits
    help_numbers: tuple[HelpNumber, ...]
    guides: tuple[Guide, ...] = ()
    relay_numbers: frozenset[str] = frozenset()

    def queue(self, queue_id: str) -> Queue:
        """The queue of that id, or UnknownId."""
        return _found("queue", self.queues, queue_id)

    def task_queue(self) -> Queue:
        """The queue for the tasks of other systems, or UnknownId when the county takes none."""
        for queue in self.queues:
            if queue.tasks:
                return queue
        raise UnknownId(kind="queue")

    def line(self, line_id: str) -> Line:
        """The line of that id, or UnknownId."""
        return _found("line", self.lines, line_id)

    def line_of_number(self, number: str) -> Line:
        """The line that is dialled by an E.164 number, or UnknownId."""
        for line in self.lines:
            if line.number == number:
                return line
        raise UnknownId(kind="line")

    def tries(self, asked: Line | Queue) -> Tries:
        """How a callback of the line (or, without one, of a queue) is tried: its own way or the county's."""
        own = asked if isinstance(asked, Line) else None
        attempts = own.attempts if own is not None else None
        minutes = own.attempt_spacing_minutes if own is not None else None
        return Tries(
            attempts=attempts or self.limits.attempts,
            spacing=timedelta(minutes=minutes or self.limits.attempt_spacing_minutes),
        )

    def door(self, door_id: str) -> ChatDoor:
        """The chat door of that id, or UnknownId."""
        return _found("door", self.doors, door_id)

    def outcome(self, outcome_id: str) -> OutcomeCode:
        """The outcome code of that id, or UnknownId."""
        return _found("outcome", self.outcomes, outcome_id)

    def help_number(self, help_id: str) -> HelpNumber:
        """The help number of that id, or UnknownId."""
        return _found("help_number", self.help_numbers, help_id)

    def guide(self, guide_id: str) -> Guide:
        """The guide of that id, or UnknownId."""
        return _found("guide", self.guides, guide_id)


def _found(kind: str, rows: tuple[_Row, ...], wanted: str) -> _Row:
    for row in rows:
        if row.id == wanted:
            return row
    raise UnknownId(kind=kind)
