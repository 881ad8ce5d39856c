"""One process of the service in trouble: a second one beside it, a dead writer, a full disk."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.checker import judge, read_kept
from tests.faults.oplog import OpLog, acknowledged, read_acts
from tests.faults.people import Pacer, Resident, World
from tests.faults.seed import seed
from tests.faults.server import ROOT, Server, an_open_county, serving, slowness
from tests.faults.small_disk import small_disk
from tests.faults.telling import report

pytestmark = pytest.mark.faults


def test_second_process_on_the_same_file_is_refused_at_once(tmp_path: Path) -> None:
    county, url = an_open_county(tmp_path), f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    second = Server(tmp_path, county, url, name="second")
    with serving(Server(tmp_path, county, url)) as first:
        began = time.monotonic()
        second.start()
        code, took = second.wait_end(10), time.monotonic() - began
        second.kill()
        assert first.readiness()[0] == 200

    report("F32, I33", "embedded", f"refused with {code} after {took:.2f} s")
    assert code == 1
    assert took <= 1.0 * slowness()


def test_death_of_the_writer_ends_the_process(tmp_path: Path) -> None:
    die_when = tmp_path / "die"
    program = (sys.executable, str(ROOT / "tests" / "mutants" / "dead_writer.py"))
    url = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    server = Server(tmp_path, an_open_county(tmp_path), url, program=program)
    with serving(server, DIE_WHEN=str(die_when)):
        die_when.touch()
        began = time.monotonic()
        code, took = server.wait_end(10), time.monotonic() - began

    report("F22", "embedded", f"dead writer: the process ended with {code} after {took:.2f} s")
    assert code == 1
    assert took <= 2.0 + slowness()


async def test_full_disk_refuses_and_forgets_nothing(tmp_path: Path) -> None:
    county = an_open_county(tmp_path)
    with small_disk(tmp_path / "disk") as disk:
        url = f"sqlite:///{tmp_path / 'disk' / 'ensilinja.sqlite3'}"
        people = await seed(url, county, nurses=1, residents=1)
        server = Server(tmp_path, county, url)
        with serving(server), OpLog(tmp_path / "acts.jsonl") as log:
            world = World(address=server.socket, origin=server.origin, log=log, pacer=Pacer(50))
            resident = Resident(world, people.residents[0].number, people.residents[0].token)
            keeping = asyncio.create_task(resident.line.run())
            for _ in range(20):
                await resident.say(resident.contact)
            disk.fill(server.pid)
            writing = [asyncio.create_task(resident.say(resident.contact)) for _ in range(5)]
            unready = await until(lambda: server.readiness()[0] == 503, 6)
            refused = [task for task in writing if not task.done()]
            assert refused and server.is_running()
            disk.free(server.pid)
            freed = time.monotonic()
            async with asyncio.timeout(10):
                await asyncio.gather(*writing)
            first = time.monotonic() - freed
            ready = await until(lambda: server.readiness()[0] == 200, 6)
            keeping.cancel()
        state = await read_kept(url)
    acts = read_acts([tmp_path / "acts.jsonl"])
    refusals = sum(act.phase == "info" and act.code == "unavailable" for act in acts)

    report(
        "F12",
        "embedded",
        f"{type(disk).__name__}: {refusals} refused, not ready after {unready:.1f} s, "
        f"written {first:.2f} s and ready {ready:.1f} s after space came, "
        f"{len(judge(state, acts).all)} violations",
    )
    assert refusals > 0
    assert len(acknowledged(acts, "send")) == 25
    assert judge(state, acts).all == []


async def until(is_so: Callable[[], bool], seconds: float) -> float:
    """Seconds until it was so; TimeoutError when it did not come."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(is_so):
            await asyncio.sleep(0.05)
    return time.monotonic() - began
