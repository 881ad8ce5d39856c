"""Several processes of the service under one parent, exchanged while people use them."""

import asyncio
import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.oplog import OpLog
from tests.faults.server import Server
from tests.faults.talk import Line

EXCHANGED_WITHIN = 180.0  # seconds for all processes to be exchanged, on a machine with other things to do
HURRY = 0.15  # seconds between two posts of one visitor


class Fleet(Server):
    """A parent with so many processes."""

    def __init__(
        self,
        folder: Path,
        county: Path,
        database_url: str,
        *,
        processes: int,
        **more: Any,
    ) -> None:
        arguments = ("--processes", str(processes))
        super().__init__(folder, county, database_url, arguments=arguments, **more)
        self.processes = processes

    def start(self, *, failpoints: str = "", **env: str) -> None:
        super().start(failpoints=failpoints, **{"ENSILINJA_LOG_LEVEL": "INFO", **env})

    @property
    def children(self) -> list[int]:
        """The ids of the processes that serve."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii")
        return [int(number) for number in listed.split()]

    async def exchange(self) -> None:
        """Has all processes exchanged; returns when it is done."""
        before = len(self.logged("all processes exchanged"))
        os.kill(self.pid, signal.SIGHUP)
        async with asyncio.timeout(EXCHANGED_WITHIN):
            while len(self.logged("all processes exchanged")) == before:
                assert self.is_running(), self.told()
                assert not self.logged("the exchange stopped"), self.told()
                await asyncio.sleep(0.1)

    async def serves(self, times: int | None = None) -> None:
        """Returns when its processes have opened their doors, so many times in all."""
        async with asyncio.timeout(EXCHANGED_WITHIN):
            while len(self.logged("serving")) < (times or self.processes):
                assert self.is_running(), self.told()
                await asyncio.sleep(0.1)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log that tell of this."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        found = []
        for line in lines:
            with contextlib.suppress(ValueError):
                read = json.loads(line)
                if isinstance(read, dict) and str(read.get("event", "")).startswith(event):
                    found.append(read)
        return found

    def note_starts(self, path: Path) -> None:
        """What is open when a process starts lives on for its grace: the judge must know."""
        with OpLog(path) as log:
            for line in self.logged("serving"):
                log.note("server", "restart", "ok", text=line["timestamp"])

    @property
    def endings(self) -> list[float]:
        """Seconds from SIGTERM to the end of every process that was told to go."""
        return [line["seconds"] for line in self.logged("a process ended as told")]


class Visitors:
    """People who begin on the front page, each form sent once: what fails here, a resident would see."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self.posted = 0
        self.failed: list[str] = []
        self.shed = 0
        self.longest = 0.0

    @contextlib.asynccontextmanager
    async def coming(self, count: int) -> AsyncIterator[None]:
        """So many at a time, for as long as this lasts."""
        stop = asyncio.Event()
        visits = [asyncio.create_task(self._visit(stop)) for _ in range(count)]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*visits)

    async def _visit(self, stop: asyncio.Event) -> None:
        jar = aiohttp.DummyCookieJar()
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(self._origin, cookie_jar=jar, timeout=timeout) as http:
            while not stop.is_set():
                await self._post(http)
                await asyncio.sleep(HURRY)

    async def _post(self, http: aiohttp.ClientSession) -> None:
        began = time.monotonic()
        headers = {"Origin": self._origin, "Accept": "text/html"}
        form = {"merkki": uuid.uuid4().hex}
        try:
            async with http.post("/aloita", data=form, headers=headers, allow_redirects=False) as answer:
                if answer.status == 503 and "Retry-After" in answer.headers:
                    self.shed += (
                        1  # more was asked of this machine than it can do, which is no fault of a deploy
                    )
                elif answer.status != 303:
                    self.failed.append(str(answer.status))
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed.append(repr(error))
        self.posted += 1
        self.longest = max(self.longest, time.monotonic() - began)


async def watched(line: Line, gaps: list[float]) -> None:
    """Notes every time the line was away, until cancelled."""
    await line.is_open.wait()
    while True:
        while line.is_open.is_set():
            await asyncio.sleep(0.01)
        lost = time.monotonic()
        await line.is_open.wait()
        gaps.append(time.monotonic() - lost)
