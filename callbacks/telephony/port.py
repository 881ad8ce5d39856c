"""What the program needs of a telephone exchange. An adapter translates; it decides nothing and stores
nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from callbacks.results import Result


class Can(StrEnum):
    """What an exchange may be able to do besides ringing and joining; `answer`: her telephone by itself,
    `record`: what a caller says, `try_lines`: ring its own lines, to hear whether they answer.
    """

    HOLD = "hold"
    HANG_UP = "hang_up"
    TRANSFER = "transfer"
    ANSWER = "answer"
    RECORD = "record"
    TRY_LINES = "try_lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A call that is on: one that came in, by the exchange's own id, or one that was dialled, by its key."""

    call: str = ""
    dial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """What the caller on `line` hears next: text keys in order, with what they speak of: digits, the due
    instant, how many are `ahead` and the minutes of the `wait`. With `record_s` a tone follows, and what the
    caller says is recorded for so long at most.
    """

    play: tuple[str, ...] = ()
    line: str = ""
    language: str = "fi"
    asks: bool = False
    digits: str = field(default="", repr=False)
    due_at: datetime | None = None
    record_s: int = 0
    hang_up: bool = False
    ahead: int | None = None
    wait: tuple[int, int | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived:
    """A call rings on a line; `number` is None when the caller hides it."""

    call: str
    line: str
    number: str | None = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed:
    """The caller's answer to a question: one key, or none in time (`key` empty); `n` grows with each.

    `after` is the `n` of the answer before it (0: none), where the exchange knows it: then any order will do.
    """

    call: str
    n: int
    key: str
    at: datetime
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGone:
    """The caller hung up; or, `dropped`, was cut off by a fault of ours. `after` is the last answer's `n`.

    `unheard` says that what was played last had not been heard to its end.
    """

    call: str
    at: datetime
    dropped: bool = False
    after: int | None = None
    unheard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The device that `connect` named under `key` has answered and is in the call."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft:
    """What the caller said after the tone, as a WAV file; empty when nothing was recorded.

    It is told, under the exchange's own `name`, until it is stored; then the exchange deletes it.
    """

    call: str
    name: str
    audio: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJoined:
    """The device that was asked for beside another one (`stays`) has not answered; the call is as it was."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentGone:
    """The professional's telephone left a caller who is still there, or never `answered`."""

    call: str
    answered: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsOn:
    """Everything that is on at the exchange, told after a time in which news may have been lost.

    What is believed on and is not among it is over. A call from before `since` was cut off by the exchange.
    """

    calls: frozenset[str]
    dials: frozenset[str]
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialArrived:
    """The exchange's own trial call of `key` has come to a line, by the way that callers come."""

    key: str
    line: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialHeard:
    """A greeting was heard in the trial call of `key`."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DialStarted:
    """The professional's device answered and the resident's telephone is being rung."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DialAnswered:
    """The resident answered."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DialFailed:
    """The resident was not reached, or the exchange could not try."""

    key: str
    result: Result
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DialEnded:
    """An answered call ended."""

    key: str
    at: datetime


TelephonyEvent = (
    CallArrived
    | KeyPressed
    | CallerGone
    | Joined
    | MessageLeft
    | NotJoined
    | AgentGone
    | CallsOn
    | TrialArrived
    | TrialHeard
    | DialStarted
    | DialAnswered
    | DialFailed
    | DialEnded
)


class OnEvent(Protocol):
    """Who is told; `event_id` is the exchange's own id of the event, where it gives one."""

    async def __call__(self, event: TelephonyEvent, event_id: str = "") -> Prompts | None:
        """Takes one event; for an inbound call's the answer is what its caller hears next.

        Raises Unavailable when nothing was stored.
        """
        ...


class Telephony(Protocol):
    """The exchange. Events may come late, twice and in any order; `dial` with a used key does nothing.

    `hold`, `release` and `hangup` answer True when it is so, False for a clear refusal: nothing has changed.
    What raises may have been done: it is not asked for again by a program.
    """

    @property
    def can(self) -> frozenset[Can]:
        """What it does of what an exchange may leave out."""
        ...

    @property
    def name(self) -> str:
        """Under which its calls are stored."""
        ...

    @property
    def is_linked(self) -> bool:
        """Whether commands of this process reach the exchange."""
        ...

    async def start(self, on_event: OnEvent) -> None:
        """Begins to report; for an inbound call's event the answer of `on_event` is played to the caller."""
        ...

    async def dial(self, key: str, line: str, number: str, agent_device: str) -> None:
        """Rings the device, then `number` showing `line`; at most once for each `key`."""
        ...

    async def connect(self, key: str, call: str, agent_device: str, *, stays: bool = False) -> None:
        """Joins a caller to the device; at most once for each `key`.

        Who talks with her is released when it answers; or, `stays`, talks on until she leaves by herself.
        """
        ...

    async def release(self, key: str, talk: Talk) -> bool:
        """Has the professionals' telephones leave a caller, who waits with music; once for each `key`."""
        ...

    async def hold(self, key: str, talk: Talk, *, on: bool) -> bool:
        """Has the resident hear music and nobody, or talk on; once for each `key`."""
        ...

    async def hangup(self, key: str, talk: Talk) -> bool:
        """Ends the call for everybody, if it is on; once for each `key`."""
        ...

    async def try_line(self, key: str, line: str) -> None:
        """Rings the line as a caller would, and tells when its greeting is heard; at most once for each
        `key`.
        """
        ...

    async def stop(self) -> None:
        """Stops reporting; calls that are on go on."""
        ...
