"""What the service asks again and again is found by indexes: nothing grows with the contacts of the past.

Each statement of a turn is explained on both databases, with history in the tables, and judged by its plan.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, text

from benchmarks import filling
from callbacks import service as callbacks
from chat import service as chat
from chat.accepting import Acceptance, accept_together
from chat.sending import Saying, send_together
from core import jobs
from core.access import Head
from core.clock import FixedClock
from core.identity import Actor, Role
from core.models import AccessLog
from core.store import Tx
from ensilinja import feed, loops, schema, selfcheck, snapshots
from ensilinja.deadlines import sweeps
from ensilinja.reporting import board, keeper
from ensilinja.tables import metadata
from queues import dispatch
from queues.models import ENTRY, SHIFT, in_hand
from router import places
from tests.builders import MONDAY, a_store
from tests.rooms import SERVICES

QUEUES = ("nurse", "mental", "dental")
NURSE = Actor(kind="staff", id=1, roles=frozenset({Role.AGENT}), queues=frozenset(QUEUES))
GROWING = frozenset(
    {"entry", "event", "message", "contact", "party", "matter", "participant", "estimate", "promise"}
    | {"outcome", "fact", "job", "shift", "answers", "attempt", "call", "access_log", "session"}
)
"""Tables that keep what is over."""
ALIASES = {"hand": "entry"}
BOUNDED = frozenset(
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["postgresql"]["where"] is not None
)
"""Indexes over what is open only: reading one from end to end is bounded by the work there is."""


DESKS = 40
MOST = 15 * DESKS
"""Rows that a part of a plan may look at by repeating itself, where twice as many are held."""


def history(connection: Connection, *, desks: int = 6, known: bool = True) -> None:
    """Some contacts of the past, some that wait, some professionals."""
    filling.past(connection, 300, until=MONDAY - timedelta(days=1))
    filling.professionals(connection, desks, queues=QUEUES, now=MONDAY)
    filling.past_shifts(connection, 300, until=MONDAY)
    filling.in_line(connection, 40, queues=QUEUES, channel="chat", now=MONDAY)
    filling.in_line(connection, 20, queues=QUEUES, channel="callback", now=MONDAY)
    row = {"at": MONDAY, "actor": "staff:1", "role": "agent", "contact_id": 1, "action": "", "why": ""}
    log = AccessLog.__table__  # type: ignore[attr-defined]
    connection.execute(log.insert(), [{**row, "previous": "", "hash": ""}] * 300)
    filling.settle(connection, known=known)


def warm_board(tx: Tx) -> None:
    memory = board.Memory()
    for _ in range(2):
        board.snapshot(tx, SERVICES.catalogue, memory)


def a_minute_ago(tx: Tx) -> selfcheck.Since:
    """Where the service's check of itself was: ten events and a row of the access log back."""
    return selfcheck.Since(
        event=feed.newest(tx) - 10, contact=350, head=Head(id=1, hash=""), wrong=frozenset({310})
    )


def waiting(tx: Tx) -> list[int]:
    return [place.contact for place in feed.rows(tx, range(301, 361), SERVICES.catalogue).values()]


def talk(tx: Tx) -> None:
    """Offers, their acceptance, and a word of each professional."""
    offers = dispatch.dispatch(tx, SERVICES.catalogue)
    holders = [replace(NURSE, id=offer.agent or 0) for offer in offers]
    asked = [
        Acceptance(actor=nurse, contact=offer.contact, assignment=offer.assignment)
        for nurse, offer in zip(holders, offers, strict=True)
        if offer.channel == "chat"
    ]
    assert len(accept_together(tx, asked, SERVICES.catalogue.limits)) == len(asked) > 0
    send_together(
        tx, [Saying(actor=each.actor, contact=each.contact, client_id="1", text="Hei") for each in asked]
    )


TURNS: dict[str, Callable[[Tx], object]] = {
    "grace": lambda tx: dispatch.grace(tx, 15.0),
    "sweep": lambda tx: [sweep(tx, SERVICES) for sweep in sweeps()],
    "chat": lambda tx: chat.sweep(tx, SERVICES),
    "callbacks": lambda tx: callbacks.sweep(tx, SERVICES),
    "dispatch": lambda tx: dispatch.dispatch(tx, SERVICES.catalogue),
    "talk": talk,
    "places": lambda tx: places.places(tx, range(301, 361), SERVICES),
    "news": lambda tx: feed.gather(tx, feed.newest(tx) - 10, frozenset({310}), SERVICES),
    "facts": lambda tx: keeper.catch_up(tx, 200),
    "board": warm_board,
    "gauges": loops.standing,
    "rescue": jobs.rescue,
    "jobs": jobs.due,
    "selfcheck": lambda tx: selfcheck.look(tx, SERVICES.catalogue, a_minute_ago(tx)),
    "selfcheck begins": selfcheck.beginning,
    "pairs": lambda tx: selfcheck.queues.unserved(tx, SERVICES.catalogue),
    "console": lambda tx: snapshots.console(tx, NURSE, SERVICES),
    "connected": lambda tx: chat.connected(tx, 310),
    "resident": lambda tx: snapshots.resident(tx, Actor(kind="resident", id=310), 0, SERVICES),
}
"""What a process does every second, for every event, and for every browser that comes back."""


@pytest.mark.parametrize("turn", TURNS)
async def test_no_turn_reads_the_past(turn: str, filled_url: str) -> None:
    def walked(tx: Tx) -> list[str]:
        connection = tx.session.connection()
        said = [*statements(connection, lambda: TURNS[turn](tx))]
        assert said
        return [fault for statement, given in said for fault in faults(connection, statement, given)]

    async with a_store(filled_url, FixedClock(MONDAY)) as store:
        assert await store.write(walked) == []


def statements(connection: Connection, act: Callable[[], object]) -> Iterator[tuple[str, Any]]:
    """What the act asks of the database, each kind once."""
    said: dict[str, Any] = {}

    def hear(_: object, __: object, statement: str, given: Any, *___: object) -> None:
        if statement.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}:
            said.setdefault(statement, given)

    event.listen(connection, "before_cursor_execute", hear)
    act()
    event.remove(connection, "before_cursor_execute", hear)
    yield from said.items()


def faults(connection: Connection, statement: str, given: Any) -> list[str]:
    """The tables that keep the past and are read from end to end."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        found = [fault for row in plan if (fault := sqlite_fault(str(row[-1])))]
    else:
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", given).scalar_one()
        top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
        found = [fault for node in nodes(top) if (fault := postgres_fault(node))]
    return [f"{fault}: {' '.join(statement.split())}" for fault in found]


def sqlite_fault(step: str) -> str | None:
    words = step.split()
    if words[0] != "SCAN" or ALIASES.get(words[1], words[1]) not in GROWING:
        return None
    return None if BOUNDED.intersection(words) else step


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from nodes(part)


def postgres_fault(node: dict[str, Any]) -> str | None:
    kind, table = node["Node Type"], node.get("Relation Name", "")
    if kind == "Seq Scan" and table in GROWING:
        return f"{kind} on {table}"
    index = node.get("Index Name", "")
    is_bounded = index in BOUNDED or not index or "Index Cond" in node
    return None if is_bounded or table not in GROWING | {""} else f"{kind} of the whole {index}"


@pytest.mark.parametrize("turn", TURNS)
async def test_no_turn_reads_the_same_again_and_again(turn: str, busy_url: str) -> None:
    """Plans are made once, often for tables that are still empty, and must not read one table for each row of
    another all the same.
    """

    def looked_at(tx: Tx) -> list[str]:
        connection = tx.session.connection()
        said = [*statements(connection, lambda: TURNS[turn](tx))]
        return [fault for one in said if (fault := again_and_again(connection, *one))]

    async with a_store(busy_url, FixedClock(MONDAY)) as store:
        assert await store.write(looked_at) == []


def busy(connection: Connection) -> None:
    """Much the same as history, with `DESKS` professionals who have two chats each; no statistics."""
    history(connection, desks=DESKS, known=False)
    filling.in_line(connection, 2 * DESKS, queues=QUEUES, channel="chat", now=MONDAY, hours=1.0)
    connection.execute(
        text(
            "UPDATE entry SET state = 'held', assignment = 1, "
            "agent_id = (SELECT min(staff_id) FROM shift WHERE ended_at IS NULL) + id % :desks "
            "WHERE id > (SELECT max(id) FROM entry) - 2 * :desks"
        ),
        {"desks": DESKS},
    )


def again_and_again(connection: Connection, statement: str, given: Any) -> str | None:
    """The part of the plan that repeated itself over more than `MOST` rows, how many, and its statement."""
    if not statement.startswith(("SELECT", "WITH")):
        return None  # it would be done twice
    explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
    plan = connection.exec_driver_sql(explained, given).scalar_one()
    for node in nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]):
        times = node["Actual Loops"]
        seen = times * node.get("Rows Removed by Join Filter", 0)
        if times > 1:
            seen += times * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        if seen > MOST:
            return f"{node['Node Type']}, {seen:.0f} rows: {' '.join(statement.split())}"
    return None


async def test_a_statement_that_reads_again_and_again_is_seen(busy_url: str) -> None:
    def looked_at(tx: Tx) -> str | None:
        hands = select(ENTRY.c.agent_id, func.count().label("count")).where(in_hand(ENTRY))
        theirs = hands.group_by(ENTRY.c.agent_id).subquery()
        joined = SHIFT.outerjoin(theirs, theirs.c.agent_id == SHIFT.c.staff_id)
        ask = select(SHIFT.c.staff_id, theirs.c.count).select_from(joined).where(SHIFT.c.ended_at.is_(None))
        connection = tx.session.connection()
        (said,) = statements(connection, lambda: tx.rows(ask))
        return again_and_again(connection, *said)

    async with a_store(busy_url, FixedClock(MONDAY)) as store:
        assert await store.write(looked_at) is not None


async def test_a_statement_without_an_index_is_seen(filled_url: str) -> None:
    def walked(tx: Tx) -> list[str]:
        connection = tx.session.connection()
        ask = lambda: tx.scalar(dispatch.select(dispatch.ENTRY.c.id).where(dispatch.ENTRY.c.language == "sv"))  # noqa: E731
        said = statements(connection, ask)
        return [fault for statement, given in said for fault in faults(connection, statement, given)]

    async with a_store(filled_url, FixedClock(MONDAY)) as store:
        assert len(await store.write(walked)) == 1


@pytest.fixture
def filled_url(database_url: str) -> str:
    schema.transact(database_url, metadata.create_all)
    schema.transact(database_url, history)
    return database_url


@pytest.fixture
def busy_url(pg_url: Callable[[], str]) -> str:
    url = pg_url()
    schema.transact(url, metadata.create_all)
    schema.transact(url, busy)
    return url
