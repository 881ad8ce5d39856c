"""Tables of the line: members, shifts, entries. Deadlines are columns, each with an index for the sweeper.

Contact and matter are numbers of the room above, so they carry no foreign key here.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, FromClause, Index, literal_column
from sqlmodel import Field

from core.db import Row, big_id, big_int, json_col, partial, ref, table, utc

HAND_STATES = ("offered", "held", "wrapping")
IN_HAND = "state IN ('offered', 'held', 'wrapping')"


class Member(Row, table=True):
    """A professional's right and duty to serve a queue; `position` is the order in her own list."""

    staff_id: int = ref("staff.id", primary=True)
    queue: str = Field(primary_key=True)
    position: int = 0
    __table_args__ = (Index("ix_member_queue", "queue"),)


class Shift(Row, table=True):
    """A professional's time at work. Load is derived; `lost_at` says that the loss was noticed."""

    id: int | None = big_id()
    staff_id: int = ref("staff.id", index=False)
    started_at: datetime = utc()
    ended_at: datetime | None = utc(nullable=True)
    state: str
    state_since: datetime = utc()
    reason: str = ""
    lease_until: datetime = utc()
    lost_at: datetime | None = utc(nullable=True)
    chat_capacity: int
    languages: list[str] = json_col()
    device: str = ""
    missed_count: int = 0
    idle_since: datetime = utc()
    __table_args__ = (
        partial("ix_shift_open", "staff_id", where="ended_at IS NULL", unique=True),
        partial("ix_shift_lease", "lease_until", where="ended_at IS NULL"),
    )


class Entry(Row, table=True):
    """A contact's place in one queue; `passed` maps agents to until when they are not offered it again."""

    id: int | None = big_id()
    contact_id: int = big_int(index=True)
    matter_id: int = big_int()
    queue: str
    channel: str
    state: str
    state_since: datetime = utc()
    urgency: str
    tier: int
    due_at: datetime = utc()
    arrived_at: datetime = utc()
    queued_here_at: datetime = utc()
    not_before: datetime | None = utc(nullable=True)
    window_until: datetime | None = utc(nullable=True)
    language: str
    weight: int = 1
    agent_id: int | None = ref("staff.id", nullable=True, index=False)
    assignment: int = 0
    shown_assignment: int | None = None
    expires_at: datetime | None = utc(nullable=True)
    resume_until: datetime | None = utc(nullable=True)
    snooze_until: datetime | None = utc(nullable=True)
    language_relaxed_at: datetime | None = utc(nullable=True)
    preferred_agent_id: int | None = big_int(nullable=True)
    preferred_until: datetime | None = utc(nullable=True)
    passed: dict[str, Any] = json_col()
    idle_since: datetime | None = utc(nullable=True)
    ended_at: datetime | None = utc(nullable=True)
    __table_args__ = (
        CheckConstraint(f"(agent_id IS NOT NULL) = ({IN_HAND})", name="agent"),
        CheckConstraint("(ended_at IS NOT NULL) = (state = 'done')", name="ended"),
        CheckConstraint("weight > 0 AND tier >= 0 AND assignment >= 0", name="numbers"),
        partial("ix_entry_open", "contact_id", where="ended_at IS NULL", unique=True),
        partial("ix_entry_matter_in_hand", "matter_id", where=IN_HAND, unique=True),
        partial(
            "ix_entry_waiting",
            *("queue", "channel", "tier", "due_at", "arrived_at", "id"),
            where="state = 'waiting'",
        ),
        partial("ix_entry_agent", "agent_id", where=IN_HAND),
        partial("ix_entry_expires", "expires_at", where="expires_at IS NOT NULL"),
        partial("ix_entry_resume", "resume_until", where="state = 'left'"),
        partial("ix_entry_not_before", "not_before", where="state = 'scheduled'"),
    )


MEMBER = table(Member)
SHIFT = table(Shift)
ENTRY = table(Entry)


def is_state(of: FromClause, state: str) -> ColumnElement[bool]:
    """The condition in the words of the partial indexes, which a bound parameter would not match."""
    return of.c.state == literal_column(f"'{state}'")


def one_of(column: ColumnElement[str], *words: str) -> ColumnElement[bool]:
    """One of these words of ours, written into the statement: a bound list is written anew each time."""
    return column.in_([literal_column(f"'{word}'") for word in words])


def in_states(of: FromClause, *states: str) -> ColumnElement[bool]:
    """One of the states, as `is_state` says it."""
    return one_of(of.c.state, *states)


def in_hand(of: FromClause) -> ColumnElement[bool]:
    """Offered, held or wrapping, in the words of the partial indexes."""
    return in_states(of, *HAND_STATES)
