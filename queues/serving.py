"""Who may be offered work now, read with their loads in one statement for the matcher."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, and_, bindparam, cast, func, select

from core.county import Limits
from core.db import type_big
from core.store import Tx
from queues.line import Agent
from queues.load import HANDS, IN_WORK, NOW, idle_from
from queues.models import ENTRY, MEMBER, SHIFT

HERS = and_(ENTRY.c.agent_id == SHIFT.c.staff_id, IN_WORK, ENTRY.c.id != bindparam("without", type_=type_big))
SERVES = select(func.aggregate_strings(MEMBER.c.queue, " ")).where(MEMBER.c.staff_id == SHIFT.c.staff_id)
# Their entries are joined, not sums of them: whoever plans that for a table that is empty still sums all of
# them again for each professional.
READY = (
    select(
        SHIFT.c.staff_id,
        SHIFT.c.chat_capacity,
        SHIFT.c.idle_since,
        cast(SHIFT.c.languages, Text).label("languages"),
        SERVES.scalar_subquery().label("queues"),
        *HANDS,
    )
    .select_from(SHIFT.outerjoin(ENTRY, HERS))
    .where(
        SHIFT.c.ended_at.is_(None),
        SHIFT.c.lost_at.is_(None),
        SHIFT.c.state == "ready",
        SHIFT.c.lease_until > NOW,
    )
    .group_by(SHIFT.c.staff_id, SHIFT.c.id)  # by the id alone, SQLite would walk the shifts of all time
    .order_by(SHIFT.c.staff_id)
)


def ready_agents(tx: Tx, limits: Limits, *, without: int = 0) -> list[Agent]:
    """Those who may be offered work now, with their loads; the load of one entry may be left out."""
    given = {"now": tx.now, "idle_from": idle_from(tx.now, limits), "without": without}
    return [agent_of(row) for row in tx.run(READY, given)]


def agent_of(row: Any) -> Agent:
    """The matcher's value for a shift."""
    staff, capacity, idle_since, languages, queues, weight, chats, calls = row
    return Agent(
        id=staff,
        queues=queues_of(queues),
        languages=languages_of(languages),
        capacity=capacity,
        load=int(weight),
        open_chats=int(chats),
        on_call=calls > 0,
        idle_since=idle_since,
    )


@lru_cache(maxsize=4096)
def queues_of(joined: str | None) -> frozenset[str]:
    """The queues of one professional, as the statement gives them."""
    return frozenset((joined or "").split())


@lru_cache(maxsize=64)
def languages_of(stored: str) -> frozenset[str]:
    """The languages of one professional, as they are stored."""
    return frozenset(json.loads(stored))


def hands_of(agent: Agent) -> int:
    """How many chats the agent could take."""
    return max(agent.capacity - agent.load, 0)


def free_hands(agents: Sequence[Agent]) -> dict[str, int]:
    """How many chats the members of each queue could take."""
    free: dict[str, int] = {}
    for agent in agents:
        hands = hands_of(agent)
        for queue in agent.queues:
            free[queue] = free.get(queue, 0) + hands
    return free
