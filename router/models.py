"""Tables of the router: who asks for whom, what about, what was promised and how it ended.

Content is sealed.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.db import Row, big_id, columns, json_col, partial, ref, sealed, utc


class Party(Row, table=True):
    """A person as far as we know: anonymous unless identified; the number is sealed and found by a keyed
    hash.
    """

    id: int | None = big_id()
    data_key_id: int = ref("data_key.id", index=False)
    name_sealed: bytes | None = sealed()
    phone_sealed: bytes | None = sealed()
    phone_blind: str | None = Field(default=None, index=True)
    identity_blind: str | None = Field(default=None, index=True)
    language: str
    sex: str = "unknown"
    birth_year: int | None = None
    identified: bool = False
    safe_contact: dict[str, Any] = json_col()
    non_disclosure: bool = False


class Matter(Row, table=True):
    """One subject's one need over its contacts. `joined_by` tells who tied the newest contact to it."""

    id: int | None = big_id()
    subject_id: int = ref("party.id")
    topic: str | None = None
    opened_at: datetime = utc()
    joined_by: str


class Contact(Row, table=True):
    """One arrival; where it stands is its entry's, how it ended its outcome's. `acting` is who asks for
    whom, as told (`router.acting`); empty when it was not.
    """

    id: int | None = big_id()
    client_id: str
    channel: str
    line: str | None = None
    door: str | None = None
    language: str
    asker_id: int = ref("party.id")
    subject_id: int = ref("party.id")
    matter_id: int = ref("matter.id")
    data_key_id: int = ref("data_key.id", index=False)
    topic: str | None = None
    arrived_at: datetime = utc(index=True)
    born_of: int | None = ref("contact.id", nullable=True)
    acting: dict[str, Any] = json_col()
    is_follow_up: bool = False
    __table_args__ = (UniqueConstraint("client_id"),)


class Answers(Row, table=True):
    """What the resident filled, or a professional for her (`filled_by`), sealed, with the questionnaire's
    version; never changed once sent. A professional's unsent one is the contact's only draft.
    """

    id: int | None = big_id()
    client_id: str
    data_key_id: int = ref("data_key.id", index=False)
    contact_id: int | None = ref("contact.id", nullable=True)
    language: str
    topic: str | None = None
    version: str | None = None
    values_sealed: bytes | None = sealed()
    started_at: datetime = utc()
    changed_at: datetime = utc()
    sent_at: datetime | None = utc(nullable=True)
    level: str | None = None
    queue: str | None = None
    fired: list[Any] = json_col()
    tags: list[str] = json_col()
    complete: bool | None = None
    filled_by: int | None = ref("staff.id", nullable=True, index=False)
    __table_args__ = (
        UniqueConstraint("client_id"),
        Index(
            "ix_answers_draft",
            "contact_id",
            unique=True,
            sqlite_where=text("sent_at IS NULL AND filled_by IS NOT NULL"),
            postgresql_where=text("sent_at IS NULL AND filled_by IS NOT NULL"),
        ),
    )


class Assessment(Row, table=True):
    """A professional's assessment of the need of care; append-only, the newest counts. The level it found is
    kept beside the one it gave; `reason_code` is one of `router.assessments.REASONS`.
    """

    id: int | None = big_id()
    contact_id: int = ref("contact.id")
    assessed_at: datetime = utc()
    assessed_by: int = ref("staff.id", index=False)
    urgency: str
    urgency_before: str | None = None
    reason_code: str | None = None
    reason_sealed: bytes | None = sealed()


class Promise(Row, table=True):
    """What a resident was told as a commitment. Broken is derived; the due instant never moves.

    The second promise stands beside the first, at most one: made when the first could not be kept any more.
    What keeps or ends the one keeps or ends the other, each by its own due instant.
    """

    id: int | None = big_id()
    contact_id: int = ref("contact.id")
    kind: str
    made_at: datetime = utc()
    due_at: datetime = utc()
    told_as: dict[str, Any] = json_col()
    kept_at: datetime | None = utc(nullable=True)
    ended_at: datetime | None = utc(nullable=True)
    ended_why: str | None = None
    replaced_by: int | None = ref("promise.id", nullable=True, index=False)
    second_made_at: datetime | None = utc(nullable=True)
    second_due_at: datetime | None = utc(nullable=True)
    second_told_as: dict[str, Any] | None = json_col(nullable=True)
    __table_args__ = (
        Index(
            "ix_promise_open",
            "contact_id",
            "kind",
            unique=True,
            sqlite_where=text("kept_at IS NULL AND ended_at IS NULL"),
            postgresql_where=text("kept_at IS NULL AND ended_at IS NULL"),
        ),
        partial("ix_promise_second", "second_made_at", where="second_made_at IS NOT NULL"),
        Index(
            "ix_promise_due",
            "due_at",
            sqlite_where=text("kept_at IS NULL AND ended_at IS NULL"),
            postgresql_where=text("kept_at IS NULL AND ended_at IS NULL"),
        ),
    )


class Estimate(Row, table=True):
    """A wait told to a resident, kept so that it can be held against what then happened."""

    id: int | None = big_id()
    contact_id: int = ref("contact.id")
    queue: str
    urgency: str
    made_at: datetime = utc()
    low_minutes: int | None = None
    high_minutes: int | None = None
    position: int
    ended_at: datetime | None = utc(nullable=True)
    __table_args__ = (Index("ix_estimate_ended", "queue", "urgency", "ended_at"),)


class Outcome(Row, table=True):
    """How a contact ended; append-only, the newest counts. `why` is a code."""

    id: int | None = big_id()
    contact_id: int = ref("contact.id")
    code: str
    by_staff: int | None = ref("staff.id", nullable=True, index=False)
    at: datetime = utc(index=True)
    supersedes: int | None = ref("outcome.id", nullable=True, index=False)
    why: str = ""
    note_sealed: bytes | None = sealed()


CONTACT = columns(Contact)
PARTY = columns(Party)
MATTER = columns(Matter)
ANSWERS = columns(Answers)
ASSESSMENT = columns(Assessment)
PROMISE = columns(Promise)
ESTIMATE = columns(Estimate)
OUTCOME = columns(Outcome)
