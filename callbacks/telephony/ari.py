"""The words of Asterisk's ARI: its events read, our requests written. Pure; what is not known is None.

Our legs and bridges carry names that we choose, so that after any loss their meaning is read from Asterisk.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PREFIX = "ensilinja"
RECORDED = f"{PREFIX}-message-"
SILENCE_S = 8  # seconds after which who leaves a message has nothing more to say
LONGEST_EVENT = 65_536  # bytes; Asterisk's events have a few hundred
_KEY = r"[A-Za-z0-9_-]{1,100}"
_LEG = re.compile(rf"{PREFIX}-(join|agent|resident|ear|trial)-({_KEY})")
_KINDS = frozenset(
    {
        "StasisStart",
        "StasisEnd",
        "ChannelDestroyed",
        "ChannelStateChange",
        "ChannelDtmfReceived",
        "ChannelTalkingStarted",
        "PlaybackFinished",
        "RecordingFinished",
        "RecordingFailed",
        "ApplicationReplaced",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One leg of a call at Asterisk. `args` are the application's, where it is in ours."""

    id: str
    state: str
    number: str = field(default="", repr=False)
    created: datetime
    args: tuple[str, ...] = ()
    is_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AriEvent:
    """One event: of a channel (or of a playback on it), at an instant of Asterisk's clock."""

    kind: str
    at: datetime
    channel: Channel | None = None
    subject: str = ""
    digit: str = ""
    cause: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of REST. What the body holds is in no address: it may be a number."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Leg:
    """What a channel that we made is: `join` of a waiting call, `agent` or `resident` of a dialled one, `ear`
    and `trial` of a call to a line of our own."""

    role: str
    key: str

    @property
    def channel(self) -> str:
        """Its name at Asterisk."""
        return f"{PREFIX}-{self.role}-{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a PBX calls things: our application, and the folder of its recordings."""

    app: str
    sounds: str


def read_event(raw: str | bytes, app: str) -> AriEvent | None:
    """The event, or None for what is unknown, malformed or about nothing of ours."""
    if len(raw) > LONGEST_EVENT:
        return None
    try:
        data = json.loads(raw)
        if data["type"] not in _KINDS or data["application"] != app:
            return None
        channel = read_channel(data["channel"], app, data.get("args")) if "channel" in data else None
        return AriEvent(
            kind=data["type"],
            at=_instant(data["timestamp"]),
            channel=channel,
            subject=_subject(data, channel),
            digit=str(data.get("digit", ""))[:1],
            cause=int(data.get("cause", 0)),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def read_channel(data: Mapping[str, Any], app: str, args: Any = None) -> Channel:
    """A channel as Asterisk lists it; KeyError, TypeError or ValueError for anything else."""
    plan = data.get("dialplan", {})
    words = str(plan.get("app_data", "")).split(",")
    in_ours = plan.get("app_name") == "Stasis" and words[0] == app
    return Channel(
        id=str(data["id"]),
        state=str(data["state"]),
        number=str(data.get("caller", {}).get("number", "")),
        created=_instant(data["creationtime"]),
        args=tuple(map(str, args)) if args is not None else tuple(words[1:]) if in_ours else (),
        is_ours=in_ours or leg_of(str(data["id"])) is not None,
    )


def leg_of(channel: str) -> Leg | None:
    """What a channel of ours is by its name; None for a caller's and for anybody else's."""
    found = _LEG.fullmatch(channel)
    return Leg(found[1], found[2]) if found else None


def bridge_of(subject: str) -> str:
    """The name of the bridge of a call or of a dialled key."""
    return f"{PREFIX}-{subject}"


def recording_of(call: str, n: int) -> str:
    """The name of the n-th recording of a call."""
    return f"{RECORDED}{call}-{n}"


def call_recorded(name: str) -> str:
    """The call that a recording is of; empty for a recording that is not ours."""
    return name.removeprefix(RECORDED).rpartition("-")[0] if name.startswith(RECORDED) else ""


def post(path: str, **params: str) -> Request:
    """A request that does something."""
    return Request(method="POST", path=path, params=params)


def delete(path: str, **params: str) -> Request:
    """A request that ends something."""
    return Request(method="DELETE", path=path, params=params)


def ring(leg: Leg, endpoint: str, app: str, *, args: str, seconds: int, shown: str = "") -> Request:
    """Rings an endpoint under the leg's name: Asterisk refuses a second one of that name."""
    body = {"endpoint": endpoint, "app": app, "appArgs": args, "timeout": seconds}
    return Request(
        method="POST",
        path=f"/channels/{leg.channel}",
        body={**body, "callerId": shown} if shown else body,
    )


def record(path: str, name: str, seconds: int) -> Request:
    """Records what is said there; the hash key, a silence or hanging up ends it."""
    return post(
        f"{path}/record",
        name=name,
        format="wav",
        maxDurationSeconds=str(seconds),
        maxSilenceSeconds=str(SILENCE_S),
        ifExists="fail",
        beep="false",  # ours is among what was played: a PBX need not have one
        terminateOn="#",
    )


def _subject(data: Mapping[str, Any], channel: Channel | None) -> str:
    if channel is not None:
        return channel.id
    if "recording" in data:
        return str(data["recording"]["name"])
    return str(data["playback"]["id"]) if "playback" in data else ""


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at
