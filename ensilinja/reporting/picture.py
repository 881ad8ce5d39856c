"""The supervisor's picture as frozen values, and when a figure is good, to be watched, or too long. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.county import LocalText

RISK_HORIZON = timedelta(hours=2)
WORK_MINUTES = 10  # one callback's work, as in the matcher's split of the floor
WATCH_FROM = 0.75  # of a promised window


class Word(StrEnum):
    """What a figure means; `none` is no data."""

    GOOD = "good"
    WATCH = "watch"
    TOO_LONG = "too_long"
    NONE = "none"


_ORDER = (Word.NONE, Word.GOOD, Word.WATCH, Word.TOO_LONG)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTile:
    """People who wait live (chat, call) now."""

    n: int
    target: int | None = None
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestTile:
    """The longest live wait, in service time, beside its queue's target."""

    seconds: int | None = None
    target_seconds: int | None = None
    contact: int | None = None
    word: Word = Word.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTile:
    """`chat_reply_delay` of today, in service time."""

    mean_s: float | None
    p90_s: float | None
    n: int
    target_s: float | None
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbacksTile:
    """Open callbacks that nobody has in hand; overdue by their first promise. `second` of today's were
    given a second one.
    """

    open: int
    overdue: int
    second: int
    oldest_due_at: datetime | None
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackDelayTile:
    """`callback_delay` of today, in service time."""

    p90_s: float | None
    n: int
    target_s: float | None
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionTile:
    """`resolution_declared` of today: resolved of those coded."""

    resolved: int
    coded: int
    percent: float | None
    target_percent: float | None
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """The six figures."""

    waiting: WaitingTile
    longest: LongestTile
    reply_delay: ReplyTile
    callbacks: CallbacksTile
    callback_delay: CallbackDelayTile
    resolution: ResolutionTile


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One queue and channel. `ready` have room now, `on_shift` are signed in; delays are service time."""

    queue: str
    name: LocalText
    channel: str
    waiting: int
    longest_s: int | None
    ready: int
    on_shift: int
    reply_mean_s: float | None
    reply_p90_s: float | None
    left_percent: float | None
    state: Word
    open: bool
    at_risk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """One professional on shift: ready, busy, call, wrapping, paused, not_answering or lost."""

    id: int
    name: str
    state: str
    since: datetime
    load: int
    capacity: int
    queues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What asks for a supervisor at once; `since` is when it began to be wrong."""

    kind: str
    since: datetime
    queue: str | None = None
    queue_name: LocalText | None = None
    contact: int | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The live picture. It names professionals, never a resident."""

    tiles: Tiles
    queues: tuple[QueueRow, ...]
    staff: tuple[StaffRow, ...]
    alarms: tuple[Alarm, ...]
    now: datetime

    def wire(self, lang: str = "fi") -> dict[str, Any]:
        """The picture as JSON, instants as ISO texts, the queues' names in `lang`."""
        shown: dict[str, Any] = told(self, lang)
        return shown


def told(value: Any, lang: str) -> Any:
    """The value as JSON: instants as ISO texts, a text in three languages as the one asked for."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, LocalText):
        return value.get(lang)
    if isinstance(value, tuple):
        return [told(part, lang) for part in value]
    return {name: told(getattr(value, name), lang) for name in value.__dataclass_fields__}


def worst(words: Sequence[Word]) -> Word:
    """The worst of the words; none of no words."""
    return max(words, key=_ORDER.index, default=Word.NONE)


def word_of_wait(seconds: float | None, target_seconds: float | None) -> Word:
    """good within the target, watch up to twice the target, too_long over that."""
    if seconds is None or target_seconds is None:
        return Word.NONE
    if seconds <= target_seconds:
        return Word.GOOD
    return Word.WATCH if seconds <= 2 * target_seconds else Word.TOO_LONG


def word_of_promise(made_at: datetime, due_at: datetime, now: datetime) -> Word:
    """watch from 75 % of the promised window on, too_long when it has passed."""
    if now > due_at:
        return Word.TOO_LONG
    return Word.WATCH if now - made_at >= WATCH_FROM * (due_at - made_at) else Word.GOOD


def promises_at_risk(due: Sequence[datetime], agents: int, now: datetime) -> int:
    """Promises due within two hours that the agents signed in cannot begin by their due instants."""
    most = 0
    soon = sorted(at for at in due if at <= now + RISK_HORIZON)
    for count, at in enumerate(soon, start=1):
        minutes = max((at - now).total_seconds() / 60, 0.0)
        most = max(most, count - int(agents * minutes / WORK_MINUTES))
    return most
