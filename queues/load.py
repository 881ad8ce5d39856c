"""Load and right of an agent as SQL: derived, never stored, checked inside the UPDATE that takes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
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
from core.db import UtcTime, among, type_big
from core.store import Tx
from queues.line import FILLING, FULL
from queues.models import ENTRY, MEMBER, SHIFT, in_hand, in_states, one_of

LIMITS = Limits()
"""The limits where the caller has no catalogue at hand."""

COUNTED = ("offered", "held")
AGENT = bindparam("agent", type_=type_big)
NOW = bindparam("now", type_=UtcTime())
IDLE_FROM = bindparam("idle_from", type_=UtcTime())
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
    return case((one_of(of.c.channel, *sorted(FILLING)), FULL), (idle, 0), else_=of.c.weight)


def idle_from(now: datetime, limits: Limits) -> datetime:
    """A chat whose resident has been silent since then is idle."""
    return now - timedelta(seconds=limits.idle_chat_s)


WRAPS = and_(ENTRY.c.state == "wrapping", ENTRY.c.expires_at > NOW)
IN_WORK = and_(in_hand(ENTRY), or_(in_states(ENTRY, *COUNTED), WRAPS))
"""True of an entry that its agent has to do with, wrap-up time included; parameter `now`."""
HANDS = (
    func.coalesce(func.sum(weight_now(ENTRY, IDLE_FROM)), 0).label("weight"),
    func.coalesce(func.sum(case((ENTRY.c.channel == "chat", 1), else_=0)), 0).label("chats"),
    func.coalesce(func.sum(case((one_of(ENTRY.c.channel, *sorted(FILLING)), 1), else_=0)), 0).label("calls"),
)
"""Weights, chats and calls of an agent's entries that are `IN_WORK`; parameter `idle_from`."""
LOADS = (
    select(ENTRY.c.agent_id, *HANDS)
    .where(IN_WORK, among(ENTRY.c.agent_id, "agents"))
    .group_by(ENTRY.c.agent_id)
)


def loads(tx: Tx, agents: Collection[int], limits: Limits) -> dict[int, Load]:
    """Loads of the agents, wrap-up time included: nothing is offered before it is over."""
    given = {"agents": list(agents), "now": tx.now, "idle_from": idle_from(tx.now, limits)}
    return {
        agent: Load(weight=int(weight), chats=int(chats), on_call=bool(calls))
        for agent, weight, chats, calls in tx.run(LOADS, given)
    }


def matter_is_free(of: FromClause = ENTRY) -> ColumnElement[bool]:
    """True when no entry of the same matter is offered, held or wrapping; the unique index is the guard."""
    taken = exists().where(HAND.c.matter_id == of.c.matter_id, in_hand(HAND))
    return not_(taken)


def on_duty(*, ready: bool, agent: ColumnElement[int] = AGENT) -> ColumnElement[bool]:
    """True in the UPDATE when the agent's shift is open, its lease lives and, if asked, she is ready."""
    shift = [
        SHIFT.c.staff_id == agent,
        SHIFT.c.ended_at.is_(None),
        SHIFT.c.lost_at.is_(None),
        SHIFT.c.lease_until > NOW,
    ]
    return exists().where(*shift, *([SHIFT.c.state == "ready"] if ready else []))


def has_room(*, fills: bool, agent: ColumnElement[int] = AGENT) -> ColumnElement[bool]:
    """True in the UPDATE when one more such entry fits what the agent holds and is offered."""
    hers = and_(HAND.c.agent_id == agent, in_hand(HAND), in_states(HAND, *COUNTED))
    load = select(func.coalesce(func.sum(weight_now(HAND, IDLE_FROM)), 0)).where(hers).scalar_subquery()
    if fills:
        return load == 0
    capacity = (
        select(SHIFT.c.chat_capacity).where(SHIFT.c.staff_id == agent, SHIFT.c.ended_at.is_(None))
    ).scalar_subquery()
    chats = select(func.count()).select_from(HAND).where(hers, HAND.c.channel == "chat").scalar_subquery()
    few = or_(ENTRY.c.channel != "chat", chats < bindparam("chats_most", type_=Integer()))
    return and_(load + ENTRY.c.weight <= capacity, few)


def room(channel: str) -> str:
    """The name of the guard for an entry of the channel."""
    return "room_for_call" if channel in FILLING else "room"


def is_member(agent: ColumnElement[int] = AGENT) -> ColumnElement[bool]:
    """True in the UPDATE when the agent serves the entry's queue."""
    return exists().where(MEMBER.c.staff_id == agent, MEMBER.c.queue == ENTRY.c.queue)


GUARDS: Mapping[str, ColumnElement[bool]] = {
    "on_duty": on_duty(ready=False),
    "ready": on_duty(ready=True),
    "member": is_member(),
    "matter_free": matter_is_free(),
    "room": has_room(fills=False),
    "room_for_call": has_room(fills=True),
    "in_time": ENTRY.c.expires_at > NOW,
    "hers": ENTRY.c.agent_id == AGENT,
}
"""Conditions of a taking UPDATE by name, with the parameters of `judged`."""


def judged(agent: int, now: datetime, limits: Limits) -> dict[str, Any]:
    """The parameters of `GUARDS`: who takes, and the time that decides on leases, offers and idle chats."""
    return {
        "agent": agent,
        "now": now,
        "idle_from": idle_from(now, limits),
        "chats_most": limits.chat_capacity_max,
    }
