"""A disk whose writes and syncs fail now and then: the operation is refused, what was acknowledged stays."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import needed
from tests.faults.checker import Judgement, judge, read_kept
from tests.faults.oplog import Act, OpLog, acknowledged, read_acts
from tests.faults.people import Pacer, Resident, World
from tests.faults.seed import seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants, tell
from tools.machine import Machine

pytestmark = pytest.mark.faults

MESSAGES = sized(200, 400, 2000)
WRITERS = 8
# A commit is one sync and many writes, and may be one of 25: that none of them fails is a chance of 1 in 250.
FAULTS = {"syncs": ("posix/io/sync/fdatasync", 0.2), "writes": ("posix/io/rw/pwrite", 0.03)}
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "commit_assumed.py"))


@pytest.mark.parametrize("fault", FAULTS)
async def test_disk_that_fails_now_and_then_loses_nothing(
    fault: str, machine: Machine, tmp_path: Path
) -> None:
    name, chance = FAULTS[fault]
    judgement, acts = await on_a_failing_disk(machine, tmp_path, name, chance, MESSAGES)

    refused = sum(act.act == "send" and act.code == "unavailable" for act in acts)
    whole = integrity(tmp_path / "ensilinja.sqlite3")
    report(
        "F13",
        "embedded",
        f"{chance:.0%} of {fault} fail: {len(acknowledged(acts, 'send'))} acknowledged, {refused} refused, "
        f"{judgement.count('i1')} lost, {judgement.count('i2')} doubled, integrity {whole}",
    )
    report_invariants("T5 disk", judgement)
    assert judgement.all == []
    assert len(acknowledged(acts, "send")) == MESSAGES
    assert refused > 0
    assert whole == "ok"


async def test_store_that_takes_a_commit_for_granted_is_caught(machine: Machine, tmp_path: Path) -> None:
    judgement, _ = await on_a_failing_disk(machine, tmp_path, *FAULTS["syncs"], 80, program=MUTANT)

    tell(f"mutant commit_assumed: caught with {judgement.count('i1')} acknowledged messages lost")
    assert judgement.count("i1") > 0


async def on_a_failing_disk(
    machine: Machine,
    folder: Path,
    fault: str,
    chance: float,
    messages: int,
    *,
    program: Sequence[str] = OURS,
) -> tuple[Judgement, list[Act]]:
    """Has so many messages acknowledged while the disk fails; the judgement, and what people were told."""
    county, url = an_open_county(folder), f"sqlite:///{folder / 'ensilinja.sqlite3'}"
    people = await seed(url, county, nurses=1, residents=WRITERS)
    fifo = folder / "fiu"
    fiu = needed(machine, "fiu")
    server = Server(folder, county, url, program=[str(fiu), "-x", "-f", str(fifo), *program])
    with serving(server), OpLog(folder / "acts.jsonl") as log:
        world = World(address=server.socket, origin=server.origin, log=log, pacer=Pacer(1000))
        residents = [Resident(world, one.number, one.token) for one in people.residents]
        lines = [asyncio.create_task(resident.line.run()) for resident in residents]
        prefix = f"{fifo}-{server.pid}"
        await asyncio.to_thread(control, fiu, prefix, f"enable_random name={fault},probability={chance}")
        async with asyncio.timeout(240):
            await asyncio.gather(*(say(resident, messages // WRITERS) for resident in residents))
        await asyncio.to_thread(control, fiu, prefix, f"disable name={fault}")
        for line in lines:
            line.cancel()
        assert server.is_running(), server.told()
    acts = read_acts([folder / "acts.jsonl"])
    return judge(await read_kept(url), acts), acts


async def say(resident: Resident, times: int) -> None:
    for _ in range(times):
        await resident.say(resident.contact)


def control(fiu: Path, prefix: str, command: str) -> None:
    """Tells the running program's faults what to do."""
    subprocess.run([str(fiu.with_name("fiu-ctrl")), "-c", command, prefix], check=True, timeout=30)


def integrity(path: Path) -> str:
    database = sqlite3.connect(path)
    try:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        database.close()
