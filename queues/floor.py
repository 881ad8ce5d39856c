"""The split of the floor between people waiting live and promised work (design.md 5). Pure."""

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from queues.eligibility import Room, Seat, fits
from queues.line import Agent, Kind, Line, Rank, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Who serves promised work now (`calling`), who takes no more chats for a live call (`draining`)."""

    k: int = 0
    calling: frozenset[int] = frozenset()
    draining: frozenset[int] = frozenset()


def communities(agents: Iterable[Agent]) -> list[frozenset[str]]:
    """Queues that share agents, directly or through others: each such group is one floor to split."""
    group: dict[str, set[str]] = {}
    for queues in sorted(tuple(sorted(one)) for one in {agent.queues for agent in agents}):
        joined = set(queues)
        for queue in queues:
            joined |= group.get(queue, set())
        group.update(dict.fromkeys(joined, joined))
    return [frozenset(one) for one in {id(one): one for _, one in sorted(group.items())}.values()]


def demand(ranks: Iterable[Rank], now: datetime, work_minutes: int, most: int) -> int:
    """How many agents must call so that all promised work is begun by its due time, at most `most`."""
    needed = 0.0
    for count, rank in enumerate(ranks, start=1):
        minutes = (rank.due_at - now).total_seconds() / 60
        asked = count * work_minutes / (minutes if minutes > 1 else 1.0)
        if asked > needed:
            needed = asked
            if needed > most - 1:
                return most
    return math.ceil(needed)


def split(line: Line, room: Room, groups: list[frozenset[str]], now: datetime, settings: Settings) -> Split:
    """Decides how many and who are calling in each group of queues, and who is draining."""
    calling: set[int] = set()
    k = 0
    for group in groups:
        kinds = [one for one in line.kinds() if one.queue in group and one.queue not in settings.own_team]
        promised = by_head(line, [kind for kind in kinds if kind.promised])
        if not promised:
            continue
        wanted = callers_needed(line, room, group, kinds, now=now, settings=settings)
        chosen = choose_callers(room, promised, wanted)
        calling |= chosen
        k += len(chosen)
    draining = drained(line, room, calling, now, settings)
    return Split(k=k, calling=frozenset(calling), draining=frozenset(draining))


def callers_needed(
    line: Line,
    room: Room,
    group: frozenset[str],
    kinds: list[Kind],
    *,
    now: datetime,
    settings: Settings,
) -> int:
    """k of one group: by the supervisor's pin, else by demand, within the share of ready agents.

    A share that rounds to nobody still gives one agent while promised work is first in the line, so that
    a floor of one serves both by due time.
    """
    ready = len({seat.agent.id for queue in group for seat in room.members[queue]})
    pins = [settings.pinned[queue] for queue in group if queue in settings.pinned]
    if pins:
        return min(max(pins), ready)
    most = int(min(settings.share(queue) for queue in group) * ready)
    live = [kind for kind in kinds if not kind.promised]
    promised = [kind for kind in kinds if kind.promised]
    if most == 0 and first_rank(line, promised) > first_rank(line, live):
        return 0
    lists = [line.ranked(kind) for kind in promised]
    ranks = lists[0] if len(lists) == 1 else heapq.merge(*lists)
    return demand(ranks, now, settings.work_minutes, max(most, 1))


def choose_callers(room: Room, promised: list[Kind], wanted: int) -> set[int]:
    """The agents who call: for each promised entry in rank order the one nearest to it, until enough."""
    chosen: set[int] = set()
    heads = {kind.queue: None for kind in promised}
    while len(chosen) < wanted:
        before = len(chosen)
        for queue in heads:
            free = [seat for seat in room.members[queue] if seat.agent.id not in chosen]
            if free and len(chosen) < wanted:
                chosen.add(min(free, key=nearness).agent.id)
        if len(chosen) == before:
            break
    return chosen


def nearness(seat: Seat) -> tuple[bool, int, datetime, int]:
    """Who is nearest to making a call: one who is on it already, then the least loaded."""
    return (not seat.on_call, seat.load, seat.agent.idle_since, seat.agent.id)


def drained(line: Line, room: Room, calling: set[int], now: datetime, settings: Settings) -> set[int]:
    """For each live call that has been first for 20 s and fits nobody: the agent with fewest chats."""
    draining: set[int] = set()
    for kind in line.kinds():
        if kind.promised or not kind.fills or kind.queue in settings.own_team:
            continue
        entry = line.entries[line.ranked(kind)[0].id]
        members = room.members.get(kind.queue, [])
        if now - entry.queued_here_at < timedelta(seconds=settings.drain_after_s) or any(
            fits(kind, seat, settings) for seat in members
        ):
            continue
        free = [seat for seat in members if seat.agent.id not in calling | draining and not seat.on_call]
        if free:
            chosen = min(free, key=lambda seat: (seat.open_chats, seat.load, seat.agent.id))
            draining.add(chosen.agent.id)
    return draining


def by_head(line: Line, kinds: list[Kind]) -> list[Kind]:
    """The kinds in the order of who is first in each."""
    return sorted(kinds, key=lambda kind: line.ranked(kind)[0])


def first_rank(line: Line, kinds: list[Kind]) -> tuple[bool, Rank | None]:
    """The smallest rank of the kinds; nothing sorts after everything."""
    heads = [line.ranked(kind)[0] for kind in kinds]
    return (not heads, min(heads) if heads else None)
