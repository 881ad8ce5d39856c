"""Acknowledged means synced: by the order of system calls, since a power cut cannot be had in a test."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import needed
from tests.faults import tracing
from tests.faults.oplog import OpLog, acknowledged, read_acts
from tests.faults.people import Pacer, Resident, World
from tests.faults.seed import seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving
from tests.faults.sizes import sized
from tests.faults.telling import report, tell
from tools.machine import Machine
from tools.servers import PgServer

pytestmark = pytest.mark.faults

ACKS = sized(100, 200, 1000)
WRITERS = 5  # at once, so that commits hold more than one message
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "unsynced.py"))
WAL, PG_WAL = ".sqlite3-wal", "/pg_wal/"


async def test_embedded_store_syncs_before_it_answers(machine: Machine, tmp_path: Path) -> None:
    early, left = await traced(machine, tmp_path, f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}", WAL, ACKS)

    report("F14", "embedded", f"{left} acknowledgements: {len(early)} before their sync")
    assert left == ACKS
    assert early == []


async def test_scaled_store_syncs_before_it_answers(
    machine: Machine, durable_pg_server: PgServer, tmp_path: Path
) -> None:
    url, pids = durable_pg_server.create(), durable_pg_server.pids
    early, left = await traced(machine, tmp_path, url, PG_WAL, ACKS, beside=pids)

    report("F14", "scaled", f"{left} acknowledgements: {len(early)} before their sync")
    assert left == ACKS
    assert early == []


@pytest.mark.parametrize("how", ["NORMAL", "OFF"])
async def test_trace_shows_an_embedded_store_that_does_not_sync(
    machine: Machine, how: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    early, left = await traced(machine, tmp_path, url, WAL, 20, program=MUTANT, UNSYNCED=how)

    tell(f"mutant unsynced ({how}): caught with {len(early)} of {left} acknowledgements before their sync")
    assert early


async def test_trace_shows_a_scaled_store_that_does_not_sync(
    machine: Machine, durable_pg_server: PgServer, tmp_path: Path
) -> None:
    url, pids = durable_pg_server.create(), durable_pg_server.pids
    early, left = await traced(machine, tmp_path, url, PG_WAL, 20, beside=pids, program=MUTANT)

    tell(
        f"mutant unsynced (PostgreSQL): caught with {len(early)} of {left} acknowledgements before their sync"
    )
    assert early


async def traced(
    machine: Machine,
    folder: Path,
    url: str,
    log: str,
    acks: int,
    *,
    beside: Sequence[int] = (),
    program: Sequence[str] = OURS,
    **env: str,
) -> tuple[list[str], int]:
    """Has so many messages acknowledged by a traced server; what left too early, and how much left."""
    county = an_open_county(folder)
    people = await seed(url, county, nurses=1, residents=WRITERS)
    trace = folder / "trace"
    before = tracing.command(needed(machine, "strace"), trace, beside=beside)
    server = Server(folder, county, url, program=[*before, *program])
    with serving(server, **env), OpLog(folder / "acts.jsonl") as acts:
        world = World(address=server.socket, origin=server.origin, log=acts, pacer=Pacer(1000))
        residents = [Resident(world, one.number, one.token) for one in people.residents]
        lines = [asyncio.create_task(resident.line.run()) for resident in residents]
        async with asyncio.timeout(120):
            await asyncio.gather(*(say(resident, acks // WRITERS) for resident in residents))
        for line in lines:
            line.cancel()
        server.stop(within=20)  # strace writes the last of its trace at its end
    keys = [act.key for act in acknowledged(read_acts([folder / "acts.jsonl"]), "send")]
    return tracing.unsynced(tracing.read_calls(trace), keys, log)


async def say(resident: Resident, times: int) -> None:
    for _ in range(times):
        await resident.say(resident.contact)
