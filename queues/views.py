"""Frozen values that leave the line; nothing of the database sticks to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.urgency import Urgency
from queues.machine import State
from queues.matcher import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """An entry as it stood when it was read."""

    id: int
    contact: int
    matter: int
    queue: str
    channel: str
    state: State
    state_since: datetime
    urgency: Urgency
    tier: int
    due_at: datetime
    arrived_at: datetime
    queued_here_at: datetime
    not_before: datetime | None
    language: str
    weight: int
    agent: int | None
    assignment: int
    expires_at: datetime | None
    resume_until: datetime | None
    language_relaxed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftView:
    """A shift as it stood when read; state `lost` is a lease that ended. `load` is at most capacity."""

    id: int
    staff: int
    state: str
    since: datetime
    reason: str
    lease_until: datetime
    capacity: int
    languages: frozenset[str]
    queues: frozenset[str]
    load: int
    missed: int
    idle_since: datetime
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why the entry has its place, why nobody has it yet, and why the one who has it."""

    here: tuple[Reason, ...] = ()
    waiting: tuple[Reason, ...] = ()
    chosen: tuple[Reason, ...] = ()


def entry_view(row: Any) -> EntryView:
    """The frozen form of an entry's row."""
    return EntryView(
        id=row.id,
        contact=row.contact_id,
        matter=row.matter_id,
        queue=row.queue,
        channel=row.channel,
        state=State(row.state),
        state_since=row.state_since,
        urgency=Urgency(row.urgency),
        tier=row.tier,
        due_at=row.due_at,
        arrived_at=row.arrived_at,
        queued_here_at=row.queued_here_at,
        not_before=row.not_before,
        language=row.language,
        weight=row.weight,
        agent=row.agent_id,
        assignment=row.assignment,
        expires_at=row.expires_at,
        resume_until=row.resume_until,
        language_relaxed_at=row.language_relaxed_at,
        ended_at=row.ended_at,
    )
