"""The entry machine: every (state, event) pair is defined here; what is not legal is refused with 409."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from core.errors import Conflict


class State(StrEnum):
    """Where an entry is; done is the only terminal state."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    LEFT = "left"
    OFFERED = "offered"
    HELD = "held"
    WRAPPING = "wrapping"
    DONE = "done"


class Event(StrEnum):
    """What may happen to an entry."""

    COME_DUE = "come_due"
    OFFER = "offer"
    TAKE = "take"
    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    LOSE = "lose"
    WITHDRAW = "withdraw"
    LEAVE = "leave"
    RESUME = "resume"
    LAPSE = "lapse"
    MOVE = "move"
    ASSESS = "assess"
    SCHEDULE = "schedule"
    TRANSFER = "transfer"
    WRAP = "wrap"
    UNWRAP = "unwrap"
    FINISH = "finish"
    END = "end"


class IllegalTransition(Conflict):
    """The event is not defined in the entry's state; nothing was changed."""

    code = "illegal_transition"


ASSIGNED = frozenset({State.OFFERED, State.HELD, State.WRAPPING})
OPEN = frozenset(State) - {State.DONE}

_MOVES: dict[State, dict[Event, State]] = {
    State.SCHEDULED: {
        Event.COME_DUE: State.WAITING,
        Event.MOVE: State.SCHEDULED,
        Event.ASSESS: State.SCHEDULED,
        Event.LEAVE: State.LEFT,
        Event.END: State.DONE,
    },
    State.WAITING: {
        Event.OFFER: State.OFFERED,
        Event.TAKE: State.HELD,
        Event.SCHEDULE: State.SCHEDULED,
        Event.MOVE: State.WAITING,
        Event.ASSESS: State.WAITING,
        Event.LEAVE: State.LEFT,
        Event.END: State.DONE,
    },
    State.LEFT: {
        Event.RESUME: State.WAITING,
        Event.ASSESS: State.LEFT,
        Event.LAPSE: State.DONE,
        Event.END: State.DONE,
    },
    State.OFFERED: {
        Event.ACCEPT: State.HELD,
        Event.DECLINE: State.WAITING,
        Event.EXPIRE: State.WAITING,
        Event.LOSE: State.WAITING,
        Event.WITHDRAW: State.WAITING,
        Event.ASSESS: State.OFFERED,
        Event.LEAVE: State.LEFT,
    },
    State.HELD: {
        Event.WRAP: State.WRAPPING,
        Event.TRANSFER: State.WAITING,
        Event.LOSE: State.WAITING,
        Event.SCHEDULE: State.SCHEDULED,
        Event.ASSESS: State.HELD,
    },
    State.WRAPPING: {
        Event.FINISH: State.DONE,
        Event.UNWRAP: State.HELD,
        Event.ASSESS: State.WRAPPING,
    },
    State.DONE: {},
}

TABLE: Mapping[tuple[State, Event], State | None] = MappingProxyType(
    {(state, event): _MOVES[state].get(event) for state in State for event in Event}
)
"""All pairs: the next state, or None where the event is refused."""


def step(state: State, event: Event) -> State:
    """The state after the event, or IllegalTransition; defined for every pair and without side effects."""
    following = TABLE[state, event]
    if following is None:
        raise IllegalTransition(state=state.value, event=event.value)
    return following
