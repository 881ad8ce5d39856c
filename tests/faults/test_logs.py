"""A log that nobody reads, or whose disk is full: the service goes on, and counts what it could not write."""

import asyncio
import contextlib
import fcntl
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from core.logs import WAITING
from tests.faults.oplog import OpLog, percentile
from tests.faults.people import Pacer, Resident, World
from tests.faults.seed import seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving, slowness
from tests.faults.sizes import sized
from tests.faults.telling import report, tell

pytestmark = pytest.mark.faults

MESSAGES = sized(40, 100, 1000)
F_SETPIPE_SZ, SMALL_PIPE = 1031, 4096  # bytes: a few lines and the pipe is full
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "waits_for_its_log.py"))
ACK_P99 = 1.0  # seconds, of one message after another


@contextlib.contextmanager
def unread_pipe() -> Iterator[int]:
    """The end to write to of a small pipe that nobody reads."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, F_SETPIPE_SZ, SMALL_PIPE)
    try:
        yield writing
    finally:
        os.close(reading)
        os.close(writing)


@contextlib.contextmanager
def full_disk() -> Iterator[int]:
    """A file on a disk without room."""
    writing = os.open("/dev/full", os.O_WRONLY)
    try:
        yield writing
    finally:
        os.close(writing)


@pytest.mark.parametrize("log", [unread_pipe, full_disk])
async def test_log_that_takes_nothing_stops_nothing(log: type, tmp_path: Path) -> None:
    with log() as stream:
        seconds, dropped = await talk(tmp_path, stream)

    p99 = percentile(seconds, 0.99)
    report(
        "F35",
        "embedded",
        f"{log.__name__.replace('_', ' ')}: {len(seconds)} of {MESSAGES} messages acknowledged, "
        f"p99 {p99 * 1000:.0f} ms, {dropped:.0f} lines dropped and counted",
    )
    assert len(seconds) == MESSAGES
    assert p99 <= ACK_P99 * slowness()
    assert dropped > 0


async def test_service_that_waits_for_its_log_is_caught(tmp_path: Path) -> None:
    with unread_pipe() as stream, pytest.raises((TimeoutError, AssertionError)):
        await talk(tmp_path, stream, program=MUTANT, within=6)

    tell("mutant waits_for_its_log: caught, nothing is acknowledged any more")


async def talk(
    folder: Path, stream: int, *, program: tuple[str, ...] = OURS, within: float = 60.0
) -> tuple[list[float], float]:
    """How long each message took while the log was written to and not taken; and how many lines it lost."""
    county, url = an_open_county(folder), f"sqlite:///{folder / 'ensilinja.sqlite3'}"
    people = await seed(url, county, nurses=1, residents=1)
    server = Server(folder, county, url, program=program, stderr=stream)
    seconds = []
    with serving(server, ENSILINJA_LOG_LEVEL="DEBUG"), OpLog(folder / "acts.jsonl") as log:
        world = World(address=server.socket, origin=server.origin, log=log, pacer=Pacer(1000))
        resident = Resident(world, people.residents[0].number, people.residents[0].token)
        keeping = asyncio.create_task(resident.line.run())
        noise = asyncio.create_task(be_refused(server))
        try:
            async with asyncio.timeout(within):
                await noise
                for _ in range(MESSAGES):
                    began = time.monotonic()
                    answer = await resident.say(resident.contact)
                    assert "seq" in answer
                    seconds.append(time.monotonic() - began)
        finally:
            keeping.cancel()
            noise.cancel()
        assert server.readiness()[0] == 200
        return seconds, await asyncio.to_thread(lost_lines, server)


async def be_refused(server: Server) -> None:
    """Sockets without a session: each leaves a line in the log, together more than the pipe and the queue."""
    room = asyncio.Semaphore(16)

    async def one() -> None:
        async with room, connect(server.socket, origin=server.origin, proxy=None) as socket:  # type: ignore[arg-type]
            await socket.send('{"op":"hello","id":"1","role":"resident"}')
            await socket.wait_closed()

    await asyncio.gather(*(one() for _ in range(WAITING + 64)))


def lost_lines(server: Server) -> float:
    with urllib.request.urlopen(f"{server.origin}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return next(
        float(line.split()[-1]) for line in text.splitlines() if line.startswith("ensilinja_dropped_log")
    )
