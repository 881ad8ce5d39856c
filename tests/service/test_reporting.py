from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from core.db import metadata
from core.models import Event
from core.store import Recorded, Tx
from core.vault import Vault
from ensilinja.reporting import keeper
from ensilinja.reporting.facts import fold
from ensilinja.reporting.models import FactRow
from tests import histories as told
from tests.builders import MONDAY, TEST_KEY, a_store

HISTORIES = (
    told.chat(),
    told.chat(reply=12, queue="physio", resolved=False),
    told.callback(),
    told.gone_chat(),
    [*told.callback(reached=300, due=240), told.outcome(400, "duplicate", counts=False)],
    [told.received("call"), told.queued("call"), told.held(1), told.outcome(9), told.done(9)],
)


def all_histories() -> list[Recorded]:
    """Six contacts, one after another."""
    return [event for n, steps in enumerate(HISTORIES, start=1) for event in told.events(steps, contact=n)]


def stored(tx: Tx, count: int = len(HISTORIES)) -> dict[int, object]:
    return dict(keeper.read_facts(tx, range(1, count + 1)))


def all_caught_up(tx: Tx, limit: int = 200) -> int:
    """Turns of catching up until nothing was left."""
    turns = 0
    while keeper.catch_up(tx, limit):
        turns += 1
    return turns


async def test_facts_are_the_fold_of_their_events(database_url: str) -> None:
    async with a_store(database_url) as store:
        await store.write(told.write, all_histories())
        await store.write(all_caught_up)
        facts = await store.read(stored)

        assert facts == {n: fold(told.events(steps, contact=n)) for n, steps in enumerate(HISTORIES, start=1)}
        assert await store.read(keeper.recount) == 0
        assert await store.read(keeper.lag) == 0


async def test_any_chunk_gives_the_same_facts(database_url: str) -> None:
    async with a_store(database_url) as store:
        await store.write(told.write, all_histories())
        while await store.write(keeper.catch_up, 7):
            assert await store.read(keeper.recount) == 0

        assert len(await store.read(stored)) == len(HISTORIES)


async def test_catching_up_again_changes_nothing(database_url: str) -> None:
    async with a_store(database_url) as store:
        await store.write(told.write, all_histories())
        await store.write(all_caught_up)
        facts = await store.read(stored)

        assert await store.write(keeper.catch_up) == 0
        assert await store.read(stored) == facts


async def test_restart_goes_on_from_the_cursor_and_moves_no_fact(database_url: str) -> None:
    history = all_histories()
    async with a_store(database_url) as store:
        await store.write(told.write, history[:20])
        await store.write(all_caught_up)
        await store.write(told.write, history[20:])
        before = await store.read(stored)

    async with a_store(database_url) as store:
        assert await store.read(stored) == before
        assert await store.write(keeper.catch_up) == len(history) - 20
        assert await store.read(keeper.recount) == 0


async def test_staff_events_are_passed_over(database_url: str) -> None:
    shift = Recorded(
        id=0, contact=None, staff=7, n=1, type="shift.started", at=MONDAY, actor="staff:7", data={}
    )
    async with a_store(database_url) as store:
        await store.write(told.write, [shift])

        assert await store.write(keeper.catch_up) == 1
        assert await store.read(keeper.recount) == 0
        assert await store.read(stored) == {}


async def test_recount_finds_and_repairs_a_row_that_is_not_the_events(database_url: str) -> None:
    def spoil(tx: Tx) -> None:
        tx.execute(keeper.FACTS.update().where(keeper.FACTS.c.contact_id == 1).values(outcome="other"))
        tx.execute(keeper.FACTS.delete().where(keeper.FACTS.c.contact_id == 2))
        tx.add(FactRow(**keeper.to_row(fold(told.events(told.chat(), contact=99)), 1)))

    async with a_store(database_url) as store:
        await store.write(told.write, all_histories())
        await store.write(all_caught_up)
        await store.write(spoil)

        assert await store.read(keeper.recount) == 3
        assert await store.write(keeper.recount, repair=True) == 3
        assert await store.read(keeper.recount) == 0


async def test_facts_between_two_instants_are_those_that_arrived_then(database_url: str) -> None:
    later = told.events(told.chat(), contact=9, start=MONDAY + timedelta(days=1))
    async with a_store(database_url) as store:
        await store.write(told.write, [*all_histories(), *later])
        await store.write(all_caught_up)
        facts = await store.read(keeper.facts_between, MONDAY, MONDAY + timedelta(days=1))

        assert [fact.contact_id for fact in facts] == [1, 2, 3, 4, 5, 6]


@settings(max_examples=30)
@given(data=st.data())
def test_any_interleaving_caught_up_in_any_chunks_is_the_recount(data: st.DataObject) -> None:
    waiting = [list(told.events(steps, contact=n)) for n, steps in enumerate(HISTORIES, start=1)]
    engine = create_engine("sqlite://")
    metadata.create_all(engine, tables=[keeper.EVENTS, keeper.FACTS, keeper.CURSORS])
    with engine.connect() as connection, Session(connection) as session:
        tx = Tx(session=session, now=MONDAY, vault=Vault(TEST_KEY))
        while any(waiting):
            open_ones = [history for history in waiting if history]
            chosen = data.draw(st.sampled_from(open_ones))
            count = data.draw(st.integers(1, 4))
            told.write(tx, chosen[:count])
            del chosen[:count]
            if data.draw(st.booleans()):
                keeper.catch_up(tx, data.draw(st.integers(1, 9)))
                assert keeper.recount(tx) == 0
        all_caught_up(tx, data.draw(st.integers(1, 50)))
        events = tx.all(select(Event))

        assert keeper.recount(tx) == 0
        assert len(events) == sum(len(steps) for steps in HISTORIES)
        assert stored(tx) == {n: fold(told.events(s, contact=n)) for n, s in enumerate(HISTORIES, start=1)}
    engine.dispose()
