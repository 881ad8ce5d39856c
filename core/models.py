"""Tables of the floor: people who sign in, sessions, the event log, jobs, keys, the access log."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.db import Row, big_id, big_int, json_col, ref, sealed, utc


class Staff(Row, table=True):
    """A professional or a supervisor with a local account."""

    id: int | None = big_id()
    username: str
    display_name: str
    profession: str
    password_hash: str
    roles: list[str] = json_col()
    languages: list[str] = json_col()
    is_active: bool = True
    created_at: datetime = utc()
    __table_args__ = (UniqueConstraint("username"),)


class Session(Row, table=True):
    """A signed-in browser: a professional's, or a resident's (by the secret of one contact)."""

    id: int | None = big_id()
    token_hash: str
    kind: str
    staff_id: int | None = ref("staff.id", nullable=True)
    answers_id: int | None = big_int(nullable=True, index=True)
    contact_id: int | None = big_int(nullable=True, index=True)
    csrf: str
    lang: str = "fi"
    created_at: datetime = utc()
    seen_at: datetime = utc()
    expires_at: datetime = utc()
    ended_at: datetime | None = utc(nullable=True)
    __table_args__ = (UniqueConstraint("token_hash"),)


class Event(Row, table=True):
    """One transition. It is also the outbox: whoever wants news reads on from the last id seen."""

    id: int | None = big_id()
    contact_id: int | None = big_int(nullable=True)
    staff_id: int | None = big_int(nullable=True)
    n: int
    type: str
    at: datetime = utc()
    actor: str
    data: dict[str, Any] = json_col()
    __table_args__ = (
        UniqueConstraint("contact_id", "n"),
        UniqueConstraint("staff_id", "n"),
    )


class Job(Row, table=True):
    """Work to be done after a commit, once per key. `state`: pending, running, done, dead, unknown."""

    id: int | None = big_id()
    key: str
    kind: str
    args: dict[str, Any] = json_col()
    state: str
    due_at: datetime = utc()
    attempt_count: int = 0
    lease_until: datetime | None = utc(nullable=True)
    finished_at: datetime | None = utc(nullable=True)
    error: str = ""
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_job_open",
            "due_at",
            sqlite_where=text("state <> 'done'"),
            postgresql_where=text("state <> 'done'"),
        ),
    )


class Inbox(Row, table=True):
    """A message that another system sent, by its own id, with the sealed answer it got."""

    id: int | None = big_id()
    source: str
    event_id: str
    at: datetime = utc(index=True)
    answer_sealed: bytes | None = sealed()
    __table_args__ = (UniqueConstraint("source", "event_id"),)


class DataKey(Row, table=True):
    """The wrapped key of one contact's content; destroying it erases the content."""

    __tablename__ = "data_key"
    id: int | None = big_id()
    kek: str
    wrapped: bytes | None = sealed()
    created_at: datetime = utc()
    destroyed_at: datetime | None = utc(nullable=True)


class AccessLog(Row, table=True):
    """Who read or changed whose content, when and why. Append-only, hash-chained."""

    __tablename__ = "access_log"
    id: int | None = big_id()
    at: datetime = utc()
    actor: str
    role: str
    contact_id: int = big_int(index=True)
    action: str
    why: str = ""
    previous: str
    hash: str


class Heartbeat(Row, table=True):
    """The last write each process could make: what `/readyz` believes."""

    process: str = Field(primary_key=True)
    at: datetime = utc()
    revision: str | None = None
    shedding_since: datetime | None = utc(nullable=True)


class Lease(Row, table=True):
    """What one process at a time does for all, and until when it may without renewing."""

    name: str = Field(primary_key=True)
    holder: str
    until: datetime = utc()


class Compatibility(Row, table=True):
    """The oldest version of the program that works with a version of the tables, both by migration."""

    revision: str = Field(primary_key=True)
    works_from: str
