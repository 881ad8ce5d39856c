"""Runs the pure matcher over the store's rows and writes its offers. Reads only what can be offered."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    select,
    true,
    union_all,
)

from core.catalogue import Catalogue
from core.db import given_rows
from core.errors import NotFound
from core.store import Tx
from queues.eligibility import Room, obstacle
from queues.line import PROMISED, Agent, Settings, Waiting
from queues.load import matter_is_free
from queues.machine import State
from queues.matcher import Decision, match, why_her, why_here, why_waiting
from queues.models import ENTRY, is_state
from queues.offering import offer_all
from queues.reading import RANK, position_of
from queues.serving import free_hands, ready_agents
from queues.sweep import grace, sweep
from queues.taking import grab
from queues.views import EntryView, Explanation

__all__ = ["decided", "dispatch", "explain", "grace", "settings_of", "sweep", "take_next"]

CHANNELS = ("call", "callback", "chat", "message")
OF_WAITING = (
    *("id", "matter_id", "queue", "channel", "tier", "due_at", "arrived_at", "queued_here_at"),
    *("language", "weight", "preferred_agent_id", "preferred_until"),
)
"""The columns of `Waiting` but for the last, in their order."""
QUEUE = OF_WAITING.index("queue")
READ = (
    *(ENTRY.c[name] for name in (*OF_WAITING, "contact_id", "state", "assignment", "agent_id")),
    cast(ENTRY.c.passed, Text).label("passed"),
)
"""What the matcher and the taking UPDATE need of an entry."""
ONE = select(*READ).where(ENTRY.c.id == bindparam("wanted"))
SPARE = 4  # entries read beyond the free hands: wishes and refusals hold some back
LINE = ("queue", "channel", "most")  # what is asked about one line
BRANCHES = 64  # lines a statement on SQLite: those of sixteen queues
LOOKAHEAD = 100  # entries read of one queue and channel: more than its ready agents can be given at once


def dispatch(tx: Tx, catalogue: Catalogue) -> list[EntryView]:
    """Writes the offers the matcher decides on now and returns them; running it again changes nothing."""
    decision, rows, agents = decided(tx, catalogue)
    speaks = {agent.id: agent.languages for agent in agents}
    return offer_all(tx, decision.offers, rows, speaks, catalogue.limits)


def decided(tx: Tx, catalogue: Catalogue) -> tuple[Decision, Mapping[int, Any], Sequence[Agent]]:
    """The matcher's decision now, and what it was made of: who waits, by id, and who is ready. Only reads."""
    agents = ready_agents(tx, catalogue.limits)
    free = free_hands(agents)
    if not any(free.values()):
        return Decision(), {}, agents
    settings = settings_of(catalogue)
    near = {queue: min(hands + SPARE, LOOKAHEAD) if hands else 1 for queue, hands in free.items()}
    while True:
        rows = waiting_rows(tx, near)
        decision = match([waiting_of(row) for row in rows], agents, tx.now, settings)
        short = too_short(decision, rows, near)
        if not short:
            return decision, {row[0]: row for row in rows}, agents
        near |= dict.fromkeys(short, LOOKAHEAD)  # so many are held back: look past them


def too_short(decision: Decision, rows: Sequence[Any], near: Mapping[str, int]) -> set[str]:
    """The queues where live work was read in part only, and all of it looked at for somebody with room."""
    read = Counter(row[QUEUE : QUEUE + 2] for row in rows)  # of queue and channel
    return {
        kind.queue
        for kind in decision.ran_out
        if not kind.promised and near[kind.queue] <= min(read[kind[:2]], LOOKAHEAD - 1)
    }


def take_next(tx: Tx, agent: int, catalogue: Catalogue) -> EntryView | None:
    """Gives the agent the first entry in rank order that she may have, own-team queues too, or None."""
    agents = ready_agents(tx, catalogue.limits)
    settings = settings_of(catalogue, pulled=True)
    room = Room(agents)
    seat = room.seats.get(agent)
    if seat is None:
        return None
    hers = dict.fromkeys(seat.agent.queues, LOOKAHEAD)
    for row in sorted(waiting_rows(tx, hers), key=rank_of):
        if obstacle(waiting_of(row), seat, room, tx.now, settings) is None:
            return grab(tx, row, agent, by="next", reason="", limits=catalogue.limits)
    return None


def explain(tx: Tx, entry: int, catalogue: Catalogue) -> Explanation:
    """Why here, why not yet, why her: answered by the functions that decide."""
    row = tx.run(ONE, {"wanted": entry}).first()
    if row is None:
        raise NotFound(entry=entry)
    one = waiting_of(row)
    agents = ready_agents(tx, catalogue.limits, without=entry)
    settings = settings_of(catalogue)
    here = why_here(one, position_of(tx, row) - 1)
    if row.agent_id is not None:
        return Explanation(here=here, chosen=why_her(one, agents, row.agent_id, tx.now, settings))
    if row.state != State.WAITING:
        return Explanation(here=here)
    rows = waiting_rows(tx, dict.fromkeys(free_hands(agents), LOOKAHEAD))
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


def waiting_rows(tx: Tx, near: Mapping[str, int]) -> Sequence[Any]:
    """The first who wait, by queue and channel, whose matter is in nobody's hands: index reads only.

    Of live work the first `near` of each queue; of promised work `LOOKAHEAD`, as the floor's split weighs it.
    """
    lines = [
        (queue, channel, LOOKAHEAD if channel in PROMISED else most)
        for queue, most in near.items()
        for channel in CHANNELS
    ]
    if tx.session.get_bind().dialect.name == "postgresql":
        return tx.run(heads(), {"lines": lines}).all() if lines else []
    rows: list[Any] = []
    for start in range(0, len(lines), BRANCHES):
        some = lines[start : start + BRANCHES]
        count = 1 << (len(some) - 1).bit_length()  # few statements serve any number of lines
        some += [("", "", 0)] * (count - len(some))
        pairs = ((place, *pair) for place, line in enumerate(some) for pair in zip(LINE, line, strict=True))
        given = {f"{name}_{place}": value for place, name, value in pairs}
        rows += tx.run(heads_in_branches(count), given)
    return rows


@lru_cache(maxsize=1)
def heads() -> Select[Any]:
    """The query of `waiting_rows`; its plan is one of one line, however many lines are asked about."""
    line = given_rows("lines", queue=ENTRY.c.queue.type, channel=ENTRY.c.channel.type, most=Integer())
    head = head_of(line.c.queue, line.c.channel).limit(line.c.most).lateral("head")
    return select(*head.c).select_from(line.join(head, true()))


@lru_cache(maxsize=16)
def heads_in_branches(count: int) -> CompoundSelect[Any]:
    """The same of so many lines for SQLite, which has no LATERAL and joins at most 500 SELECTs."""
    parts = []
    for place in range(count):
        asked: list[BindParameter[Any]] = [bindparam(f"{name}_{place}") for name in LINE]
        queue, channel, most = asked
        parts.append(select(head_of(queue, channel).limit(most).subquery()))
    return union_all(*parts)


def head_of(queue: ColumnElement[str], channel: ColumnElement[str]) -> Select[Any]:
    """Who waits in the line of a queue and a channel, the first first."""
    here = (is_state(ENTRY, "waiting"), ENTRY.c.queue == queue, ENTRY.c.channel == channel)
    return select(*READ).where(*here, matter_is_free()).order_by(*RANK)


def waiting_of(row: Any) -> Waiting:
    """The matcher's value for an entry; by place, as a name costs twice as much and there are many rows."""
    return Waiting._make((*row[: len(OF_WAITING)], passed_of(row[-1])))


@lru_cache(maxsize=1024)
def passed_of(stored: str) -> Mapping[int, datetime]:
    """Who passed the entry on, and until when she is not offered it again."""
    return {int(agent): datetime.fromisoformat(until) for agent, until in json.loads(stored).items()}


def rank_of(row: Any) -> tuple[Any, ...]:
    """The entry's place, for sorting rows."""
    return (row.tier, row.due_at, row.arrived_at, row.id)
