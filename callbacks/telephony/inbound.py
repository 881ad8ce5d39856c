"""A caller's call at Asterisk, from ring to end: what was heard in, what is asked of Asterisk out. Pure.

It decides nothing about the line: what the caller hears next is the answer to what is told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from callbacks.telephony.ari import Leg, Place, Request, bridge_of, delete, post, record, recording_of, ring
from callbacks.telephony.effects import Tell, Wait
from callbacks.telephony.port import (
    AgentGone,
    CallArrived,
    CallerGone,
    Joined,
    KeyPressed,
    NotJoined,
    Prompts,
)
from callbacks.telephony.sounds import files

QUESTION = 8.0  # seconds to press a key after a prompt
AGAIN = 60.0  # seconds in the line after which the call back is offered again (R11)
IN_LINE = "call.in_line"
DEVICE_RINGS = 20  # seconds of a professional's telephone
# A caller whom nobody looks after for so long falls to the PBX's own answer; renewed while we have the call.
LIMIT_S = 60
TOGETHER = timedelta(seconds=0.5)
MILLISECOND = timedelta(milliseconds=1)


class At(StrEnum):
    """Where the call is: told and not yet taken, hearing a prompt, waiting, recorded, or talking."""

    ARRIVED = "arrived"
    HEARS = "hears"
    WAITS = "waits"
    RECORDS = "records"
    TALKS = "talks"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One inbound call. `joining` is the leg that rings (beside those it talks to, `joined`, if they stay);
    `n` grows with each answer; `last` is that of the last one that was stored, None where nobody here knows.
    """

    call: str
    began: datetime
    at: At = At.ARRIVED
    prompts: Prompts = field(default_factory=Prompts)
    played: int = 0
    n: int = 0
    last: int | None = 0
    heard_at: datetime | None = None
    has_music: bool = False
    is_held: bool = False
    joining: str = ""
    stays: bool = False
    joined: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it."""
        return self.at == At.OVER

    @property
    def channel(self) -> str:
        """Where requests about it go."""
        return f"/channels/{self.call}"

    @property
    def playback(self) -> str:
        """The name of the newest playback."""
        return f"{bridge_of(self.call)}-{self.played}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """It rings on a line."""

    line: str
    number: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """It was found at Asterisk by a process that did not see it come: talking, waiting, or left alone."""

    line: str
    number: str | None = field(repr=False)
    joined: tuple[str, ...] = ()
    was_left: bool = False
    is_held: bool = False
    n: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What the line says to what was told; None says nothing."""

    prompts: Prompts | None


@dataclass(frozen=True, slots=True)
class NotStored:
    """What was told could not be stored."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key, at the instant that Asterisk gives it."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Played:
    """A playback ended, or could not be played."""

    playback: str


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The time to answer the question that followed a playback."""

    played: int


@dataclass(frozen=True, slots=True)
class Join:
    """A professional takes the call: `endpoint` is her telephone, empty when she has none."""

    key: str
    endpoint: str
    stays: bool = False


@dataclass(frozen=True, slots=True)
class LegUp:
    """A professional's telephone answered."""

    key: str


@dataclass(frozen=True, slots=True)
class LegGone:
    """A professional's telephone hung up, did not answer, or could not be rung."""

    key: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller's leg is gone."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Time passed, and this process is here."""


News = (
    Arrived
    | Found
    | Answered
    | NotStored
    | Pressed
    | Played
    | TimeUp
    | Join
    | LegUp
    | LegGone
    | HungUp
    | Watched
)


Effect = Request | Tell | Wait
Step = tuple[Caller, Sequence[Effect]]


def step(caller: Caller, news: News, at: datetime, place: Place) -> Step:
    """What follows from the news at that instant; what has no meaning here changes nothing."""
    if caller.at == At.OVER:
        return caller, ()
    return _COURSES[type(news)](caller, news, at, place)


def _arrived(caller: Caller, news: Arrived | Found, at: datetime, place: Place) -> Step:
    return caller, (Tell(CallArrived(call=caller.call, line=news.line, number=news.number, at=at)),)


def _found(caller: Caller, news: Found, at: datetime, place: Place) -> Step:
    _, told = _arrived(caller, news, at, place)
    if news.joined:
        talks = replace(caller, at=At.TALKS, joined=news.joined, is_held=news.is_held)
        return replace(talks, n=news.n, last=None), told
    # It waits somewhere in the flow: a question nobody answered is asked to its end, the line goes on.
    waits = replace(caller, at=At.WAITS, has_music=True, n=news.n, last=None)
    effects = (*told, post(f"{caller.channel}/moh"), _limit(waits, LIMIT_S), Wait(waits.played, QUESTION))
    if not news.was_left:
        return waits, effects
    after, more = _alone(waits, at)
    return after, (*effects, *more)


def _answered(caller: Caller, news: Answered, at: datetime, place: Place) -> Step:
    return _say(caller, news.prompts, place)


def _watched(caller: Caller, news: Watched, at: datetime, place: Place) -> Step:
    is_alone = caller.is_held or caller.at in (At.HEARS, At.WAITS, At.RECORDS)
    return caller, (_limit(caller, LIMIT_S),) if is_alone else ()


def _say(caller: Caller, prompts: Prompts | None, place: Place) -> Step:
    if caller.at == At.TALKS or (prompts is None and caller.at != At.WAITS):
        return caller, ()
    if prompts is None:  # nothing new to hear: it goes on waiting
        return replace(caller, has_music=True), _music(caller)
    effects: list[Effect] = []
    if caller.at == At.ARRIVED:
        # The dialplan's short limit goes first: who has been answered is not taken from us.
        effects += [_limit(caller, LIMIT_S), post(f"{caller.channel}/answer")]
    heard = files(prompts)
    if not heard:
        told = replace(caller, at=At.WAITS, prompts=prompts, played=caller.played + 1)
        after, more = _after(told)
        return after, (*effects, *more)
    hears = replace(caller, at=At.HEARS, prompts=prompts, played=caller.played + 1, has_music=False)
    media = ",".join(f"sound:{place.sounds}/{name}" for name in heard)
    play = post(f"{caller.channel}/play/{hears.playback}", media=media)
    return hears, (*effects, *_stop_playing(caller), *_silence(caller), play)


def _played(caller: Caller, news: Played, at: datetime, place: Place) -> Step:
    if caller.at != At.HEARS or news.playback != caller.playback:
        return caller, ()
    return _after(replace(caller, at=At.WAITS, heard_at=at))


def _after(caller: Caller) -> Step:
    """What follows when a prompt has been heard."""
    prompts = caller.prompts
    if prompts.record_s:
        asked = record(caller.channel, recording_of(caller.call, caller.played), prompts.record_s)
        return replace(caller, at=At.RECORDS), (asked, Wait(caller.played, prompts.record_s + QUESTION))
    if prompts.hang_up:
        return caller, (delete(caller.channel, reason="normal"),)
    if prompts.asks and IN_LINE not in prompts.play:
        return caller, (Wait(caller.played, QUESTION),)
    return replace(caller, has_music=True), (*_music(caller), Wait(caller.played, AGAIN))


def _pressed(caller: Caller, news: Pressed, at: datetime, place: Place) -> Step:
    if caller.at not in (At.HEARS, At.WAITS) or caller.prompts.hang_up:
        return caller, ()
    n = (news.at - caller.began) // MILLISECOND
    if n <= caller.n:  # told again
        return caller, ()
    effects = _stop_playing(caller)
    # The question's time ends with the key: a new one begins with what is heard next.
    after = replace(caller, at=At.WAITS, played=caller.played + 1)
    after, told = _told(after, news.key, n, at)
    return after, (*effects, told)


def _time_up(caller: Caller, news: TimeUp, at: datetime, place: Place) -> Step:
    if caller.at not in (At.WAITS, At.RECORDS) or news.played != caller.played or caller.prompts.hang_up:
        return caller, ()
    after, told = _told(caller, "", caller.n + 1, at)
    return after, (told,)


def _not_stored(caller: Caller, news: NotStored, at: datetime, place: Place) -> Step:
    if caller.at == At.ARRIVED:  # never taken: the PBX's own plan has the caller
        return caller, (post(f"{caller.channel}/continue"),)
    # Whether the answer is stored after all is not known: the next one follows neither surely.
    return replace(caller, last=None), (Wait(caller.played, QUESTION),) if caller.at == At.WAITS else ()


def _join(caller: Caller, news: Join, at: datetime, place: Place) -> Step:
    if news.key in (caller.joining, *caller.joined) or caller.at == At.ARRIVED:
        return caller, ()
    if news.stays and (not caller.joined or caller.joining):
        return caller, (Tell(NotJoined(key=news.key, at=at)),)
    # The newest order stands: who lost the contact is not connected any more.
    before = (delete(f"/channels/{Leg('join', caller.joining).channel}"),) if caller.joining else ()
    joining = replace(caller, joining=news.key, stays=news.stays)
    if not news.endpoint:
        after, effects = _leg_gone(joining, LegGone(news.key), at, place)
        return after, (*before, *effects)
    leg = Leg("join", news.key)
    args = f"join,{news.key},{caller.call}"
    return joining, (*before, ring(leg, news.endpoint, place.app, args=args, seconds=DEVICE_RINGS))


def _leg_up(caller: Caller, news: LegUp, at: datetime, place: Place) -> Step:
    key, leg = news.key, Leg("join", news.key)
    is_first = not caller.joining and not caller.joined  # ordered by a process that is gone
    if caller.at == At.ARRIVED or not (key == caller.joining or is_first):
        is_known = key in caller.joined
        return caller, () if is_known else (delete(f"/channels/{leg.channel}", reason="normal"),)
    add = f"/bridges/{bridge_of(caller.call)}/addChannel"
    told = Tell(Joined(key=key, at=at))
    if caller.stays and caller.joined:  # beside her; a caller on hold stays so
        both = replace(caller, joining="", stays=False, joined=(*caller.joined, key))
        return both, (post(add, channel=leg.channel), told)
    effects: list[Effect] = [*_stop_playing(caller), *_silence(caller), *_end_legs(caller.joined)]
    effects += [
        _limit(caller, 0),
        post(f"/bridges/{bridge_of(caller.call)}", type="mixing"),
        post(add, channel=f"{caller.call},{leg.channel}"),
        told,
    ]
    talks = replace(caller, at=At.TALKS, joining="", stays=False, joined=(key,))
    return replace(talks, has_music=False, is_held=False), effects


def _leg_gone(caller: Caller, news: LegGone, at: datetime, place: Place) -> Step:
    if news.key in caller.joined:
        left = tuple(key for key in caller.joined if key != news.key)
        return (replace(caller, joined=left), ()) if left else _alone(caller, at)
    if news.key == caller.joining:
        told = AgentGone(call=caller.call, answered=False, at=at)
        not_joined = NotJoined(key=news.key, at=at)
        return replace(caller, joining="", stays=False), (Tell(not_joined if caller.stays else told),)
    return caller, ()


def _alone(caller: Caller, at: datetime) -> Step:
    """Out of the bridge, so that the caller hears the line again, or the end."""
    back = replace(caller, at=At.WAITS, joined=(), is_held=False, prompts=Prompts())
    out = delete(f"/bridges/{bridge_of(caller.call)}")
    told = Tell(AgentGone(call=caller.call, answered=True, at=at))
    return back, (out, _limit(caller, LIMIT_S), told)


def _hung_up(caller: Caller, news: HungUp, at: datetime, place: Place) -> Step:
    effects: list[Effect] = [*_end_legs(tuple(filter(None, (caller.joining, *caller.joined))))]
    if caller.joined:
        effects.append(delete(f"/bridges/{bridge_of(caller.call)}"))
    # A hang-up ends the sentence first: what ended together was not heard to its end.
    has_just = caller.at == At.WAITS and caller.heard_at is not None and at - caller.heard_at < TOGETHER
    unheard = caller.at in (At.ARRIVED, At.HEARS) or has_just
    gone = Tell(CallerGone(call=caller.call, at=at, after=caller.last, unheard=unheard))
    return replace(caller, at=At.OVER), (*effects, gone)


def _end_legs(keys: Sequence[str]) -> tuple[Request, ...]:
    return tuple(delete(f"/channels/{Leg('join', key).channel}", reason="normal") for key in keys)


def _told(caller: Caller, key: str, n: int, at: datetime) -> tuple[Caller, Tell]:
    """Keys are numbered by the call's milliseconds, so that another process goes on counting."""
    told = KeyPressed(call=caller.call, n=n, key=key, at=at, after=caller.last)
    return replace(caller, n=n, last=n), Tell(told)


def _limit(caller: Caller, seconds: int) -> Request:
    return post(f"{caller.channel}/variable", variable="TIMEOUT(absolute)", value=str(seconds))


def _music(caller: Caller) -> tuple[Request, ...]:
    return () if caller.has_music else (post(f"{caller.channel}/moh"),)


def _silence(caller: Caller) -> tuple[Request, ...]:
    return (delete(f"{caller.channel}/moh"),) if caller.has_music or caller.is_held else ()


def _stop_playing(caller: Caller) -> tuple[Request, ...]:
    return (delete(f"/playbacks/{caller.playback}"),) if caller.at == At.HEARS else ()


_COURSES: Mapping[type, Callable[[Caller, Any, datetime, Place], Step]] = {
    Arrived: _arrived,
    Found: _found,
    Answered: _answered,
    NotStored: _not_stored,
    Pressed: _pressed,
    Played: _played,
    TimeUp: _time_up,
    Join: _join,
    LegUp: _leg_up,
    LegGone: _leg_gone,
    HungUp: _hung_up,
    Watched: _watched,
}
