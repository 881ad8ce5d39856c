"""Offers written together: each row has its own guards, whatever else is written with it."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select, update
from sqlalchemy.orm import Session

from core.clock import FixedClock
from core.events import newest, read_events
from core.store import Tx
from core.vault import Vault
from ensilinja import schema
from queues import agents
from queues.dispatch import READ, decided, dispatch, settings_of, waiting_of
from queues.line import FILLING, FULL
from queues.matcher import Pair, match
from queues.models import ENTRY, SHIFT
from queues.offering import offer_all
from tests.builders import MONDAY, TEST_KEY, a_store, create_tables
from tests.faults.sizes import sized
from tests.lines import at_work, queue_up, small_county

COUNTY = small_county()
NURSES = ("nurse mental", "nurse", "mental", "away")
LINE = ("nurse", "nurse", "nurse", "nurse", "mental", "mental", "call", "callback", "sibling", "moved")
ASKED = st.lists(
    st.tuples(st.integers(0, len(LINE) - 1), st.integers(0, len(NURSES) - 1)),
    min_size=1,
    max_size=len(LINE),
    unique_by=lambda pair: pair[0],
)
EXAMPLES = sized(25, 60, 300)


def test_each_offer_is_judged_as_if_it_were_alone(database_url: str) -> None:
    asyncio.run(create_tables(database_url))
    schema.transact(database_url, compare)


def compare(connection: Connection) -> None:
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        tx = Tx(session=session, now=MONDAY, vault=Vault(TEST_KEY))
        staff, entries = arrange(tx)

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
        @given(asked=ASKED)
        def same(asked: Sequence[tuple[int, int]]) -> None:
            assert written(tx, staff, entries, asked) == expected(asked)

        same()


def arrange(tx: Tx) -> tuple[list[int], list[Any]]:
    """Professionals with room for two chats, one of them gone, and a line; two of it are of one matter."""
    staff = [
        at_work(tx, f"nurse{n}", queues="nurse" if queues == "away" else queues, capacity=2)
        for n, queues in enumerate(NURSES)
    ]
    tx.execute(update(SHIFT).where(SHIFT.c.staff_id == staff[-1]).values(lost_at=tx.now))
    for n, case in enumerate(LINE, start=1):
        queue_up(
            tx,
            n,
            queue="mental" if case == "mental" else "nurse",
            weight=2 if case == "mental" else 1,
            channel=case if case in FILLING else "chat",
            matter=1 if case == "sibling" else n,
        )
    rows = tx.rows(select(ENTRY).order_by(ENTRY.c.id))
    moved = update(ENTRY).where(ENTRY.c.id == rows[LINE.index("moved")].id)
    tx.execute(moved.values(assignment=ENTRY.c.assignment + 1))
    return staff, rows


def written(
    tx: Tx, staff: list[int], entries: list[Any], asked: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Which of the offers were made; undone at the end."""
    before, recorded = newest(tx), len(tx.recorded)
    outer = tx.session.connection().begin_nested()
    pairs = [Pair(entry=entries[entry].id, agent=staff[agent]) for entry, agent in asked]
    rows, speaks = {row.id: row for row in entries}, {one: frozenset({"fi"}) for one in staff}
    views = offer_all(tx, pairs, rows, speaks, COUNTY.limits)
    told = [(one.contact, one.n, one.data["agent"]) for one in read_events(tx, after=before)]
    stored = {row.id: row.agent_id for row in tx.rows(select(ENTRY).where(ENTRY.c.state == "offered"))}
    outer.rollback()
    tx.session.expire_all()

    assert told == [(one.contact, one.n, one.data["agent"]) for one in tx.recorded[recorded:]]
    assert told == [(one.contact, 2, one.agent) for one in views]
    assert stored == {one.id: one.agent for one in views}
    del tx.recorded[recorded:]
    return [(one.contact - 1, staff.index(one.agent or 0)) for one in views]


def expected(asked: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Which may be made, judged one after another."""
    load = dict.fromkeys(range(len(NURSES)), 0)
    made: dict[int, int] = {}
    siblings = {0, LINE.index("sibling")}
    # Of one matter, or to one professional, what comes first in the order is judged first.
    for entry, agent in asked:
        case = LINE[entry]
        queue = "mental" if case == "mental" else "nurse"
        weight = FULL if case in FILLING else 2 if case == "mental" else 1
        fits = load[agent] == 0 if case in FILLING else load[agent] + weight <= 2
        of_one_matter = entry in siblings and siblings & made.keys()
        if case != "moved" and queue in NURSES[agent].split() and fits and not of_one_matter:
            load[agent] += weight
            made[entry] = agent
    return list(made.items())


async def test_reading_the_first_decides_as_reading_all(database_url: str) -> None:
    def differences(tx: Tx) -> list[object]:
        chance = random.Random(7)
        staff = [at_work(tx, f"nurse{n}", queues="nurse mental") for n in range(4)]
        for n in range(1, 61):
            level = {"language": chance.choice(["sv", "sv", "fi"]), "weight": chance.choice([1, 2])}
            queue_up(tx, n, queue=chance.choice(["nurse", "nurse", "mental"]), due_s=n, **level)
        rows = tx.rows(select(*READ))
        found: list[object] = []
        for _ in range(sized(20, 60, 300)):
            for one in staff:
                settings = {"languages": chance.choice([["fi"], ["fi"], ["sv"]])}
                shift = update(SHIFT).where(SHIFT.c.staff_id == one)
                tx.execute(shift.values(chat_capacity=chance.randint(1, 3), **settings))
            some, _, agents_ready = decided(tx, COUNTY)
            everybody = [waiting_of(row) for row in rows]
            all_of_it = match(everybody, agents_ready, tx.now, settings_of(COUNTY))
            found += [(some.offers, all_of_it.offers)] if some.offers != all_of_it.offers else []
            found += [] if some.offers else ["nothing offered"]
        return found

    async with a_store(database_url, FixedClock(MONDAY)) as store:
        assert await store.write(differences) == []


async def test_many_offers_are_one_statement(database_url: str) -> None:
    async with a_store(database_url, FixedClock(MONDAY)) as store:
        assert await store.write(statements, 2) == await store.write(statements, 9)


def statements(tx: Tx, nurses: int) -> int:
    """How many statements a turn takes that offers to so many."""
    first = tx.scalar(select(ENTRY.c.id).order_by(ENTRY.c.id.desc()).limit(1)) or 0
    for n in range(first + 1, first + nurses + 1):
        at_work(tx, f"nurse{n}", capacity=1)
        queue_up(tx, n)
    said: list[str] = []
    connection = tx.session.connection()

    def hear(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)

    event.listen(connection, "before_cursor_execute", hear)
    assert len(dispatch(tx, COUNTY)) == nurses
    event.remove(connection, "before_cursor_execute", hear)
    return len(said)


async def test_offer_ends_by_its_channel_and_tells_of_the_language(database_url: str) -> None:
    async with a_store(database_url, FixedClock(MONDAY)) as store:

        def offers(tx: Tx) -> dict[str, Any]:
            for n, channel in enumerate(("chat", "call", "callback"), start=1):
                agents.set_queues(tx, at_work(tx, f"nurse{n}", languages="fi"), ["nurse"])
                queue_up(tx, n, channel=channel, language="sv" if channel == "chat" else "fi")
            return {one.channel: one for one in dispatch(tx, COUNTY)}

        made = await store.write(offers)

    limits = COUNTY.limits
    ends = {channel: view.expires_at - MONDAY for channel, view in made.items()}
    assert ends["call"] == timedelta(seconds=limits.offer_call_s)
    assert ends["chat"] == ends["callback"] == timedelta(seconds=limits.offer_chat_s)
    assert made["chat"].language_relaxed_at == MONDAY
    assert made["callback"].language_relaxed_at is None
