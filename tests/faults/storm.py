"""One process of the storm: agents who take, hold and finish as fast as the store lets them.

`python tests/faults/storm.py <database> <log> <agent> [<agent> ...]` works until every entry is done, then
prints how many holds it got and the time each took.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from sqlalchemy import func, select  # noqa: E402

from core.clock import SystemClock  # noqa: E402
from core.errors import EnsilinjaError, Unavailable  # noqa: E402
from core.opening import open_store  # noqa: E402
from core.store import Store, Tx  # noqa: E402
from core.vault import Vault  # noqa: E402
from queues import agents, service  # noqa: E402
from queues.dispatch import dispatch, sweep  # noqa: E402
from queues.models import ENTRY  # noqa: E402
from queues.views import EntryView  # noqa: E402
from tests.builders import TEST_KEY  # noqa: E402
from tests.faults.oplog import OpLog, percentile  # noqa: E402
from tests.lines import small_county  # noqa: E402

COUNTY = small_county()
BY_HAND = 0.25  # share of turns in which an agent goes for the head of the line that everybody sees
TIME_IS_UP = 360.0  # seconds


async def take_by_hand(store: Store, agent: int, seen: EntryView) -> EntryView:
    """Takes what the agent saw in the list a moment ago; the mutants put a wrong one here."""
    return await store.write(service.take, seen.id, agent, reason="by_hand")


class Agent:
    """One professional of the storm."""

    def __init__(self, store: Store, log: OpLog, number: int, took: list[float]) -> None:
        self.store, self.log, self.number, self.took = store, log, number, took
        self.who = f"staff:{number}"
        self.chance = random.Random(number)

    async def work(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with contextlib.suppress(Unavailable):
                if not await self.turn():
                    await asyncio.sleep(0.005)

    async def turn(self) -> bool:
        hers = await self.store.read(service.own, self.number)
        await asyncio.gather(*(self.serve(entry) for entry in hers))
        if self.chance.random() < BY_HAND:
            seen = await self.store.read(service.waiting, ["nurse"], 3)
            if seen:
                await self.hold(self.chance.choice(seen), "hand")
        return bool(hers)

    async def serve(self, entry: EntryView) -> None:
        held = await self.hold(entry, "offer") if entry.state == "offered" else entry
        if held is not None:
            await self.finish(held)

    async def hold(self, entry: EntryView, how: str) -> EntryView | None:
        began = time.monotonic()
        try:
            if how == "offer":
                held = await self.store.write(service.hold, entry.id, self.number, entry.assignment)
            else:
                held = await take_by_hand(self.store, self.number, entry)
        except EnsilinjaError:
            return None
        self.took.append(time.monotonic() - began)
        self.log.note(self.who, "hold", "ok", contact=held.contact, assignment=held.assignment)
        return held

    async def finish(self, entry: EntryView) -> None:
        with contextlib.suppress(EnsilinjaError):
            await self.store.write(service.finish, entry.id, self.number, entry.assignment)
        self.log.note(self.who, "let-go", "ok", contact=entry.contact)


async def deal(store: Store, over: asyncio.Event) -> None:
    """The dispatcher: after every commit, and once a second the deadlines."""
    news = asyncio.Event()
    store.listen(lambda events: news.set())
    swept = 0.0
    while not over.is_set():
        news.clear()
        with contextlib.suppress(EnsilinjaError):
            if time.monotonic() - swept > 1:
                await store.write(sweep, COUNTY)
                swept = time.monotonic()
            await store.write(dispatch, COUNTY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await news.wait()


async def beat(store: Store, numbers: list[int], over: asyncio.Event) -> None:
    while not over.is_set():
        for number in numbers:
            with contextlib.suppress(EnsilinjaError):
                await store.write(agents.beat, number)
        await asyncio.sleep(3)


def open_entries(tx: Tx) -> int:
    return int(tx.scalar(select(func.count()).select_from(ENTRY).where(ENTRY.c.ended_at.is_(None))) or 0)


async def watch(store: Store, over: asyncio.Event) -> None:
    """Says when it is over: nothing is open any more, or the time is up."""
    give_up_at = time.monotonic() + TIME_IS_UP
    while time.monotonic() < give_up_at:
        with contextlib.suppress(EnsilinjaError):
            if await store.read(open_entries) == 0:
                break
        await asyncio.sleep(0.2)
    over.set()


async def run(database: str, log_path: Path, numbers: list[int]) -> dict[str, object]:
    store = open_store(database, SystemClock(), Vault(TEST_KEY))
    took: list[float] = []
    over = asyncio.Event()
    with OpLog(log_path) as log:
        writer = asyncio.create_task(store.run())
        async with asyncio.TaskGroup() as group:
            group.create_task(watch(store, over))
            group.create_task(deal(store, over))
            group.create_task(beat(store, numbers, over))
            for number in numbers:
                group.create_task(Agent(store, log, number, took).work(over))
        await store.stop()
        await writer
    return {"holds": len(took), "p50": percentile(took, 0.5), "p99": percentile(took, 0.99)}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("log", type=Path)
    parser.add_argument("agents", type=int, nargs="+")
    given = parser.parse_args(arguments)
    print(json.dumps(asyncio.run(run(given.database, given.log, given.agents))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
