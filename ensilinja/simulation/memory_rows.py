"""What the line in memory keeps: the columns of entries and shifts that the line's rules read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.events import plain
from core.store import Recorded
from queues.line import Agent, Line, Settings, Waiting
from queues.machine import State
from queues.matcher import Pair

SYSTEM = "system"
HAND = (State.OFFERED, State.HELD, State.WRAPPING)


@dataclass(slots=True, kw_only=True)
class Entry:
    """A contact's place: the columns of the table that the line's rules read."""

    id: int
    contact: int
    matter: int
    queue: str
    channel: str
    urgency: str
    tier: int
    due_at: datetime
    arrived_at: datetime
    queued_here_at: datetime
    language: str
    weight: int
    state: State = State.WAITING
    agent: int | None = None
    assignment: int = 0
    shown: int | None = None
    expires_at: datetime | None = None
    resume_until: datetime | None = None
    not_before: datetime | None = None
    idle_since: datetime | None = None
    preferred: int | None = None
    preferred_until: datetime | None = None
    passed: dict[int, datetime] = field(default_factory=dict)
    ended_at: datetime | None = None
    _waiting: Waiting | None = None

    def waiting(self) -> Waiting:
        """The matcher's value; made once for each time the entry comes into the line."""
        if self._waiting is None:
            self._waiting = Waiting(
                id=self.id,
                matter=self.matter,
                queue=self.queue,
                channel=self.channel,
                tier=self.tier,
                due_at=self.due_at,
                arrived_at=self.arrived_at,
                queued_here_at=self.queued_here_at,
                language=self.language,
                weight=self.weight,
                preferred_agent=self.preferred,
                preferred_until=self.preferred_until,
                passed=dict(self.passed),
            )
        return self._waiting

    def changed(self) -> None:
        """What the matcher knew of it is old."""
        self._waiting = None


@dataclass(slots=True, kw_only=True)
class Duty:
    """A shift: the columns of the table that the line's rules read."""

    id: int
    staff: int
    queues: frozenset[str]
    languages: frozenset[str]
    capacity: int
    lease_until: datetime
    idle_since: datetime
    state: str = "ready"
    reason: str = ""
    lost_at: datetime | None = None
    missed: int = 0
    is_open: bool = True
    hands: dict[int, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Who waits and whose matter is in nobody's hands: by contact, and indexed by rank for the matcher."""

    entries: dict[int, Entry]
    index: Line


Decide = Callable[[Waits, Sequence[Agent], datetime, Settings], Iterable[Pair]]


def recorded(number: int, at: datetime, n: int, fact: Any, **of: Any) -> Recorded:
    """The event of a fact, as the store would have recorded it."""
    names = fact.__dataclass_fields__
    return Recorded(
        id=number,
        contact=of.get("contact"),
        staff=of.get("staff"),
        n=n,
        type=fact.event_type,
        at=at,
        actor=of["actor"],
        data={name: plain(getattr(fact, name)) for name in names},
    )
