"""What a professional's console does to a call at Asterisk: hold, talk on, end. Pure.

The last request decides: when it is done, so is the order; those before it may be refused, where what they
ask for is so already.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from callbacks.telephony.ari import Leg, Request, bridge_of, delete, post
from callbacks.telephony.inbound import LIMIT_S, At, Caller
from callbacks.telephony.outbound import Dialled, Stage

State = Caller | Dialled
Done = tuple[State, Sequence[Request]]


def hold(state: State) -> Done | None:
    """Out of the bridge first: from then on nobody is heard, whatever becomes of the music."""
    if not talks(state):
        return None
    resident = channel_of(state)
    out = post(f"/bridges/{_bridge(state)}/removeChannel", channel=resident)
    return replace(state, is_held=True), (out, *_limit(state, LIMIT_S), post(f"/channels/{resident}/moh"))


def resume(state: State) -> Done | None:
    """Back into the bridge."""
    if not talks(state):
        return None
    resident = channel_of(state)
    back = post(f"/bridges/{_bridge(state)}/addChannel", channel=resident)
    silence = delete(f"/channels/{resident}/moh")
    return replace(state, is_held=False), (silence, *_limit(state, 0), back)


def hang_up(state: State) -> Done | None:
    """The resident's leg is ended; what follows is told by its end. A telephone that still rings stops."""
    if isinstance(state, Caller):
        ends = (delete(f"/channels/{state.call}", reason="normal"),) if state.joined or state.joining else ()
    else:
        # Before the resident has answered, what came of it follows from the professional's own end.
        leg = "resident" if state.stage == Stage.TALKS else "agent"
        ends = (delete(f"/channels/{Leg(leg, state.key).channel}", reason="normal"),)
    return (state, ends) if ends else None


def release(state: State) -> Done | None:
    """The professionals' legs end, and the caller waits: what she hears is told by their end."""
    if not isinstance(state, Caller) or not state.joined:
        return None
    return state, tuple(
        delete(f"/channels/{Leg('join', key).channel}", reason="normal") for key in state.joined
    )


ORDERS: Mapping[str, Callable[[State], Done | None]] = {
    "hold": hold,
    "resume": resume,
    "hangup": hang_up,
    "release": release,
}


def talks(state: State) -> bool:
    """Whether a resident and a professional are joined, or were until the resident was held."""
    return state.at == At.TALKS if isinstance(state, Caller) else state.stage == Stage.TALKS


def channel_of(state: State) -> str:
    """The resident's channel."""
    return state.call if isinstance(state, Caller) else Leg("resident", state.key).channel


def _bridge(state: State) -> str:
    return bridge_of(state.call if isinstance(state, Caller) else state.key)


def _limit(state: State, seconds: int) -> tuple[Request, ...]:
    """A caller on hold whom nobody looks after falls to the PBX's own answer, as one who waits does."""
    if not isinstance(state, Caller):
        return ()
    where = f"/channels/{state.call}/variable"
    return (post(where, variable="TIMEOUT(absolute)", value=str(seconds)),)
