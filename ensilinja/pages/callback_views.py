"""What the pages of a call to come show: asking for it, where it is, what of it can be changed.

Frozen values like those of `views`, for templates that only print.
"""

from dataclasses import dataclass
from enum import StrEnum

from ensilinja.pages.views import FieldError, Option


class CallbackStage(StrEnum):
    """How far a callback is, as its asker sees it."""

    SCHEDULED = "scheduled"
    LATE = "late"
    MOVED = "moved"
    CALLING = "calling"
    MISSED = "missed"
    UNREACHED = "unreached"
    CHAT = "chat"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackForm:
    """Asking for a call: as soon as possible, other times that can still be kept, and the number."""

    times: tuple[Option, ...]
    other_time: bool = False
    phone: str = ""
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/odotus"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackStatus:
    """Where a callback is; `when` is the promised time in words, `history` the attempts so far in words.

    `first` is what was promised before a second promise.
    `base` is the page's own address, under which its changes are.
    """

    stage: CallbackStage
    base: str = "/soittopyynto"
    when: str = ""
    first: str = ""
    phone_hint: str = ""
    calls_from: str = ""
    attempts: int = 0
    history: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    can_change_time: bool = False
    can_change_number: bool = False
    can_cancel: bool = False
    can_chat: bool = False
    chat_url: str = ""
    safety: bool = False
    emergency: bool = False
    read_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTime:
    """Choosing another time; no times: every one is taken."""

    base: str
    times: tuple[Option, ...]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackNumber:
    """Another number to call: typed, or read back as `check` to be confirmed."""

    base: str
    phone: str = ""
    check: str = ""
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackCancel:
    """Asks once before the request is cancelled."""

    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOver:
    """A link that opens nothing any more; `again` is where a new one can be asked for."""

    again: str = ""
    done: bool = False
