"""What Asterisk has on when a process connects to it: which calls go on, and what is released. Pure.

A process that starts, or takes over, knows nothing but this: the names of legs and bridges say the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from callbacks.telephony import trials
from callbacks.telephony.ari import Channel, Leg, Request, bridge_of, delete, leg_of
from callbacks.telephony.outbound import Found

UP = "Up"
DIALLED = frozenset({"agent", "resident"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A caller there, taken or still ringing, with the keys of the legs it is joined with."""

    channel: Channel
    is_taken: bool
    was_joined: bool
    joined: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that is on: callers, dialled keys with the resident's state, and what nobody needs any more."""

    callers: tuple[Waiting, ...]
    dials: Mapping[str, tuple[Found, str]]
    legs: Mapping[str, str]
    release: tuple[Request, ...]

    @property
    def calls(self) -> frozenset[str]:
        """The callers' ids."""
        return frozenset(caller.channel.id for caller in self.callers)


def standing(channels: Iterable[Channel], bridges: Mapping[str, Sequence[str]]) -> Standing:
    """Reads what is on from the lists of channels and bridges (name → channels)."""
    ours = {channel.id: channel for channel in channels if channel.is_ours}
    legs = {channel.id: leg for channel in ours.values() if (leg := leg_of(channel.id)) is not None}
    callers = [
        channel for channel in ours.values() if channel.args[:1] == ("inbound",) and channel.id not in legs
    ]
    waiting = tuple(_waiting(caller, legs, bridges) for caller in callers)
    calls = {caller.channel.id for caller in waiting}
    joins = {leg.key: _call_of(ours[name], bridges) for name, leg in legs.items() if leg.role == "join"}
    keys = {leg.key for leg in legs.values() if leg.role in DIALLED}
    # A trial call that nobody listens to any more is missed, and made again.
    lost = [
        name
        for name, leg in legs.items()
        if leg.role in trials.ROLES or (leg.role == "join" and joins[leg.key] not in calls)
    ]
    return Standing(
        callers=waiting,
        dials={key: _dial(key, ours, bridges) for key in keys},
        legs={key: call for key, call in joins.items() if call in calls},
        release=tuple(delete(f"/channels/{name}") for name in lost),
    )


def _waiting(caller: Channel, legs: Mapping[str, Leg], bridges: Mapping[str, Sequence[str]]) -> Waiting:
    beside = bridges.get(bridge_of(caller.id), ())
    keys = tuple(legs[name].key for name in beside if name in legs)
    return Waiting(channel=caller, is_taken=caller.state == UP, was_joined=caller.id in beside, joined=keys)


def _call_of(leg: Channel, bridges: Mapping[str, Sequence[str]]) -> str:
    """The call a leg was rung for: told by its arguments, or by the bridge it is in."""
    if len(leg.args) == 3:
        return leg.args[2]
    within = next((name for name, channels in bridges.items() if leg.id in channels), "")
    return within.removeprefix(bridge_of(""))


def _dial(
    key: str, channels: Mapping[str, Channel], bridges: Mapping[str, Sequence[str]]
) -> tuple[Found, str]:
    agent, resident = Leg("agent", key).channel, Leg("resident", key).channel
    beside = bridges.get(bridge_of(key), ())
    # The bridge is made when the resident answers: who is not in it then has been put on hold.
    found = Found(
        agent=agent in channels,
        resident=resident in channels,
        joined=agent in beside and resident in channels,
        is_held=agent in beside and resident not in beside,
    )
    return found, channels[resident].state if resident in channels else ""
