"""Tables of what was texted to residents and what they answered; no words and no readable number."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from core.db import Row, big_id, columns, ref, sealed, utc


class Notice(Row, table=True):
    """One text message, once for each key. `state` is one of `ensilinja.notify.sending.State`.

    `number_sealed` is only of an answer to somebody whose contact is not known, and only until it is sent.
    """

    id: int | None = big_id()
    key: str
    text: str
    contact_id: int | None = ref("contact.id", nullable=True)
    state: str
    created_at: datetime = utc(index=True)
    sent_at: datetime | None = utc(nullable=True)
    told_at: datetime | None = utc(nullable=True)
    gateway_id: str | None = Field(default=None, index=True)
    phone_blind: str | None = Field(default=None, index=True)
    data_key_id: int | None = ref("data_key.id", nullable=True, index=False)
    number_sealed: bytes | None = sealed()
    __table_args__ = (UniqueConstraint("key"),)


class Survey(Row, table=True):
    """The question how likely one would recommend the service, and its answer by text: a number and words."""

    id: int | None = big_id()
    contact_id: int = ref("contact.id")
    phone_blind: str = Field(index=True)
    sent_at: datetime = utc()
    answered_at: datetime | None = utc(nullable=True)
    score: int | None = None
    comment_sealed: bytes | None = sealed()
    stopped_at: datetime | None = utc(nullable=True)
    __table_args__ = (UniqueConstraint("contact_id"),)


NOTICE = columns(Notice)
SURVEY = columns(Survey)
