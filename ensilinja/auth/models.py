"""Tables of the links by which unfinished answers are gone on with and a call is followed."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from core.db import Row, big_id, ref, utc


class ResumeLink(Row, table=True):
    """A way back to unfinished answers: only the secret's hash is stored. `phone_blind` is of the number it
    was sent to, so that no telephone is filled with them.
    """

    __tablename__ = "resume_link"
    id: int | None = big_id()
    token_hash: str
    answers_id: int = ref("answers.id")
    created_at: datetime = utc()
    expires_at: datetime = utc()
    revoked_at: datetime | None = utc(nullable=True)
    phone_blind: str | None = Field(default=None, index=True)
    __table_args__ = (UniqueConstraint("token_hash"),)


class StatusLink(Row, table=True):
    """A way to where a call is: opens its status and the resident's own changes to it, never any content.

    Only the secret's hash is stored.
    """

    __tablename__ = "status_link"
    id: int | None = big_id()
    token_hash: str
    contact_id: int = ref("contact.id")
    created_at: datetime = utc()
    expires_at: datetime = utc()
    revoked_at: datetime | None = utc(nullable=True)
    __table_args__ = (UniqueConstraint("token_hash"),)
