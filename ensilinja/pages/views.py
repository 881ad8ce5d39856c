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

QuestionKind = Literal[
    "boolean", "choice", "multichoice", "integer", "decimal", "date", "text", "phone", "age"
]


class OpenState(StrEnum):
    """What the door's state card says."""

    OPEN = "open"
    BUSY = "busy"
    CLOSING = "closing"
    FULL = "full"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    FAULT = "fault"


class Fault(StrEnum):
    """Why an error page is shown."""

    NOT_FOUND = "not_found"
    SESSION_LOST = "session_lost"
    FORBIDDEN = "forbidden"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A number as read ("03 629 6301"), as dialled ("+3583…"), whose or when, and its hours in words."""

    text: str
    dial: str
    note: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A labelled address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page has around its content; `path` is the page's own address without a query.

    `offline_mark` changes when the page for browsers without a network does, so that they fetch it anew.
    """

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
    offline_mark: str = ""


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
    """The front page; clock and day phrases are whole ("kello 14.00", "huomenna tiistaina kello 8.00").

    Answers sent while the chat is closed are read from `opens_at`, or still today by `reads_by`; `later_at`
    is the next service day.
    """

    state: OpenState
    intro: str
    closes_at: str = ""
    opens_at: str = ""
    reads_by: str = ""
    later_at: str = ""
    wait_range: str = ""
    reason: str = ""
    question_span: str = ""
    notices: tuple[str, ...] = ()
    resume_url: str = ""
    callback_offered: bool = True
    lines: tuple[Phone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """An emergency question: checkboxes and "none of these". `dangers` are the items that alone mean 112."""

    items: tuple[Option, ...]
    title: str
    hint: str
    action: str
    dangers: frozenset[str] = frozenset()
    none_chosen: bool = False
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """The 112 page; as it is by default it needs neither a session nor a store.

    `advice` is what to do at once, `read_at` from when a person reads the answers, empty while one does.
    """

    wrong_url: str = "/kysely/hata"
    can_report: bool = False
    reported: bool = False
    line_url: str = ""
    advice: tuple[str, ...] = ()
    read_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWords:
    """The resident's own words; `limit` is in characters, told only when it is near."""

    value: str = ""
    limit: int = 2000
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicGroup:
    """Topics under one heading; open when what was chosen is inside."""

    name: str
    topics: tuple[Option, ...]
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChoice:
    """Which topic fits best: what the own words suggest, all by group, and something else last."""

    suggested: tuple[Option, ...] = ()
    groups: tuple[TopicGroup, ...] = ()
    other: Option | None = None
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
    """The number for calling back if the line breaks, and how it may be used."""

    value: str = ""
    ways: tuple[Option, ...] = ()
    only_here: bool = False
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
class RowGroup:
    """Answered questions under one heading; the first has none."""

    name: str
    rows: tuple[AnswerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """All answers before sending; `read_at` says when they are read if the service is closed."""

    groups: tuple[RowGroup, ...]
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
    is set only outside service hours, `reply_by` is when an answer is promised, `line` says if anybody is at
    work. `refresh_seconds` drives the page without JavaScript; 0 stops it.
    """

    state: Literal["waiting", "offered", "left", "closed"]
    care: Care
    advice: tuple[str, ...] = ()
    ahead: int | None = None
    wait_range: str = ""
    slower: bool = False
    line: Literal["open", "unattended", "closed"] = "open"
    updated_at: str = ""
    read_at: str = ""
    reply_by: str = ""
    place_kept: bool = True
    callback_offered: bool = True
    phone_hint: str = ""
    text_offered: bool = False
    text_wanted: bool = False
    number_errors: tuple[FieldError, ...] = ()
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
    """The conversation; `agent_name` is empty while nobody holds it, `read_at` is set while nobody reads."""

    agent_name: str
    profession: str
    contact: int = 0
    messages: tuple[Message, ...] = ()
    limit: int = 4000
    callback_offered: bool = False
    quick_exit: bool = False
    safety: bool = False
    read_at: str = ""


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
class ErrorPage:
    """A fault's page; `kept` says truthfully that what was sent is stored."""

    fault: Fault
    kept: bool = False
    lines: tuple[Phone, ...] = ()
