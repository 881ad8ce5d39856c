"""More than can be done: new ones are asked to call or to come later, and running chats go on."""

import asyncio
import contextlib
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests.faults.checker import judge, read_kept
from tests.faults.oplog import OpLog, percentile, read_acts
from tests.faults.seed import Person, seed
from tests.faults.server import ROOT, Server, an_open_county, serving
from tests.faults.sizes import sized
from tests.faults.talk import GoneError, Line, RefusedError
from tests.faults.telling import report, report_invariants, tell

pytestmark = [pytest.mark.faults]

SLOW = (sys.executable, str(ROOT / "tests" / "faults" / "slow_store.py"))
CHATS = 200  # each has one message on its way, so that more wait than the writer does soon
MESSAGES, JOINS = 500.0, 50.0  # a second at most, whether or not they are answered
TIMES = 2.5  # what is asked, of what the machine can do
CALM, RUSH = float(sized(3, 4, 10)), float(sized(4, 6, 60))  # seconds
ANSWERED_WITHIN = 1.0  # seconds, p99 of running chats


@dataclass
class Crowd:
    """Residents whose chats are running, and what became of what they said."""

    lines: list[Line]
    contacts: list[int]
    log: OpLog
    waits: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    async def say(self, number: int) -> None:
        """One message, asked once; a refused one would stay in its box and be sent again later."""
        key, began = str(uuid.uuid4()), time.monotonic()
        contact = self.contacts[number]
        who, text = f"resident:{contact}", f"resident:{contact} {key[:13]}"
        self.log.note(who, "send", "invoke", contact=contact, key=key, text=text)
        try:
            answer = await self.lines[number].ask("message.send", client_id=key, text=text)
        except RefusedError as refused:
            self.refused[refused.code] += 1
            self.log.note(who, "send", "info", contact=contact, key=key, code=refused.code)
        except GoneError:
            self.refused["gone"] += 1
            self.log.note(who, "send", "info", contact=contact, key=key)
        else:
            seconds = time.monotonic() - began
            self.waits.append(seconds)
            self.log.note(who, "send", "ok", contact=contact, key=key, seq=answer["seq"], seconds=seconds)

    async def all_at_will(self, seconds: float) -> float:
        """Everybody says the next thing as soon as the last is answered; answers a second."""
        end, before = time.monotonic() + seconds, len(self.waits)

        async def one(number: int) -> None:
            while time.monotonic() < end:
                await self.say(number)

        await asyncio.gather(*(one(number) for number in range(len(self.lines))))
        return (len(self.waits) - before) / seconds

    async def at_a_rate(self, rate: float, seconds: float) -> float:
        """So many a second, whoever's turn it is, answered or not; answers a second."""
        before, saying, began = len(self.waits), set[asyncio.Task[None]](), time.monotonic()
        number = 0
        while (now := time.monotonic() - began) < seconds:
            while number < now * rate:
                task = asyncio.create_task(self.say(number % len(self.lines)))
                saying.add(task)
                task.add_done_callback(saying.discard)
                number += 1
            await asyncio.sleep(0.005)
        answered = len(self.waits) - before
        await asyncio.gather(*saying)
        return answered / seconds


@contextlib.asynccontextmanager
async def talking(server: Server, people: tuple[Person, ...], log: OpLog) -> AsyncIterator[Crowd]:
    lines = [
        Line(server.socket, server.origin, "resident", one.token, opened=lambda _: None, heard=lambda _: None)
        for one in people
    ]
    tasks = [asyncio.create_task(line.run()) for line in lines]
    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*(line.is_open.wait() for line in lines))
        yield Crowd(lines, [one.number for one in people], log)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def arriving(origin: str, rate: float, told: Counter[int]) -> None:
    """So many a second begin on the front page, until cancelled."""
    jar, limit = aiohttp.DummyCookieJar(), aiohttp.TCPConnector(limit=0)
    headers = {"Origin": origin, "Accept": "text/html"}

    async def come(http: aiohttp.ClientSession) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            form = {"tapa": "chat"}
            async with http.post("/aloita", data=form, headers=headers, allow_redirects=False) as answer:
                told[answer.status] += 1

    async with (
        aiohttp.ClientSession(origin, cookie_jar=jar, connector=limit) as http,
        asyncio.TaskGroup() as group,
    ):
        while True:
            group.create_task(come(http))
            await asyncio.sleep(1 / rate)


async def rush(tmp_path: Path, program: tuple[str, ...]) -> tuple[Crowd, float, float, Counter[int], int]:
    """The crowd, what the machine can do, what it did in the rush, what new ones were told, /readyz."""
    url, county = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}", an_open_county(tmp_path)
    people = await seed(url, county, nurses=0, residents=CHATS)
    server, told = Server(tmp_path, county, url, program=program), Counter[int]()
    with serving(server), OpLog(tmp_path / "acts.jsonl") as log:
        async with talking(server, people.residents, log) as crowd:
            can = await crowd.all_at_will(CALM)
            crowd.waits.clear()
            coming = asyncio.create_task(arriving(server.origin, min(JOINS, can / 4), told))
            did = await crowd.at_a_rate(min(MESSAGES, TIMES * can), RUSH)
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
            ready, _ = await asyncio.to_thread(server.readiness)
        metrics = await figures(server)
    report_shed(metrics)
    judgement = judge(await read_kept(url), read_acts([tmp_path / "acts.jsonl"]))
    report_invariants("F20", judgement)
    assert judgement.all == []
    return crowd, can, did, told, ready


async def figures(server: Server) -> str:
    async with aiohttp.ClientSession() as http, http.get(f"{server.origin}/metrics") as answer:
        return await answer.text()


def report_shed(metrics: str) -> None:
    for line in metrics.splitlines():
        if line.startswith("ensilinja_shed_requests_total"):
            tell(line)


@pytest.mark.alone
async def test_new_ones_are_shed_and_running_chats_go_on(tmp_path: Path) -> None:
    crowd, can, did, told, ready = await rush(tmp_path, SLOW)
    p99 = percentile(crowd.waits, 0.99)

    report(
        "F20",
        "embedded, 5 ms a write",
        f"asked {min(MESSAGES, TIMES * can):.0f} messages and {min(JOINS, can / 4):.0f} arrivals a second "
        f"of what does {can:.0f}: "
        f"{did:.0f} messages a second ({did / can:.0%}), p99 {p99:.2f} s, 0 acknowledged lost; "
        f"{told[503]} of {told.total()} new ones shed, /readyz {ready}",
    )
    assert told[503] > told[303]
    assert crowd.refused.keys() <= {"unavailable", "gone", "too_many"}


async def test_overload_test_catches_a_queue_without_bound(tmp_path: Path) -> None:
    program = (sys.executable, str(ROOT / "tests" / "mutants" / "unbounded_queue.py"))
    crowd, _, _, told, _ = await rush(tmp_path, program)
    p99 = percentile(crowd.waits, 0.99)

    tell(f"mutant unbounded_queue: caught, p99 {p99:.1f} s, {told[503]} shed")
    assert p99 > 2 * ANSWERED_WITHIN
