"""Writes the matcher's offers: a few statements for all of a turn, each row guarded by itself."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Integer, Update, and_, bindparam, case, not_, or_, update

from core.county import Limits
from core.db import UtcTime, among, given_rows, type_big
from core.events import Fact, record_all
from core.failpoints import failpoint
from core.store import Tx
from queues import events
from queues.line import FILLING
from queues.load import GUARDS, NOW, has_room, idle_from, is_member, on_duty
from queues.machine import Event, State, step
from queues.matcher import Pair
from queues.models import ENTRY, is_state, one_of
from queues.views import EntryView, entry_view


def offer_all(
    tx: Tx,
    offers: Sequence[Pair],
    rows: Mapping[int, Any],
    speaks: Mapping[int, frozenset[str]],
    limits: Limits,
) -> list[EntryView]:
    """waiting → offered for those of the offers that still may be; the others are left out.

    `rows`: the entries as they were read in this transaction; `speaks`: the agents' languages.
    """
    written: dict[int, Any] = {}
    given = {
        "now": tx.now,
        "idle_from": idle_from(tx.now, limits),
        "chats_most": limits.chat_capacity_max,
        "call_until": tx.now + timedelta(seconds=limits.offer_call_s),
        "until": tx.now + timedelta(seconds=limits.offer_chat_s),
    }
    for wave in waves(offers, rows):
        asked = [
            [pair.entry, pair.agent, row.assignment, row.language not in speaks[pair.agent]]
            for pair, row in ((pair, rows[pair.entry]) for pair in wave)
        ]
        these = {"offers": asked, "entries": [pair.entry for pair in wave]}
        written |= {row.id: row for row in tx.run(offering(), {**these, **given})}
        failpoint("queues.mid_offer")
    made = [written[pair.entry] for pair in offers if pair.entry in written]
    if made:
        record_all(tx, [offered(row) for row in made])
    return [entry_view(row) for row in made]


def waves(offers: Sequence[Pair], rows: Mapping[int, Any]) -> Iterator[list[Pair]]:
    """The offers in their order, at most one of each agent and of each matter at a time.

    A statement's guards see what was before it: of two offers to one agent neither would see the other.
    None overtakes an earlier one of the same agent or matter.
    """
    left = list(offers)
    while left:
        wave: list[Pair] = []
        later: list[Pair] = []
        agents: set[int] = set()
        matters: set[int] = set()
        for pair in left:
            matter = rows[pair.entry].matter_id
            waits = pair.agent in agents or matter in matters
            (later if waits else wave).append(pair)
            agents.add(pair.agent)
            matters.add(matter)
        yield wave
        left = later


@lru_cache(maxsize=1)
def offering() -> Update:
    """The UPDATE of a wave: each row as it was read, with right and room in it. Returns what was offered."""
    given = given_rows("offers", id=type_big, agent=type_big, assignment=Integer(), relaxes=Boolean())
    agent, fills = given.c.agent, one_of(ENTRY.c.channel, *sorted(FILLING))
    room = or_(
        and_(fills, has_room(fills=True, agent=agent)), and_(not_(fills), has_room(fills=False, agent=agent))
    )
    return (
        update(ENTRY)
        .where(ENTRY.c.id == given.c.id, is_state(ENTRY, State.WAITING))
        # PostgreSQL takes given rows for a hundred, and would walk the line rather than look them up.
        .where(among(ENTRY.c.id, "entries"))
        .where(ENTRY.c.assignment == given.c.assignment)
        .where(on_duty(ready=True, agent=agent), is_member(agent), GUARDS["matter_free"], room)
        .values(
            state=step(State.WAITING, Event.OFFER).value,
            state_since=NOW,
            agent_id=agent,
            assignment=ENTRY.c.assignment + 1,
            expires_at=case((ENTRY.c.channel == "call", _until("call_until")), else_=_until("until")),
            language_relaxed_at=case((given.c.relaxes, NOW), else_=ENTRY.c.language_relaxed_at),
        )
        .returning(*ENTRY.c)
    )


def _until(name: str) -> Any:
    return bindparam(name, type_=UtcTime())


def offered(row: Any) -> Fact:
    """The fact that the entry was offered."""
    fact = events.EntryOffered(
        entry=row.id,
        agent=row.agent_id,
        assignment=row.assignment,
        expires_at=row.expires_at,
        queue=row.queue,
    )
    return Fact(contact=row.contact_id, fact=fact, actor="system")
