"""A demo with simulated people, in fast motion: contacts come, are served and closed, and figures move."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import structlog
from sqlalchemy import func, select

from callbacks.telephony.simulated import SimulatedTelephony
from core.events import read_events
from core.models import Staff
from core.store import Tx
from ensilinja import accounts, app, demo, people
from ensilinja.pages.journey import Journey
from ensilinja.people import nurses, residents
from ensilinja.people.world import World
from ensilinja.reporting import board
from ensilinja.runtime import Runtime
from queues import agents
from queues import service as queues
from queues.models import ENTRY
from tests.builders import create_tables
from tests.demos import a_demo

PEOPLE, PACE, SEED = 8, 0.04, 11
WANTED = {"contact.received", "entry.offered", "entry.held", "chat.message", "chat.replied", "promise.made"}
PATIENCE = 180.0  # seconds: it takes about ten on a free machine


def told(tx: Tx) -> Counter[str]:
    """How often each event happened."""
    found: list[str] = []
    after = 0
    while events := read_events(tx, after=after):
        found += [event.type for event in events]
        after = events[-1].id
    return Counter(found)


def strangers_work(tx: Tx) -> int:
    """What the demo's visible accounts have in hand."""
    visible = select(Staff.id).where(Staff.username.in_([person.username for person in demo.PEOPLE]))
    return int(tx.scalar(select(func.count()).where(ENTRY.c.agent_id.in_(visible))) or 0)


async def until(runtime: Runtime, closed: int) -> Counter[str]:
    """The events once so many contacts have been closed by simulated nurses."""
    async with asyncio.timeout(PATIENCE):
        while True:
            counted = await runtime.store.read(told)
            if counted["outcome.recorded"] >= closed and counted.keys() >= WANTED:
                return counted
            await asyncio.sleep(0.5)


async def test_demo_lives(tmp_path: Path) -> None:
    runtime = a_demo(tmp_path, port=0)
    ready, stop = asyncio.Event(), asyncio.Event()
    with structlog.testing.capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            group.create_task(app.serve(runtime, ready=ready, stop=stop))
            await ready.wait()
            crowd = group.create_task(people.run(runtime, PEOPLE, pace=PACE, seed=SEED))
            counted = await until(runtime, closed=4)
            shown = await runtime.store.read(board.snapshot, runtime.services.catalogue)
            others = await runtime.store.read(strangers_work)
            on_shift = await runtime.store.read(agents.on_shift)
            crowd.cancel()
            await asyncio.wait([crowd])
            stop.set()

    faults = [line for line in logs if line["log_level"] in ("error", "critical")]
    assert faults == []
    assert counted["entry.held"] >= counted["outcome.recorded"] >= 4
    assert shown.wire()["tiles"]["reply_delay"]["n"] > 0
    assert others == 0
    assert len(on_shift) == 2
    assert isinstance(runtime.telephony, SimulatedTelephony)


async def test_offers_are_left_to_a_human_who_is_ready(tmp_path: Path) -> None:
    runtime = a_demo(tmp_path, port=0)
    await create_tables(runtime.settings.database_url)
    writer = asyncio.create_task(runtime.store.run())
    await runtime.store.write(demo.seed, runtime.services.catalogue)
    assert isinstance(runtime.telephony, SimulatedTelephony)
    world = World(runtime=runtime, telephony=runtime.telephony, rng=Random(SEED))
    told_all = Journey(gate=(), own_words="x", topic="sore_throat")
    me = await runtime.store.write(residents.join_line, told_all, runtime.services)
    entry = await runtime.store.read(queues.entry_of, me.id)

    alone = await nurses.leaves(world, entry)
    maija = await runtime.store.write(accounts.find, "maija")
    await runtime.store.write(
        agents.start_shift, maija, capacity=3, languages=frozenset({"fi"}), device="browser"
    )
    of_a_browser = [await nurses.leaves(world, entry) for _ in range(10)]
    world.contacts.add(me.id)
    of_a_simulated = [await nurses.leaves(world, entry) for _ in range(40)]
    await runtime.store.stop()
    await writer

    assert not alone
    assert all(of_a_browser)
    assert 10 < sum(of_a_simulated) < 30


@pytest.mark.parametrize("is_demo", [True, False])
async def test_people_come_only_to_a_demo(tmp_path: Path, is_demo: bool) -> None:
    runtime = a_demo(tmp_path, port=0)
    runtime.is_demo = is_demo
    ready, stop = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(app.serve(runtime, ready=ready, stop=stop, people=1))
        await ready.wait()
        for _ in range(40):
            came = bool(await runtime.store.read(agents.on_shift))
            if came or not is_demo:
                break
            await asyncio.sleep(0.25)
        stop.set()

    assert came is is_demo
