"""Many browsers at once: all come back after a restart, and some that do not read harm nobody."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.faults.crowd import crowd, until
from tests.faults.oplog import OpLog, acknowledged, percentile, read_acts
from tests.faults.seed import People, seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving, slowness
from tests.faults.sizes import sized
from tests.faults.talk import COOKIES, GoneError, Line, RefusedError
from tests.faults.telling import report

pytestmark = pytest.mark.faults

RESIDENTS = sized(90, 500, 500)
NURSES = sized(10, 60, 60)
BACK, MEMORY = 10.0, 1.3  # seconds until all are back; times the memory before
ACKNOWLEDGED = 2.5  # seconds, p99 within 15 s; 1.0 is required and not reached yet, see reliability.toml

CONSOLES = sized(12, 60, 60)
STUCK = CONSOLES // 6
CALM, STUCK_FOR = 5.0, 12.0  # seconds
MOVING = 4  # residents who leave the line and come back: news for every console
HEALTHY_P99, GROWTH, DROPPED = 0.3, 20.0, 10.0  # seconds, MiB, seconds
RATE = 20.0  # messages a second
ESTABLISHED = "01"  # a connection's state in the kernel's words


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """How many browsers, seconds until all were back, acknowledgements before and after, MiB likewise."""

    browsers: int
    back: float
    quiet: list[float]
    took: list[float]
    before: float
    after: float

    @property
    def line(self) -> str:
        return (
            f"{self.browsers} browsers after a restart: all back {self.back:.1f} s after it was ready, "
            f"acknowledgement p99 {percentile(self.took, 0.99) * 1000:.0f} ms of {len(self.took)}, "
            f"{percentile(self.quiet, 0.99) * 1000:.0f} ms before; "
            f"memory {self.before:.0f} → {self.after:.0f} MiB"
        )


@pytest.mark.alone
async def test_all_browsers_come_back_after_a_restart(tmp_path: Path) -> None:
    seen = await come_back(tmp_path, OURS, nurses=NURSES, residents=RESIDENTS)

    report("F6", "embedded", seen.line)
    assert seen.took
    assert seen.back <= BACK * slowness()
    assert percentile(seen.took, 0.99) <= max(ACKNOWLEDGED * slowness(), 3 * percentile(seen.quiet, 0.99))
    assert seen.after <= MEMORY * seen.before


async def test_return_test_catches_a_server_that_greets_one_after_the_other(tmp_path: Path) -> None:
    # Who waits too long for the greeting comes anew, and the line of greetings never ends.
    with pytest.raises(TimeoutError):
        await come_back(tmp_path, program("one_by_one"), nurses=2, residents=20, within=3 * BACK)

    report("F6", "mutant one_by_one", f"22 browsers are not back after {3 * BACK:.0f} s")


async def come_back(
    tmp_path: Path, again: Sequence[str], *, nurses: int, residents: int, within: float = 120
) -> Returned:
    """All browsers lose a server in the middle of their talk; the one that comes again may be a mutant."""
    url, county = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}", an_open_county(tmp_path)
    people = await seed(url, county, nurses=nurses, residents=residents)
    server = Server(tmp_path, county, url)
    with serving(server), OpLog(tmp_path / "acts.jsonl") as log:
        async with crowd(server, people, log, rate=RATE) as all_:
            all_.start(*all_.residents, *all_.nurses)
            lines = [one.line for one in (*all_.residents, *all_.nurses)]
            await until(lambda: all(line.opened_at > 0 for line in lines), 120)
            calm = time.monotonic()
            await asyncio.sleep(CALM)
            before = memory(server)
            await asyncio.to_thread(server.kill)
            server.program = again
            await asyncio.to_thread(server.start)
            assert await asyncio.to_thread(server.wait_ready)
            up = time.monotonic()
            await until(lambda: all(line.opened_at > up for line in lines), within)
            back = max(line.opened_at for line in lines) - up
            await asyncio.sleep(5)
            after = memory(server)
            await all_.finish()
    acts = read_acts([tmp_path / "acts.jsonl"])
    sent = [(act.t - act.seconds, act.seconds) for act in acknowledged(acts, "send")]
    return Returned(
        browsers=len(lines),
        back=back,
        quiet=[seconds for began, seconds in sent if calm <= began < calm + CALM - 1],
        took=[seconds for began, seconds in sent if up <= began < up + 15],
        before=before,
        after=after,
    )


@pytest.mark.alone
async def test_readers_that_are_stuck_are_dropped_and_harm_nobody(tmp_path: Path) -> None:
    url, county = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}", an_open_county(tmp_path)
    people = await seed(url, county, nurses=CONSOLES + 2, residents=6 + MOVING)
    seen = await beside_stuck_ones(Server(tmp_path, county, url), people, tmp_path)

    report(
        "F19",
        "embedded",
        f"{STUCK} of {CONSOLES} consoles stuck: delivery to the others p99 "
        f"{percentile(seen.during, 0.99) * 1000:.0f} ms of {len(seen.during)}, "
        f"{percentile(seen.calm, 0.99) * 1000:.0f} ms before; memory {seen.grown:+.1f} MiB, "
        f"stuck ones dropped ≤ {max(seen.dropped):.1f} s",
    )
    assert len(seen.during) > 20
    # On a machine that is slow already before, it may be as slow beside them.
    assert percentile(seen.during, 0.99) <= max(HEALTHY_P99 * slowness(), 1.5 * percentile(seen.calm, 0.99))
    assert seen.grown <= GROWTH
    assert max(seen.dropped) <= DROPPED * slowness()


async def test_stuck_reader_test_catches_a_feed_that_waits(tmp_path: Path) -> None:
    url, county = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}", an_open_county(tmp_path)
    people = await seed(url, county, nurses=CONSOLES + 2, residents=6 + MOVING)
    server = Server(tmp_path, county, url, program=program("awaiting_feed"))
    seen = await beside_stuck_ones(server, people, tmp_path)

    worst = percentile(seen.during, 0.99)
    report("F19", "mutant awaiting_feed", f"lines p99 {worst:.1f} s late, none of the stuck dropped")
    assert worst > max(1.0, 2 * percentile(seen.calm, 0.99))
    assert min(seen.dropped) >= STUCK_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Seconds to the other one's screen before and beside the stuck ones; MiB; seconds until dropped."""

    calm: list[float]
    during: list[float]
    grown: float
    dropped: list[float]


async def beside_stuck_ones(server: Server, people: People, folder: Path) -> Seen:
    """How fast people talk, how much memory grows and how soon the stuck ones are dropped."""
    talking = People(nurses=people.nurses[:2], residents=people.residents[:6])
    with serving(server), OpLog(folder / "acts.jsonl") as log:
        async with crowd(server, talking, log, rate=RATE) as all_:
            all_.start(*all_.residents, *all_.nurses)
            await all_.held()
            async with contextlib.AsyncExitStack() as stack:
                idlers = [idle(server, "console", one.token).run() for one in people.nurses[2 + STUCK :]]
                movers = [to_and_fro(server, one.token) for one in people.residents[6:]]
                for task in [asyncio.create_task(one) for one in (*idlers, *movers)]:
                    stack.callback(task.cancel)
                await asyncio.sleep(1)
                calm = time.monotonic()
                await asyncio.sleep(CALM)
                before = memory(server)
                stuck = [StuckConsole(server, one.token) for one in people.nurses[2 : 2 + STUCK]]
                began = time.monotonic()
                dropped = await asyncio.gather(*(one.dropped_after(STUCK_FOR) for one in stuck))
                ended = time.monotonic()
                grown = memory(server) - before
            await all_.finish()
    acts = read_acts([folder / "acts.jsonl"])
    sent = {act.text: act.t for act in reversed(acts) if act.act == "send" and act.phase == "invoke"}
    late = {text: all_.world.delivered.get(text, inf) - t for text, t in sent.items()}
    return Seen(
        calm=[late[text] for text, t in sent.items() if calm <= t < began - 1],
        during=[late[text] for text, t in sent.items() if began <= t < ended - 1],
        grown=grown,
        dropped=dropped,
    )


class StuckConsole:
    """Says hello, then reads nothing more and says nothing."""

    def __init__(self, server: Server, token: str) -> None:
        self._server, self._token = server, token

    async def dropped_after(self, most: float) -> float:
        """Seconds until the server has given it up, at most so many."""
        host, port = "127.0.0.1", self._server.port
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plug.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plug, (host, port))
        headers = {"Cookie": f"{COOKIES['console']}={self._token}"}
        async with connect(
            self._server.socket,
            sock=plug,
            origin=self._server.origin,  # type: ignore[arg-type]
            additional_headers=headers,
            compression=None,
            ping_interval=None,
            close_timeout=0.1,
        ) as line:
            await line.send('{"op":"hello","id":"1","role":"console","seen":{}}')
            await line.recv()
            line.transport.pause_reading()
            began = time.monotonic()
            while time.monotonic() - began < most and is_held(port, plug.getsockname()[1]):
                await asyncio.sleep(0.1)
            line.transport.abort()
            return time.monotonic() - began


def program(mutant: str) -> Sequence[str]:
    return (sys.executable, str(ROOT / "tests" / "mutants" / f"{mutant}.py"))


def is_held(server: int, client: int) -> bool:
    """Whether the server holds the connection between these ports; its farewell waits for a reader."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]]
    ends = {(int(row[1][-4:], 16), int(row[2][-4:], 16)): row[3] for row in rows}
    return ends.get((server, client)) == ESTABLISHED


async def to_and_fro(server: Server, token: str) -> None:
    """A resident who leaves the line and comes back all the time: news for every console."""
    line = idle(server, "resident", token)
    keeping = asyncio.create_task(line.run())
    try:
        while True:
            for op in ("contact.leave", "contact.resume"):
                with contextlib.suppress(GoneError, RefusedError):
                    await line.ask(op)
                await asyncio.sleep(0.2)
    finally:
        keeping.cancel()


def idle(server: Server, role: str, token: str) -> Line:
    return Line(
        server.socket,
        server.origin,
        role,
        token,
        opened=lambda _: None,
        heard=lambda _: None,
        is_browser=True,
    )


def memory(server: Server) -> float:
    """The process's resident memory in MiB."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
