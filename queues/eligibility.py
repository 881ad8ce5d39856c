"""Who may be offered which entry, and why not. One set of pure functions decides and explains."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product

from queues.line import FULL, Agent, Kind, Settings, Waiting


class Why(StrEnum):
    """Codes of explanations; their texts are made elsewhere."""

    CALLED_TO_ALL = "called_to_all"
    OWN_TEAM = "own_team"
    MATTER_IN_HAND = "matter_in_hand"
    NOBODY_READY = "nobody_ready"
    NOT_MEMBER = "not_member"
    NO_CAPACITY = "no_capacity"
    LANGUAGE_HELD = "language_held"
    FORMER_AGENT_HELD = "former_agent_held"
    DECLINED = "declined"
    OTHERS_CALLING = "others_calling"
    OTHERS_DRAINING = "others_draining"
    AHEAD = "ahead"
    OFFERED_NEXT = "offered_next"
    RANK = "rank"
    FORMER_AGENT = "former_agent"
    LANGUAGE = "language"
    LEAST_LOADED = "least_loaded"
    LONGEST_IDLE = "longest_idle"
    ONLY_ONE = "only_one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One ground of a decision: a code with the agent, instant or number it speaks of."""

    code: Why
    agent: int | None = None
    until: datetime | None = None
    count: int | None = None


class Seat:
    """An agent during one decision, with the load the decision has given her so far."""

    __slots__ = ("agent", "load", "on_call", "open_chats")

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.load = agent.load
        self.open_chats = agent.open_chats
        self.on_call = agent.on_call

    def give(self, kind: Kind) -> None:
        """Counts one more entry of the kind as hers."""
        self.load += FULL if kind.fills else kind.weight
        self.open_chats += kind.channel == "chat"
        self.on_call = self.on_call or kind.fills


class Room:
    """The ready agents of one decision: members by queue and the languages they have."""

    __slots__ = ("members", "seats", "speakers")

    def __init__(self, agents: Collection[Agent]) -> None:
        self.seats = {agent.id: Seat(agent) for agent in sorted(agents, key=lambda one: one.id)}
        self.members: dict[str, list[Seat]] = {}
        self.speakers: set[tuple[str, str]] = set()
        for seat in self.seats.values():
            for queue in seat.agent.queues:
                self.members.setdefault(queue, []).append(seat)
        for queues, languages in {(agent.queues, agent.languages) for agent in agents}:
            self.speakers.update(product(queues, languages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an entry waits for, for its first minute only: a language, the matter's former agent."""

    language: str | None = None
    agent: int | None = None


NO_WISH = Wish()


def fits(kind: Kind, seat: Seat, settings: Settings) -> bool:
    """True when the agent's free capacity holds one more entry of the kind; a call needs all of it."""
    if kind.fills:
        return seat.load == 0
    if kind.channel == "chat" and seat.open_chats >= settings.chat_capacity_max:
        return False
    return seat.load + kind.weight <= seat.agent.capacity


def wish(entry: Waiting, room: Room, now: datetime, settings: Settings) -> Wish:
    """The entry's wishes that still hold: only for someone who is ready now, each for its own time."""
    language = agent = None
    speaks = (entry.queue, entry.language) in room.speakers
    if speaks and now < entry.queued_here_at + settings.hold(entry.queue):
        language = entry.language
    if entry.preferred_agent is not None and former_is_here(entry, room, now):
        language, agent = None, entry.preferred_agent
    return NO_WISH if language is None and agent is None else Wish(language=language, agent=agent)


def former_is_here(entry: Waiting, room: Room, now: datetime) -> bool:
    """True while the matter's former agent is waited for: she is ready and has not passed the entry on."""
    former = room.seats.get(entry.preferred_agent or 0)
    if former is None or entry.preferred_until is None or now >= entry.preferred_until:
        return False
    return entry.queue in former.agent.queues and former.agent.id not in entry.passed


def held_back(entry: Waiting, seat: Seat, wished: Wish, now: datetime) -> Why | None:
    """Why this entry is not for this agent although she is a member with room for it, or None."""
    agent = seat.agent
    if wished.agent is not None and wished.agent != agent.id:
        return Why.FORMER_AGENT_HELD
    if wished.language is not None and wished.language not in agent.languages:
        return Why.LANGUAGE_HELD
    declined_until = entry.passed.get(agent.id)
    if declined_until is not None and now < declined_until:
        return Why.DECLINED
    return None


def obstacle(entry: Waiting, seat: Seat, room: Room, now: datetime, settings: Settings) -> Why | None:
    """Why this entry is not offered to this agent, the floor's split aside; None for an eligible pair."""
    if entry.tier == 0:
        return Why.CALLED_TO_ALL
    if entry.queue in settings.own_team:
        return Why.OWN_TEAM
    if entry.queue not in seat.agent.queues:
        return Why.NOT_MEMBER
    if not fits(entry.kind, seat, settings):
        return Why.NO_CAPACITY
    return held_back(entry, seat, wish(entry, room, now, settings), now)


def until(entry: Waiting, seat: Seat, code: Why, settings: Settings) -> datetime | None:
    """When the obstacle ends by itself, if it does."""
    if code is Why.LANGUAGE_HELD:
        return entry.queued_here_at + settings.hold(entry.queue)
    if code is Why.FORMER_AGENT_HELD:
        return entry.preferred_until
    if code is Why.DECLINED:
        return entry.passed.get(seat.agent.id)
    return None
