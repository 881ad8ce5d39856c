"""Orders of the line to compare with the one in force. They live here only: the live line has one rule."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from core.urgency import Urgency
from ensilinja.simulation.memory_rows import Decide, Entry, Waits
from queues.eligibility import Room, Seat, obstacle
from queues.line import Agent, Settings
from queues.matcher import Pair, match

Order = Callable[[Entry, datetime], float]
SHORTEST = timedelta(minutes=1)
FLOOR = "floor"


def live_rule(waits: Waits, agents: Sequence[Agent], now: datetime, settings: Settings) -> Iterable[Pair]:
    """The product's own: the matcher with the split of the floor."""
    return match(waits.index, agents, now, settings).offers


def earliest_due(entry: Entry, now: datetime) -> float:
    """By due time alone."""
    return entry.due_at.timestamp()


def first_come(entry: Entry, now: datetime) -> float:
    """By arrival alone."""
    return entry.arrived_at.timestamp()


def strict_urgency(entry: Entry, now: datetime) -> float:
    """The most urgent level first, within it by arrival."""
    return Urgency(entry.urgency).rank * 1e10 + entry.arrived_at.timestamp()


def longest_ratio(entry: Entry, now: datetime) -> float:
    """Who has waited longest in relation to her target."""
    return -((now - entry.arrived_at) / max(entry.due_at - entry.arrived_at, SHORTEST))


def by_order(order: Order) -> Decide:
    """A line served in one order, live and promised alike; tier 0 is called to all under every rule."""

    def decide(waits: Waits, agents: Sequence[Agent], now: datetime, settings: Settings) -> Iterable[Pair]:
        own = settings.own_team
        served = {queue for agent in agents if agent.load < agent.capacity for queue in agent.queues}
        offered = [
            entry
            for entry in waits.entries.values()
            if entry.tier and entry.queue in served and entry.queue not in own
        ]
        offered.sort(key=lambda entry: (entry.tier, order(entry, now), entry.id))
        return match_in_order(offered, agents, now, settings)

    return decide


def match_in_order(
    line: Iterable[Entry], agents: Sequence[Agent], now: datetime, settings: Settings
) -> list[Pair]:
    """Each entry in turn to the least loaded, longest idle of those it may go to.

    A call or call back that fits nobody keeps the one who will be empty soonest for itself, or it would never
    find anybody empty: the live line's draining, for promised work as well.
    """
    room = Room(agents)
    open_seats = {seat.agent.id: seat for seat in room.seats.values() if seat.load < seat.agent.capacity}
    matters: set[int] = set()
    pairs: list[Pair] = []
    for entry in line:
        if not open_seats:
            break
        if entry.matter in matters:
            continue
        one = entry.waiting()
        members = [seat for seat in open_seats.values() if entry.queue in seat.agent.queues]
        able = [seat for seat in members if obstacle(one, seat, room, now, settings) is None]
        if able:
            seat = min(able, key=lambda each: (each.agent.id in one.passed, *nearest(each)))
            seat.give(one.kind)
            matters.add(entry.matter)
            pairs.append(Pair(entry=entry.id, agent=seat.agent.id))
            if seat.load >= seat.agent.capacity:
                del open_seats[seat.agent.id]
        elif one.kind.fills:
            keep_one(members, open_seats)
    return pairs


def keep_one(members: Sequence[Seat], open_seats: dict[int, Seat]) -> None:
    """Nothing more goes to the one who will be empty soonest."""
    if members:
        chosen = min(members, key=lambda each: (each.on_call, each.open_chats, *nearest(each)))
        del open_seats[chosen.agent.id]


def nearest(seat: Seat) -> tuple[int, datetime, int]:
    """Least loaded, longest idle."""
    return seat.load, seat.agent.idle_since, seat.agent.id


RULES: Mapping[str, Decide] = MappingProxyType(
    {
        FLOOR: live_rule,
        "due": by_order(earliest_due),
        "urgency": by_order(strict_urgency),
        "arrival": by_order(first_come),
        "ratio": by_order(longest_ratio),
    }
)
"""`floor` is the product's own."""
