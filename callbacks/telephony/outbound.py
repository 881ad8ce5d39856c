"""A call back at Asterisk: the professional's telephone first, then the resident's, then both joined. Pure.

Each telephone is rung once for a key. What came of it is told once; what nobody knows is told as unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from callbacks.results import Result
from callbacks.telephony.ari import Leg, Place, Request, bridge_of, delete, post, ring
from callbacks.telephony.effects import Tell
from callbacks.telephony.inbound import DEVICE_RINGS
from callbacks.telephony.port import DialAnswered, DialEnded, DialFailed, DialStarted, TelephonyEvent

RESIDENT_RINGS = 40  # seconds, within what an attempt may be silent
# Q.850 causes as SIP answers are mapped to them (RFC 3398, 8.2.6.1 and 7.2.4.1).
BUSY = frozenset({17, 21})  # 486 and 600; 603: the resident declines
ENDED_BY_US = 16
UNANSWERED = frozenset({ENDED_BY_US, 18, 19})  # ended by us, no response, no answer


class Stage(StrEnum):
    """Whose telephone is rung, both talking, or over."""

    AGENT = "agent"
    RESIDENT = "resident"
    TALKS = "talks"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """One attempt. A process that found it on at Asterisk knows no endpoint, and rings nobody."""

    key: str
    stage: Stage = Stage.AGENT
    endpoint: str = field(default="", repr=False)
    shown: str = ""
    has_rung: bool = False
    is_held: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it."""
        return self.stage == Stage.OVER

    @property
    def agent(self) -> str:
        """Where requests about the professional's leg go."""
        return f"/channels/{Leg('agent', self.key).channel}"

    @property
    def resident(self) -> str:
        """Where requests about the resident's leg go."""
        return f"/channels/{Leg('resident', self.key).channel}"


@dataclass(frozen=True, slots=True)
class Order:
    """It is to be rung, the professional's endpoint first."""

    agent_endpoint: str


@dataclass(frozen=True, slots=True)
class Found:
    """It was found at Asterisk: who is up there, and whether both are joined."""

    agent: bool
    resident: bool
    joined: bool
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Rings:
    """The resident's telephone rings."""


@dataclass(frozen=True, slots=True)
class Up:
    """A telephone answered."""

    role: str


@dataclass(frozen=True, slots=True)
class Down:
    """A leg ended, for a cause of Q.850."""

    role: str
    cause: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Asterisk could not ring this leg; or, not `known`, did not say whether it does."""

    role: str
    known: bool = True


News = Order | Found | Rings | Up | Down | Refused
Effect = Request | Tell
Step = tuple[Dialled, Sequence[Effect]]


def step(dialled: Dialled, news: News, at: datetime, place: Place) -> Step:
    """What follows from the news at that instant; what has no meaning here changes nothing."""
    if dialled.stage == Stage.OVER:
        return dialled, ()
    return _COURSES[type(news)](dialled, news, at, place)


def _ordered(dialled: Dialled, news: Order, at: datetime, place: Place) -> Step:
    leg, args = Leg("agent", dialled.key), f"agent,{dialled.key}"
    rung = ring(leg, news.agent_endpoint, place.app, args=args, seconds=DEVICE_RINGS, shown=dialled.shown)
    return dialled, (rung,)


def _refused(dialled: Dialled, news: Refused, at: datetime, place: Place) -> Step:
    refused = Result.AGENT_ABSENT if news.role == "agent" else Result.FAILED
    return _over(dialled, refused if news.known else Result.UNKNOWN, at)


def _up(dialled: Dialled, news: Up, at: datetime, place: Place) -> Step:
    if news.role == "agent":
        if dialled.stage != Stage.AGENT or not dialled.endpoint:
            return dialled, ()
        leg, args = Leg("resident", dialled.key), f"resident,{dialled.key}"
        rung = ring(leg, dialled.endpoint, place.app, args=args, seconds=RESIDENT_RINGS, shown=dialled.shown)
        # The professional hears that it rings.
        return replace(dialled, stage=Stage.RESIDENT), (_tone(dialled), rung)
    if dialled.stage != Stage.RESIDENT:
        return dialled, ()
    rung_, told = _rung(dialled, Rings(), at, place)
    bridge = bridge_of(dialled.key)
    agent, resident = (Leg(each, dialled.key).channel for each in ("agent", "resident"))
    joined = (
        delete(f"/playbacks/{bridge}-tone"),
        post(f"/bridges/{bridge}", type="mixing"),
        post(f"/bridges/{bridge}/addChannel", channel=f"{agent},{resident}"),
    )
    answered = Tell(DialAnswered(key=dialled.key, at=at))
    return replace(rung_, stage=Stage.TALKS), (*joined, *told, answered)


def _down(dialled: Dialled, news: Down, at: datetime, place: Place) -> Step:
    if news.role == "resident" and dialled.stage == Stage.RESIDENT:
        return _over(dialled, result_of(news.cause), at)
    if news.role == "agent" and dialled.stage in (Stage.AGENT, Stage.RESIDENT):
        # She hung up, or never came: what rang at the resident's was not answered.
        return _over(dialled, Result.NO_ANSWER if dialled.has_rung else Result.AGENT_ABSENT, at)
    if dialled.stage == Stage.TALKS:
        return _over(dialled, None, at)
    return dialled, ()


def _found(dialled: Dialled, news: Found, at: datetime, place: Place) -> Step:
    """After a loss: what is whole goes on, the rest is released; nobody is rung to find out."""
    if news.joined:
        answered = Tell(DialAnswered(key=dialled.key, at=at))
        return replace(dialled, stage=Stage.TALKS, has_rung=True, is_held=news.is_held), (answered,)
    if news.agent and news.resident:
        return replace(dialled, stage=Stage.RESIDENT), ()
    return _over(dialled, Result.UNKNOWN, at)


def _rung(dialled: Dialled, news: Rings, at: datetime, place: Place) -> Step:
    if dialled.has_rung or dialled.stage == Stage.AGENT:
        return dialled, ()
    return replace(dialled, has_rung=True), (Tell(DialStarted(key=dialled.key, at=at)),)


def _over(dialled: Dialled, failed: Result | None, at: datetime) -> Step:
    """Both legs and the bridge are released: what is not there any more refuses quietly."""
    told: TelephonyEvent = (
        DialEnded(key=dialled.key, at=at)
        if failed is None
        else DialFailed(key=dialled.key, result=failed, at=at)
    )
    ends = (delete(dialled.resident), delete(dialled.agent), delete(f"/bridges/{bridge_of(dialled.key)}"))
    return replace(dialled, stage=Stage.OVER), (Tell(told), *ends)


def _tone(dialled: Dialled) -> Request:
    return post(f"{dialled.agent}/play/{bridge_of(dialled.key)}-tone", media="tone:ring")


def result_of(cause: int) -> Result:
    """What the end of a telephone that was rung and not answered means."""
    if cause in BUSY:
        return Result.BUSY
    return Result.NO_ANSWER if cause in UNANSWERED else Result.FAILED


_COURSES: Mapping[type, Callable[[Dialled, Any, datetime, Place], Step]] = {
    Order: _ordered,
    Found: _found,
    Rings: _rung,
    Up: _up,
    Down: _down,
    Refused: _refused,
}
