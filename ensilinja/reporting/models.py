"""Tables of reporting: a row of facts a contact, and how far the event log was read. Keep no person."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from core.db import Row, big_int, json_col, partial, type_big, utc


class FactRow(Row, table=True):
    """`facts.Fact` as a row, made again from the events at any time; `upto`: the newest event read then."""

    __tablename__ = "fact"
    contact_id: int = Field(sa_column=Column(type_big, primary_key=True, autoincrement=False))
    matter_id: int | None = big_int(nullable=True)
    channel: str | None = None
    handled_by: str | None = None
    line: str | None = None
    door: str | None = None
    first_queue: str | None = None
    queue: str | None = None
    topic: str | None = None
    language: str | None = None
    urgency_given: str | None = None
    urgency_confirmed: str | None = None
    is_first_contact: bool
    born_of: int | None = big_int(nullable=True)
    arrived_at: datetime | None = utc(nullable=True, index=True)
    queued_at: datetime | None = utc(nullable=True)
    offered_at: datetime | None = utc(nullable=True)
    accepted_at: datetime | None = utc(nullable=True)
    bridged_at: datetime | None = utc(nullable=True)
    first_reply_at: datetime | None = utc(nullable=True)
    assessed_at: datetime | None = utc(nullable=True)
    requested_at: datetime | None = utc(nullable=True)
    first_attempt_at: datetime | None = utc(nullable=True)
    reached_at: datetime | None = utc(nullable=True)
    left_at: datetime | None = utc(nullable=True)
    has_abandoned: bool
    ended_elsewhere_at: datetime | None = utc(nullable=True)
    closed_at: datetime | None = utc(nullable=True)
    promises: list[Any] = json_col()
    callback_made_at: datetime | None = utc(nullable=True)
    callback_due_at: datetime | None = utc(nullable=True)
    attempts: list[Any] = json_col()
    attempts_count: int
    transfers_count: int
    offers_count: int
    declined_count: int
    expired_count: int
    overtakes_count: int
    outcome: str | None = None
    is_resolved: bool | None = None
    is_counted: bool | None = None
    survey_asked_at: datetime | None = utc(nullable=True)
    survey_score: int | None = None
    upto: int = big_int(index=True)
    __table_args__ = (
        partial("ix_fact_survey", "arrived_at", where="survey_asked_at IS NOT NULL"),
        Index(
            "ix_fact_callback_due",
            "callback_due_at",
            sqlite_where=text("callback_due_at IS NOT NULL"),
            postgresql_where=text("callback_due_at IS NOT NULL"),
        ),
    )


class Cursor(Row, table=True):
    """The last event that a reader of the log has taken in."""

    name: str = Field(primary_key=True)
    event_id: int = big_int()
