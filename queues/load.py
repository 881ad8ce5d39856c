"""Load and right of an agent as SQL: derived, never stored, checked inside the UPDATE that takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
)

from core.county import Limits
from core.db import UtcTime
from core.store import Tx
from queues.line import FILLING, FULL
from queues.models import ENTRY, MEMBER, SHIFT, in_hand

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


def weight_now(of: FromClause, idle_from: Any) -> ColumnElement[int]:
    """An entry's weight: a call fills the agent, a chat idle on the resident's side weighs nothing."""
    idle = and_(of.c.channel == "chat", of.c.idle_since.is_not(None), of.c.idle_since <= idle_from)
    return case((of.c.channel.in_(sorted(FILLING)), FULL), (idle, 0), else_=of.c.weight)


def idle_from(now: datetime, limits: Limits) -> datetime:
    """A chat whose resident has been silent since then is idle."""
    return now - timedelta(seconds=limits.idle_chat_s)


def in_work() -> Select[Any]:
    """Weights, chats and calls by agent; parameters `agents`, `now`, `idle_from`, `without`."""
    agents = ENTRY.c.agent_id.in_(bindparam("agents", expanding=True))
    wraps = and_(ENTRY.c.state == "wrapping", ENTRY.c.expires_at > bindparam("now", type_=UtcTime()))
    return (
        select(
            ENTRY.c.agent_id,
            func.sum(weight_now(ENTRY, bindparam("idle_from", type_=UtcTime()))),
            func.sum(case((ENTRY.c.channel == "chat", 1), else_=0)),
            func.sum(case((ENTRY.c.channel.in_(sorted(FILLING)), 1), else_=0)),
        )
        .where(agents, in_hand(ENTRY), or_(ENTRY.c.state.in_(COUNTED), wraps))
        .where(ENTRY.c.id != bindparam("without"))
        .group_by(ENTRY.c.agent_id)
    )


IN_WORK = in_work()


def loads(tx: Tx, agents: Iterable[int], limits: Limits, *, without: int | None = None) -> dict[int, Load]:
    """Loads of the agents, wrap-up time included, so that nothing is offered before it is over."""
    given = {"agents": list(agents), "without": without or 0}
    times = {"now": tx.now, "idle_from": idle_from(tx.now, limits)}
    return {
        agent: Load(weight=int(weight), chats=int(chats), on_call=bool(calls))
        for agent, weight, chats, calls in tx.session.execute(IN_WORK, {**given, **times})
    }


def has_room(channel: str, weight: int, agent: int, now: datetime, limits: Limits) -> ColumnElement[bool]:
    """True in the UPDATE when one more such entry fits what the agent holds and is offered."""
    hers = and_(HAND.c.agent_id == agent, in_hand(HAND), HAND.c.state.in_(COUNTED))
    load = (
        select(func.coalesce(func.sum(weight_now(HAND, idle_from(now, limits))), 0))
        .where(hers)
        .scalar_subquery()
    )
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
    taken = exists().where(HAND.c.matter_id == of.c.matter_id, in_hand(HAND))
    return not_(taken)
