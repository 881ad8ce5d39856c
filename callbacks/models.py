"""Tables of the telephone: inbound calls and the attempts to reach people. Numbers are sealed."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.db import Row, big_id, columns, ref, sealed, utc


class Call(Row, table=True):
    """One inbound call. `state` is the caller's step in the call flow; `pressed` is the last answer's number;
    `early_sealed` is news that came before what it follows; `language` the one that the caller chose."""

    id: int | None = big_id()
    provider: str
    provider_id: str
    line: str
    data_key_id: int = ref("data_key.id", index=False)
    number_sealed: bytes | None = sealed()
    number_blind: str | None = Field(default=None, index=True)
    typed_sealed: bytes | None = sealed()
    early_sealed: bytes | None = sealed()
    contact_id: int | None = ref("contact.id", nullable=True)
    state: str
    standing: str
    language: str | None = None
    tries: int = 0
    pressed: int = 0
    arrived_at: datetime = utc(index=True)
    answered_at: datetime | None = utc(nullable=True)
    ended_at: datetime | None = utc(nullable=True)
    __table_args__ = (UniqueConstraint("provider", "provider_id"),)


class Attempt(Row, table=True):
    """One try to reach the resident; append-only. `sent_at` is set before the exchange is asked, once.

    With `said_at` the result is the professional's word, which the exchange does not change.
    """

    id: int | None = big_id()
    contact_id: int = ref("contact.id", index=False)
    n: int
    agent_id: int = ref("staff.id")
    assignment: int
    line: str
    key: str
    requested_at: datetime = utc()
    sent_at: datetime | None = utc(nullable=True)
    dialled_at: datetime | None = utc(nullable=True)
    answered_at: datetime | None = utc(nullable=True)
    ended_at: datetime | None = utc(nullable=True)
    said_at: datetime | None = utc(nullable=True)
    result: str | None = None
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("contact_id", "n"),
        Index(
            "ix_attempt_on",
            "requested_at",
            sqlite_where=text("result IS NULL"),
            postgresql_where=text("result IS NULL"),
        ),
    )


class Recording(Row, table=True):
    """What a caller said after the tone, sealed under its contact's key; append-only.

    `name` is the exchange's, by which the same is stored once.
    """

    id: int | None = big_id()
    provider: str
    name: str
    call_id: int = ref("call.id", index=False)
    contact_id: int = ref("contact.id")
    left_at: datetime = utc()
    seconds: int
    audio_sealed: bytes = sealed(nullable=False)
    __table_args__ = (UniqueConstraint("provider", "name"),)


class Trial(Row, table=True):
    """A line's newest trial call, which is on while there is a `key`. When the next is due, or by when this
    one must be heard, follows from it. `misses` are those in a row, since `missed_since`.
    """

    line: str = Field(primary_key=True)
    began_at: datetime = utc()
    key: str | None = None
    placed_at: datetime | None = utc(nullable=True)
    misses: int = 0
    missed_since: datetime | None = utc(nullable=True)


class CallOrder(Row, table=True):
    """What a professional ordered of a call, append-only: of one that came in, or of one that she dialled.

    `agent_id` is whose telephone it is about (who takes it over, of a transfer), `assignment` who ordered it.
    `sent_at` is set before the exchange is asked, once. Whether the resident is on hold follows from these.
    """

    __tablename__ = "call_order"

    id: int | None = big_id()
    contact_id: int = ref("contact.id")
    call_id: int | None = ref("call.id", nullable=True, index=False)
    attempt_id: int | None = ref("attempt.id", nullable=True, index=False)
    agent_id: int = ref("staff.id", index=False)
    assignment: int
    kind: str
    key: str
    asked_at: datetime = utc()
    sent_at: datetime | None = utc(nullable=True)
    ended_at: datetime | None = utc(nullable=True)
    result: str | None = None
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_call_order_on",
            "asked_at",
            sqlite_where=text("result IS NULL"),
            postgresql_where=text("result IS NULL"),
        ),
    )


ORDER = columns(CallOrder)
ATTEMPT = columns(Attempt)
CALL = columns(Call)
RECORDING = columns(Recording)
TRIAL = columns(Trial)
