"""The waiting line as values: who waits, who serves, and an index of both by rank. Pure: holds no rows."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

PROMISED = frozenset({"callback", "message"})
FILLING = frozenset({"call", "callback"})
FULL = 1_000
"""The weight of a call: it fills any agent."""


class Rank(NamedTuple):
    """Place in the line, smallest first, one order for all channels (design.md 5)."""

    tier: int
    due_at: datetime
    arrived_at: datetime
    id: int


class Kind(NamedTuple):
    """Entries of one kind need the same of an agent, language and earlier agents aside."""

    queue: str
    channel: str
    weight: int

    @property
    def promised(self) -> bool:
        """True for work done at a promised time, false for a person waiting live."""
        return self.channel in PROMISED

    @property
    def fills(self) -> bool:
        """True when serving this needs an agent with nothing else in hand."""
        return self.channel in FILLING


NOBODY: Mapping[int, datetime] = MappingProxyType({})


class Waiting(NamedTuple):
    """One entry in state waiting; `passed` tells until when an agent who declined is not offered it again."""

    id: int
    matter: int
    queue: str
    channel: str
    tier: int
    due_at: datetime
    arrived_at: datetime
    queued_here_at: datetime
    language: str
    weight: int = 1
    preferred_agent: int | None = None
    preferred_until: datetime | None = None
    passed: Mapping[int, datetime] = NOBODY

    @property
    def rank(self) -> Rank:
        """Place in the line."""
        return Rank(self.tier, self.due_at, self.arrived_at, self.id)

    @property
    def kind(self) -> Kind:
        """What it needs of an agent."""
        return Kind(self.queue, self.channel, self.weight)


class Agent(NamedTuple):
    """One professional who is ready and whose lease is alive; load counts offered and held weights."""

    id: int
    queues: frozenset[str]
    languages: frozenset[str]
    capacity: int
    idle_since: datetime
    load: int = 0
    open_chats: int = 0
    on_call: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the matcher takes from the county's catalogue; seconds and minutes as named."""

    language_hold_s: Mapping[str, int] = field(default_factory=dict)
    default_language_hold_s: int = 60
    floor_share: Mapping[str, float] = field(default_factory=dict)
    default_floor_share: float = 0.6
    pinned: Mapping[str, int] = field(default_factory=dict)
    own_team: frozenset[str] = frozenset()
    work_minutes: int = 10
    drain_after_s: int = 20
    chat_capacity_max: int = 6

    def hold(self, queue: str) -> timedelta:
        """How long an entry of the queue waits for an agent of its language."""
        return timedelta(seconds=self.language_hold_s.get(queue, self.default_language_hold_s))

    def share(self, queue: str) -> float:
        """The largest part of ready agents that promised work may bind."""
        return self.floor_share.get(queue, self.default_floor_share)


class Line:
    """Waiting entries indexed by kind in rank order: adding and removing one never walks the others.

    Tier 0 is called to all and never offered, so it stands in `entries` only.
    """

    __slots__ = ("_kinds", "_lists", "entries")

    def __init__(self, waiting: Iterable[Waiting] = ()) -> None:
        self.entries: dict[int, Waiting] = {}
        # A kind costs more to make than its parts, so one of each is made.
        lists: dict[tuple[str, str, int], list[Rank]] = {}
        for entry in waiting:
            number, _, queue, channel, tier, due_at, arrived_at, *_, weight, _, _, _ = entry
            self.entries[number] = entry
            if tier:
                lists.setdefault((queue, channel, weight), []).append(Rank(tier, due_at, arrived_at, number))
        self._lists = {Kind(*kind): sorted(ranks) for kind, ranks in lists.items()}
        self._kinds: tuple[Kind, ...] | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, entry: Waiting) -> None:
        """Puts the entry in its place; replaces an earlier version of it."""
        if entry.id in self.entries:
            self.remove(entry.id)
        self.entries[entry.id] = entry
        if entry.tier:
            ranks = self._lists.setdefault(entry.kind, [])
            if not ranks:
                self._kinds = None
            insort(ranks, entry.rank)

    def remove(self, entry: int) -> None:
        """Takes the entry out; one that is not there is left so."""
        known = self.entries.pop(entry, None)
        if known is not None and known.tier:
            ranks = self._lists[known.kind]
            self.drop(known.kind, bisect_left(ranks, known.rank))

    def drop(self, kind: Kind, position: int) -> None:
        """Takes the entry at a position out of the order of its kind."""
        ranks = self._lists[kind]
        del ranks[position]
        if not ranks:
            del self._lists[kind]
            self._kinds = None

    def fork(self) -> "Line":
        """A line of the same entries whose order can be used up without touching this one."""
        copy = Line()
        copy.entries = self.entries
        copy._kinds = self._kinds
        copy._lists = {kind: ranks.copy() for kind, ranks in self._lists.items()}
        return copy

    def kinds(self) -> tuple[Kind, ...]:
        """Kinds that have somebody waiting, in a fixed order; sorted anew only when one came or went."""
        if self._kinds is None:
            self._kinds = tuple(sorted(self._lists))
        return self._kinds

    def ranked(self, kind: Kind) -> list[Rank]:
        """The ranks of one kind, smallest first; not to be changed by the caller."""
        return self._lists.get(kind, [])
