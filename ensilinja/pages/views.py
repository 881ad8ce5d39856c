"""What each resident page shows: frozen values, already chosen and worded, for templates that only print.

Refuses nothing itself; it has no rule, clock, store or request. Texts that come from the county's content
arrive in the page's language; texts of the page itself are in the catalogue.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

# Sent as the answer's value: "I do not know", and "none of these" of the emergency question.
UNKNOWN_ANSWER = "en-tieda"
NONE_OF_THESE = "ei-mikaan"

QuestionKind = Literal["boolean", "choice", "multichoice", "integer", "decimal", "text", "phone", "age"]


class OpenState(StrEnum):
    """What the door's state card says."""

    OPEN = "open"
    BUSY = "busy"
    CLOSING = "closing"
    FULL = "full"
    CLOSED = "closed"
    HOLIDAY = "holiday"


class CallbackStage(StrEnum):
    """How far a callback is, as its asker sees it."""

    RECEIVED = "received"
    SCHEDULED = "scheduled"
    MISSED = "missed"
    DONE = "done"
    CANCELLED = "cancelled"


class Fault(StrEnum):
    """Why an error page is shown."""

    NOT_FOUND = "not_found"
    SESSION_LOST = "session_lost"
    FORBIDDEN = "forbidden"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A number as read ("03 629 6301"), as dialled ("+3583…"), and its hours or language in words."""

    text: str
    dial: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A labelled address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page has around its content; `path` is the page's own address without a query."""

    lang: str
    path: str
    csrf: str
    nonce: str
    asset: Callable[[str], str]
    organisation: str
    service: str
    phone: Phone | None
    emergency: Phone = Phone(text="112", dial="112")
    urgent: Phone = Phone(text="116 117", dial="116117")
    crisis: Phone | None = None
    footer: tuple[Link, ...] = ()
    example_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing to mend: the input's id and the sentence, the same above and beside the input."""

    field_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One row to choose."""

    value: str
    label: str
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """The front page; clock and day phrases are whole ("kello 14.00", "huomenna tiistaina kello 8.00")."""

    state: OpenState
    intro: str
    closes_at: str = ""
    opens_at: str = ""
    wait_range: str = ""
    reason: str = ""
    question_span: str = ""
    minutes_span: str = ""
    notices: tuple[str, ...] = ()
    resume_url: str = ""
    callback_offered: bool = True
    lines: tuple[Phone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The emergency question: checkboxes and "none of these"."""

    items: tuple[Option, ...]
    none_chosen: bool = False
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """The 112 page; with `reported` false it needs neither a session nor a store."""

    wrong_url: str = "/kysely/hata"
    can_report: bool = False
    reported: bool = False
    line_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWords:
    """The resident's own words; `limit` is in characters, told only when it is near."""

    value: str = ""
    limit: int = 2000
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChoice:
    """Which topic fits best; topics are in the county's order."""

    topics: tuple[Option, ...]
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/kysely/asia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; a typed answer is in `value`, chosen ones in `options`.

    `left` is how many questions are still to come, as a span ("2–6"), or empty when that is not known.
    """

    question_id: str
    kind: QuestionKind
    text: str
    hint: str = ""
    why: str = ""
    options: tuple[Option, ...] = ()
    value: str = ""
    unit: str = ""
    unknown_offered: bool = True
    unknown_chosen: bool = False
    errors: tuple[FieldError, ...] = ()
    number: int = 0
    left: str = ""
    back_url: str = "/kysely/aihe"
    quick_exit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """The number for calling back if the line breaks."""

    value: str = ""
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/kysely/aihe"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One answered question; no values means not answered."""

    label: str
    values: tuple[str, ...]
    change_url: str = ""
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """All answers before sending; `read_at` says when they are read if the service is closed."""

    rows: tuple[AnswerRow, ...]
    read_at: str = ""
    back_url: str = "/kysely/puhelin"
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """The result of the questions: the level's code, its action as a heading, advice in paragraphs."""

    level: str
    heading: str
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The result and the waiting room on one page.

    `ahead` is None while no honest place is known, `wait_range` empty while no honest estimate is; `read_at`
    is set only outside service hours. `refresh_seconds` drives the page without JavaScript; 0 stops it.
    """

    state: Literal["waiting", "offered", "left", "closed"]
    care: Care
    ahead: int | None = None
    wait_range: str = ""
    slower: bool = False
    updated_at: str = ""
    read_at: str = ""
    place_kept: bool = True
    callback_offered: bool = True
    phone_hint: str = ""
    worse: tuple[str, ...] = ()
    rows: tuple[AnswerRow, ...] = ()
    added: bool = False
    added_errors: tuple[FieldError, ...] = ()
    safety: bool = False
    emergency: bool = False
    resume_until: str = ""
    refresh_seconds: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The one question before leaving the line."""

    callback_offered: bool = True
    place_kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation; `who` is whose it is, `day` is set on the first one of a day."""

    seq: int
    who: Literal["resident", "staff", "system"]
    name: str
    text: str
    at: str
    day: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """The conversation; `agent_name` is empty while no professional holds it."""

    agent_name: str
    profession: str
    contact: int = 0
    messages: tuple[Message, ...] = ()
    limit: int = 4000
    callback_offered: bool = False
    quick_exit: bool = False
    safety: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What was agreed and what next, with the conversation; `reopen_until` is empty when it cannot go on."""

    reference: str
    day: str
    agreed: tuple[str, ...] = ()
    booked: str = ""
    worse: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    rows: tuple[AnswerRow, ...] = ()
    reopen_until: str = ""
    left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackForm:
    """Asking for a call: times that can still be kept, and the number; `keeps_place` only for a hold."""

    times: tuple[Option, ...]
    phone: str = ""
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/odotus"
    keeps_place: bool = False
    next_times_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackStatus:
    """Where a callback is; `when` is the promised time in words, `history` the attempts so far in words."""

    stage: CallbackStage
    when: str = ""
    phone_hint: str = ""
    calls_from: str = ""
    attempts: int = 0
    history: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    can_cancel: bool = False
    can_chat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """A fault's page; `kept` says truthfully that what was sent is stored."""

    fault: Fault
    kept: bool = False
    lines: tuple[Phone, ...] = ()
