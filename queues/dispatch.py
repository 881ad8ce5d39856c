"""Runs the pure matcher over the store's rows and writes its offers. Reads only what can be offered."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, select, union_all

from core.catalogue import Catalogue
from core.db import UtcTime
from core.events import record
from core.failpoints import failpoint
from core.store import Tx
from queues import events
from queues.agents import members
from queues.eligibility import Room, obstacle
from queues.line import PROMISED, Agent, Settings, Waiting
from queues.load import Load, has_room, is_member, loads, matter_is_free, on_duty
from queues.machine import Event, State
from queues.matcher import Pair, match, why_her, why_here, why_waiting
from queues.models import ENTRY, SHIFT, is_state
from queues.reading import RANK, position_of, view
from queues.sweep import grace, sweep
from queues.taking import grab, relaxing
from queues.transitions import change, entry_row
from queues.views import EntryView, Explanation

__all__ = ["dispatch", "explain", "grace", "settings_of", "sweep", "take_next"]

CHANNELS = ("call", "callback", "chat", "message")
READY = (
    select(SHIFT)
    .where(SHIFT.c.ended_at.is_(None), SHIFT.c.lost_at.is_(None), SHIFT.c.state == "ready")
    .where(SHIFT.c.lease_until > bindparam("now", type_=UtcTime()))
    .order_by(SHIFT.c.staff_id)
)
SPARE = 8  # entries read beyond twice the free hands: wishes and refusals hold some back
LOOKAHEAD = 100  # entries read of one queue and channel: more than its ready agents can be given at once


def dispatch(tx: Tx, catalogue: Catalogue) -> list[EntryView]:
    """Writes the offers the matcher decides on now and returns them; running it again changes nothing."""
    agents = ready_agents(tx, catalogue)
    if not any(agent.load < agent.capacity for agent in agents):
        return []
    settings = settings_of(catalogue)
    queues = {queue for agent in agents for queue in agent.queues}
    free = sum(max(agent.capacity - agent.load, 0) for agent in agents)
    near = min(2 * free + SPARE, LOOKAHEAD)
    rows = waiting_by_id(tx, queues, near)
    decision = match([waiting_of(row) for row in rows.values()], agents, tx.now, settings)
    if len(decision.offers) < free and len(rows) >= near < LOOKAHEAD:
        rows = waiting_by_id(tx, queues, LOOKAHEAD)  # somebody is free still: look past those held back
        decision = match([waiting_of(row) for row in rows.values()], agents, tx.now, settings)
    offered = []
    for pair in decision.offers:
        if offer(tx, rows[pair.entry], pair, catalogue):
            offered.append(view(tx, pair.entry))
            failpoint("queues.mid_offer")
    return offered


def offer(tx: Tx, row: Any, pair: Pair, catalogue: Catalogue) -> bool:
    """waiting → offered in one conditional UPDATE with right and room in it; False when it has moved."""
    limits = catalogue.limits
    expires_at = tx.now + timedelta(
        seconds=limits.offer_call_s if row.channel == "call" else limits.offer_chat_s
    )
    assignment = row.assignment + 1
    guards = (
        on_duty(pair.agent, tx.now, ready=True),
        is_member(pair.agent, row.queue),
        matter_is_free(),
        has_room(row.channel, row.weight, pair.agent, tx.now, limits),
    )
    values = {"agent_id": pair.agent, "assignment": assignment, "expires_at": expires_at}
    if not change(tx, row, Event.OFFER, *guards, **values, **relaxing(tx, row, pair.agent)):
        return False
    fact = events.EntryOffered(
        entry=row.id, agent=pair.agent, assignment=assignment, expires_at=expires_at, queue=row.queue
    )
    record(tx, fact, contact=row.contact_id, actor="system")
    return True


def take_next(tx: Tx, agent: int, catalogue: Catalogue) -> EntryView | None:
    """Gives the agent the first entry in rank order that she may have, own-team queues too, or None."""
    agents = ready_agents(tx, catalogue)
    settings = settings_of(catalogue, pulled=True)
    room = Room(agents)
    seat = room.seats.get(agent)
    if seat is None:
        return None
    for row in sorted(waiting_rows(tx, seat.agent.queues), key=rank_of):
        if obstacle(waiting_of(row), seat, room, tx.now, settings) is None:
            return grab(tx, row, agent, by="next", reason="", limits=catalogue.limits)
    return None


def explain(tx: Tx, entry: int, catalogue: Catalogue) -> Explanation:
    """Why here, why not yet, why her: answered by the functions that decide."""
    row = entry_row(tx, entry)
    one = waiting_of(row)
    agents = ready_agents(tx, catalogue, without=entry)
    settings = settings_of(catalogue)
    here = why_here(one, position_of(tx, row) - 1)
    if row.agent_id is not None:
        return Explanation(here=here, chosen=why_her(one, agents, row.agent_id, tx.now, settings))
    if row.state != State.WAITING:
        return Explanation(here=here)
    rows = waiting_rows(tx, {queue for agent in agents for queue in agent.queues})
    floor = match([waiting_of(other) for other in rows], agents, tx.now, settings)
    return Explanation(here=here, waiting=why_waiting(one, agents, tx.now, settings, floor))


def settings_of(catalogue: Catalogue, *, pulled: bool = False) -> Settings:
    """What the matcher needs of the county's catalogue; `pulled`: for one who asks, own-team queues count."""
    queues = catalogue.queues
    return Settings(
        language_hold_s={queue.id: queue.language_hold_s for queue in queues},
        floor_share={queue.id: queue.floor_share for queue in queues},
        own_team=frozenset(() if pulled else (queue.id for queue in queues if queue.own_team)),
        drain_after_s=catalogue.limits.drain_for_call_s,
        chat_capacity_max=catalogue.limits.chat_capacity_max,
    )


def ready_agents(tx: Tx, catalogue: Catalogue, *, without: int | None = None) -> list[Agent]:
    """Those who may be offered work now, with their loads; the load of one entry may be left out."""
    rows = tx.session.execute(READY, {"now": tx.now}).all()
    if not rows:
        return []
    staff = [row.staff_id for row in rows]
    queues = members(tx, staff)
    load = loads(tx, staff, catalogue.limits, without=without)
    return [agent_of(row, queues.get(row.staff_id, set()), load.get(row.staff_id, Load())) for row in rows]


def agent_of(row: Any, queues: set[str], load: Load) -> Agent:
    """The matcher's value for a shift."""
    return Agent(
        id=row.staff_id,
        queues=frozenset(queues),
        languages=frozenset(row.languages),
        capacity=row.chat_capacity,
        load=load.weight,
        open_chats=load.chats,
        on_call=load.on_call,
        idle_since=row.idle_since,
    )


def waiting_by_id(tx: Tx, queues: Collection[str], near: int) -> dict[int, Any]:
    """`waiting_rows` by their ids."""
    return {row.id: row for row in waiting_rows(tx, queues, near)}


def waiting_rows(tx: Tx, queues: Collection[str], near: int = LOOKAHEAD) -> Sequence[Any]:
    """The first who wait, by queue and channel, whose matter is in nobody's hands: index reads only.

    Of live work the first `near`; of promised work always `LOOKAHEAD`, as the floor's split weighs it.
    """
    if not queues:
        return []
    return list(tx.session.execute(waiting_statement(tuple(sorted(queues))), {"near": near}).all())


@lru_cache(maxsize=256)
def waiting_statement(queues: tuple[str, ...]) -> CompoundSelect[Any]:
    """The query of `waiting_rows`; made once for each set of queues that professionals serve."""
    parts = []
    for queue in queues:
        for channel in CHANNELS:
            here = (is_state(ENTRY, "waiting"), ENTRY.c.queue == queue, ENTRY.c.channel == channel)
            first = select(ENTRY).where(*here, matter_is_free()).order_by(*RANK)
            first = first.limit(LOOKAHEAD if channel in PROMISED else bindparam("near"))
            parts.append(select(first.subquery()))
    return union_all(*parts)


def waiting_of(row: Any) -> Waiting:
    """The matcher's value for an entry."""
    return Waiting(
        id=row.id,
        matter=row.matter_id,
        queue=row.queue,
        channel=row.channel,
        tier=row.tier,
        due_at=row.due_at,
        arrived_at=row.arrived_at,
        queued_here_at=row.queued_here_at,
        language=row.language,
        weight=row.weight,
        preferred_agent=row.preferred_agent_id,
        preferred_until=row.preferred_until,
        passed={int(agent): datetime.fromisoformat(until) for agent, until in row.passed.items()},
    )


def rank_of(row: Any) -> tuple[Any, ...]:
    """The entry's place, for sorting rows."""
    return (row.tier, row.due_at, row.arrived_at, row.id)
