"""Tables of the conversation: what was said, in one order, and who takes part. Texts are sealed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlmodel import Field

from core.db import Row, big_id, partial, ref, sealed, table, utc

# The words of the partial index, which a bound parameter would not match.
REPLY = "kind = 'text' AND sender_key LIKE 'staff:%'"


class Message(Row, table=True):
    """One line: a text, the system's line (a text key), or a professional's note that residents never see."""

    id: int | None = big_id()
    contact_id: int = ref("contact.id", index=False)
    seq: int
    sender_key: str
    sender_name: str = ""
    kind: str
    client_id: str | None = None
    body_sealed: bytes | None = sealed()
    text_key: str | None = None
    at: datetime = utc()
    __table_args__ = (
        UniqueConstraint("contact_id", "seq"),
        UniqueConstraint("contact_id", "sender_key", "client_id"),
        partial("ix_message_reply", "contact_id", "seq", where=REPLY),
        CheckConstraint("(body_sealed IS NULL) <> (text_key IS NULL)", name="text"),
    )


class Participant(Row, table=True):
    """Who is or was in a conversation, what they have seen, and whether the resident is present.

    A resident may ask to be texted when it is her turn; `texted_at` is the text she has not come back after.
    """

    contact_id: int = ref("contact.id", primary=True)
    who_key: str = Field(primary_key=True)
    role: str
    joined_at: datetime = utc()
    left_at: datetime | None = utc(nullable=True)
    seen_seq: int = 0
    connected_at: datetime | None = utc(nullable=True)
    disconnected_at: datetime | None = utc(nullable=True)
    hidden_since: datetime | None = utc(nullable=True)
    wants_text: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    texted_at: datetime | None = utc(nullable=True)
    texts_count: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    __table_args__ = (partial("ix_participant_present", "connected_at", where="disconnected_at IS NULL"),)


MESSAGE = table(Message)
PARTICIPANT = table(Participant)
