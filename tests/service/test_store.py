"""The store's writer, on both stores: a long line of operations is cut into commits, and none is lost."""

import asyncio
import time
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, select

import core.store
from core.clock import FixedClock
from core.errors import Conflict
from core.jobs import schedule
from core.models import Job
from core.store import SPENT, Operation, Tx, Waiting, run_batch
from core.vault import Vault
from tests.builders import MONDAY, TEST_KEY, a_store

MANY = 120


def work(tx: Tx, done: list[str], name: str) -> str:
    """Takes a third of what a commit may spend."""
    time.sleep(SPENT / 3)
    done.append(name)
    return name


def fail(tx: Tx) -> None:
    raise Conflict(reason="asked_for")


def keep(tx: Tx, n: int) -> None:
    time.sleep(SPENT / 3)
    schedule(tx, key=f"job:{n}", kind="sms", args={})


def kept_keys(tx: Tx) -> list[str]:
    return [job.key for job in tx.all(select(Job).order_by(Job.id))]  # type: ignore[arg-type]


async def test_the_lines_turn_waits_for_one_commit_however_many_wait(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.store, "TIMES_COMMIT", 0)  # a slow disk is not what is judged here
    done: list[str] = []
    async with a_store(database_url) as store:
        await store.write(work, [], "warm")
        waiting = [asyncio.create_task(store.write(work, done, str(n))) for n in range(MANY)]
        while not done:
            await asyncio.sleep(0.001)
        before = len(done)

        answer = await store.write_next(work, done, "turn")

        # What was running ends its commit of about three, and a few may slip in before it is asked.
        assert answer == "turn" and done.index("turn") - before <= 12
        assert await asyncio.gather(*waiting) == [str(n) for n in range(MANY)]
        assert [name for name in done if name != "turn"] == [str(n) for n in range(MANY)]


@pytest.mark.parametrize(("commit_s", "least", "most"), [(0.0, 1, 4), (60.0, MANY, MANY)])
async def test_a_commit_ends_by_the_time_it_has_taken(commit_s: float, least: int, most: int) -> None:
    """So much that its first is answered long before its last is done; on a slow disk it takes more along."""
    with create_engine("sqlite://").connect() as connection, connection.begin():
        asked = [operation(work, [], str(n)) for n in range(MANY)]
        outcomes = run_batch(connection, asked, FixedClock(MONDAY), Vault(TEST_KEY), commit_s)

    assert least <= len(outcomes) <= most
    assert [outcome.value for outcome in outcomes] == [str(n) for n in range(len(outcomes))]


async def test_behind_what_goes_ahead_the_others_have_a_little_time_of_their_own() -> None:
    """Else, where a turn of the line takes as long as a commit may, nobody else would have anything done."""
    with create_engine("sqlite://").connect() as connection, connection.begin():
        turns = [operation(work, [], f"turn {n}", is_next=True) for n in range(6)]
        others = [operation(work, [], str(n)) for n in range(MANY)]
        outcomes = run_batch(connection, [*turns, *others], FixedClock(MONDAY), Vault(TEST_KEY))

    assert len(outcomes) == len(turns) + 1  # of the short time that is left for others, one takes all


async def test_what_goes_ahead_and_the_others_take_turns() -> None:
    """Else, where a turn of the line follows the other, nobody else would have anything done."""
    waiting, done = Waiting(apart=True), []
    for name in "abcd":
        waiting.add(operation(print, name))
    for turn in ("first turn", "second turn", "third turn"):
        waiting.add(operation(print, turn, is_next=True))
        done.append([each.args[0] for each in waiting.batch(2)])
        waiting.done(len(done[-1]))

    assert done == [["first turn"], ["a", "b"], ["second turn", "third turn"]]
    assert [each.args[0] for each in waiting.batch(2)] == ["c", "d"]


async def test_what_goes_ahead_does_not_wait_for_others_that_are_not_there() -> None:
    waiting = Waiting(apart=True)
    for turn in ("first turn", "second turn"):
        waiting.add(operation(print, turn, is_next=True))
        assert [each.args[0] for each in waiting.batch(64)] == [turn]
        waiting.done(1)

    assert not waiting.batch(64)


async def test_one_that_fails_takes_nobody_with_it(database_url: str) -> None:
    async with a_store(database_url) as store:
        asked = [store.write(fail) if n % 5 == 0 else store.write(keep, n) for n in range(20)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        kept = await store.read(kept_keys)

    assert [isinstance(answer, Conflict) for answer in answers] == [n % 5 == 0 for n in range(20)]
    assert kept == [f"job:{n}" for n in range(20) if n % 5]


async def test_what_was_accepted_is_done_before_the_end(database_url: str) -> None:
    done: list[str] = []
    async with a_store(database_url) as store:
        waiting = [asyncio.create_task(store.write(work, done, str(n))) for n in range(MANY)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert len(done) == MANY


def operation(fn: Callable[..., object], *given: object, is_next: bool = False) -> Operation:
    return Operation(fn, given, {}, asyncio.get_running_loop().create_future(), is_next)


@pytest.mark.parametrize("most", [1, 2, 64])
async def test_what_was_not_tried_keeps_its_place(most: int) -> None:
    waiting = Waiting(apart=False)
    for name in "abc":
        waiting.add(operation(print, name))
    waiting.add(operation(print, "turn", is_next=True))

    assert [each.args[0] for each in waiting.batch(most)] == ["turn", "a", "b", "c"][:most]
    waiting.done(2)

    assert [each.args[0] for each in waiting.batch(64)] == ["b", "c"] and len(waiting) == 2
