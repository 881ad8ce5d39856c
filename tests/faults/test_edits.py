"""A supervisor's edits while contacts come and go: who serves what, who pauses, how many chats one takes."""

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import SystemClock
from core.errors import EnsilinjaError
from core.opening import open_store
from core.store import Store, Tx
from core.vault import Vault
from queues import agents
from queues.models import ENTRY
from tests.builders import TEST_KEY
from tests.faults.checker import Judgement, judge, read_kept
from tests.faults.checks.state import LATE
from tests.faults.loading import begun, end_load, start_load
from tests.faults.oplog import Act, acknowledged, read_acts
from tests.faults.seed import QUEUE, Person, seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving, slowness
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants

pytestmark = pytest.mark.faults

EDITS = sized(30, 60, 200)
RATE = float(sized(8, 20, 50))  # messages a second
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "remembered_queues.py"))
OTHER = "physio"  # a queue where nobody waits


async def test_edits_under_load_never_misdirect_an_offer_and_leave_nobody_stuck(
    pg_url: Callable[[], str], tmp_path: Path
) -> None:
    seen = await edit_under_load(pg_url(), tmp_path, EDITS, OURS)

    report("F33", "scaled", seen.line)
    report_invariants("F33", seen.judgement)
    assert seen.made == EDITS
    judgement = seen.judgement
    assert judgement.all == [] and seen.stuck == 0
    assert seen.end["faults"] == [] and seen.end["unanswered"] == 0


async def test_edit_test_catches_one_who_remembers_the_queues(
    pg_url: Callable[[], str], tmp_path: Path
) -> None:
    seen = await edit_under_load(pg_url(), tmp_path, 100, MUTANT)

    found = seen.judgement.count("i16")
    report("F33", "mutant remembered_queues", f"{found} offers to one whom it does not fit")
    assert found > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How many edits were made, what was done meanwhile, what is wrong, whose offers nobody takes back."""

    made: int
    acts: Sequence[Act]
    judgement: Judgement
    stuck: int
    end: dict[str, Any]

    @property
    def line(self) -> str:
        return (
            f"{self.made} edits under {len(acknowledged(self.acts, 'send'))} messages and "
            f"{len(acknowledged(self.acts, 'hold'))} contacts taken: {self.judgement.count('i16')} offers to "
            f"one it does not fit, {self.stuck} stuck, {len(self.judgement.all)} violations"
        )


async def edit_under_load(url: str, tmp_path: Path, edits: int, program: Sequence[str]) -> Seen:
    """So many edits while people come, are taken, say a word and go: offers all the time."""
    county = an_open_county(tmp_path)
    people = await seed(url, county, nurses=4, residents=30 + edits // 2)
    server = Server(tmp_path, county, url, program=program)
    with serving(server):
        load = start_load(tmp_path, server, people, rate=RATE, arrive_every=1.0, replies=1)
        try:
            await begun(tmp_path / "acts.jsonl")
            made = await edited(url, people.nurses, edits)
            slow = await asyncio.to_thread(slowness)
            end = await asyncio.to_thread(end_load, load)
        finally:
            load.kill()
            load.wait()
        stuck = await overdue_offers(url)
    acts = read_acts([tmp_path / "acts.jsonl"])
    judgement = judge(await read_kept(url, late=LATE * slow), acts)
    return Seen(made=made, acts=acts, judgement=judgement, stuck=stuck, end=end)


async def edited(url: str, nurses: Sequence[Person], edits: int) -> int:
    """So many edits, one after another; at the end everybody serves what there is to serve."""
    store = open_store(url, SystemClock(), Vault(TEST_KEY))
    writer = asyncio.create_task(store.run())
    chance, made = random.Random(33), 0
    try:
        while made < edits:
            await insist(store, edit, chance.choice(nurses).number, chance.randrange(5))
            made += 1
            await asyncio.sleep(0.2)
        for nurse in nurses:
            await insist(store, edit, nurse.number, 0)
            await insist(store, edit, nurse.number, 1)
        return made
    finally:
        await store.stop()
        await writer


async def insist(store: Store, act: Callable[[Tx, int, int], None], staff: int, kind: int) -> None:
    """Asks again for as long as the store is busy."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await store.write(act, staff, kind)
            except EnsilinjaError:
                await asyncio.sleep(0.1)


def edit(tx: Tx, staff: int, kind: int) -> None:
    """One of the things that are edited today."""
    if kind == 0:
        agents.set_queues(tx, staff, [QUEUE, OTHER], "staff:0")
    elif kind == 1:
        agents.set_state(tx, staff, "ready", "")
    elif kind == 2:
        agents.set_queues(tx, staff, [OTHER], "staff:0")
    elif kind == 3:
        agents.set_state(tx, staff, "paused", "meeting")
    else:
        agents.set_queues(tx, staff, [QUEUE], "staff:0")


async def overdue_offers(url: str) -> int:
    """Offers that nobody answered and nobody took back, after the time for that."""
    store = open_store(url, SystemClock(), Vault(TEST_KEY))
    await asyncio.sleep(3)
    try:
        return await store.read(count_overdue)
    finally:
        await store.stop()


def count_overdue(tx: Tx) -> int:
    expires = tx.all(select(ENTRY.c.expires_at).where(ENTRY.c.state == "offered"))
    return sum((tx.now - at).total_seconds() > 2 for at in expires)
