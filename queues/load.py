"""Load and right of an agent as SQL: derived, never stored, checked inside the UPDATE that takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, func, not_, or_, select

from core.county import Limits
from core.store import Tx
from queues.line import FILLING, FULL
from queues.machine import ASSIGNED
from queues.models import ENTRY, MEMBER, SHIFT

LIMITS = Limits()
"""The limits where the caller has no catalogue at hand."""

COUNTED = ("offered", "held")
HAND = ENTRY.alias("hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What an agent has in her hands: weights, open chats, and whether she is in a call."""

    weight: int = 0
    chats: int = 0
    on_call: bool = False


def weight_now(of: FromClause, now: datetime, limits: Limits) -> ColumnElement[int]:
    """An entry's weight: a call fills the agent, a chat idle on the resident's side weighs nothing."""
    idle_from = now - timedelta(seconds=limits.idle_chat_s)
    idle = and_(of.c.channel == "chat", of.c.idle_since.is_not(None), of.c.idle_since <= idle_from)
    return case((of.c.channel.in_(sorted(FILLING)), FULL), (idle, 0), else_=of.c.weight)


def loads(tx: Tx, agents: Iterable[int], limits: Limits, *, without: int | None = None) -> dict[int, Load]:
    """Loads of the agents, wrap-up time included, so that nothing is offered before it is over."""
    busy = or_(ENTRY.c.state.in_(COUNTED), and_(ENTRY.c.state == "wrapping", ENTRY.c.expires_at > tx.now))
    chats = func.sum(case((ENTRY.c.channel == "chat", 1), else_=0))
    calls = func.sum(case((ENTRY.c.channel.in_(sorted(FILLING)), 1), else_=0))
    statement = (
        select(ENTRY.c.agent_id, func.sum(weight_now(ENTRY, tx.now, limits)), chats, calls)
        .where(ENTRY.c.agent_id.in_(list(agents)), ENTRY.c.state.in_(sorted(ASSIGNED)), busy)
        .where(ENTRY.c.id != (without or 0))
        .group_by(ENTRY.c.agent_id)
    )
    return {
        agent: Load(weight=int(weight), chats=int(open_chats), on_call=bool(open_calls))
        for agent, weight, open_chats, open_calls in tx.rows(statement)
    }


def has_room(channel: str, weight: int, agent: int, now: datetime, limits: Limits) -> ColumnElement[bool]:
    """True in the UPDATE when one more such entry fits what the agent holds and is offered."""
    hers = and_(HAND.c.agent_id == agent, HAND.c.state.in_(COUNTED))
    load = select(func.coalesce(func.sum(weight_now(HAND, now, limits)), 0)).where(hers).scalar_subquery()
    if channel in FILLING:
        return load == 0
    capacity = (
        select(SHIFT.c.chat_capacity).where(SHIFT.c.staff_id == agent, SHIFT.c.ended_at.is_(None))
    ).scalar_subquery()
    room = load + weight <= capacity
    if channel != "chat":
        return room
    chats = select(func.count()).select_from(HAND).where(hers, HAND.c.channel == "chat").scalar_subquery()
    return and_(room, chats < limits.chat_capacity_max)


def on_duty(agent: int, now: datetime, *, ready: bool) -> ColumnElement[bool]:
    """True in the UPDATE when the agent's shift is open, its lease lives and, if asked, she is ready."""
    shift = [
        SHIFT.c.staff_id == agent,
        SHIFT.c.ended_at.is_(None),
        SHIFT.c.lost_at.is_(None),
        SHIFT.c.lease_until > now,
    ]
    return exists().where(*shift, *([SHIFT.c.state == "ready"] if ready else []))


def is_member(agent: int, queue: str) -> ColumnElement[bool]:
    """True in the UPDATE when the agent is a member of the queue."""
    return exists().where(MEMBER.c.staff_id == agent, MEMBER.c.queue == queue)


def matter_is_free(of: FromClause = ENTRY) -> ColumnElement[bool]:
    """True when no entry of the same matter is offered, held or wrapping; the unique index is the guard."""
    taken = exists().where(HAND.c.matter_id == of.c.matter_id, HAND.c.state.in_(sorted(ASSIGNED)))
    return not_(taken)
