"""Several processes of the service behind one socket: started, kept alive, and exchanged one at a time.

The parent opens the socket and serves nobody. While no process takes connections, they wait in the kernel.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from core.lock import sqlite_path
from core.settings import Settings
from ensilinja.listening import open_socket, tell

log = structlog.get_logger(__name__)

PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before one that died is started again; doubled each time
STEADY = 10.0  # seconds of life after which a death is a first one again
SAID = ("READY", "WAITING")
READY_WITHIN = 120.0  # seconds for a process to be ready: a migration may come first
END_WITHIN = 15.0  # seconds beyond its notice for a process to end by itself
FAULTY = 2  # the exit code of a configuration that must be mended: starting again does not help


@dataclass(slots=True)
class Slot:
    """One of the processes; the lock is held while it is exchanged or started again."""

    name: str
    process: Process
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Parent:
    """So many processes of one command on one listening socket."""

    def __init__(self, settings: Settings, command: Sequence[str], listening: socket.socket) -> None:
        """`command` starts the service; the address and the socket are added to it."""
        self._settings = settings
        self._command = (*command, "--fd", str(listening.fileno()))
        self._listening = listening
        self._slots: list[Slot] = []
        self._running: set[Process] = set()
        self._said: dict[int, asyncio.Queue[str]] = {}
        self._stop, self._exchange = asyncio.Event(), asyncio.Event()
        self._notices = ""

    async def run(self, count: int) -> int:
        """Runs until SIGTERM or SIGINT; the exit code. SIGHUP exchanges all processes, one at a time."""
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._exchange.set)
        async with self._hearing():
            for number in range(1, count + 1):
                name = f"{self._settings.process_name}-{number}"
                self._slots.append(Slot(name, await self._start(name)))
            first = [await self._hears(slot.process) == "READY" for slot in self._slots]
            code = max((slot.process.returncode or 0 for slot in self._slots), default=0)
            if code == FAULTY and not any(first):
                return code
            if all(first):
                tell("READY=1")
            keeping = [asyncio.create_task(self._keep(slot), name=slot.name) for slot in self._slots]
            keeping.append(asyncio.create_task(self._exchange_when_told(), name="exchange"))
            await self._stop.wait()
            tell("STOPPING=1")
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            self._listening.close()  # the processes have it too, and take what still waits there
            await asyncio.gather(*(self._end(process) for process in self._running))
        return 0

    @contextlib.asynccontextmanager
    async def _hearing(self) -> AsyncIterator[None]:
        """The processes say on a socket of their own that they are ready."""
        with tempfile.TemporaryDirectory(prefix="ensilinja-") as folder:
            self._notices = str(Path(folder) / "notices")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.setblocking(False)
                line.bind(self._notices)
                hearing = asyncio.create_task(self._hear(line), name="hear")
                try:
                    yield
                finally:
                    hearing.cancel()

    async def _hear(self, line: socket.socket) -> None:
        while True:
            said = (await asyncio.get_running_loop().sock_recv(line, 1024)).decode("ascii", "replace")
            told = dict(part.split("=", 1) for part in said.splitlines() if "=" in part)
            process, state = told.pop("MAINPID", ""), next(iter(told), "")
            if process.isdigit() and state in SAID:
                self._said.setdefault(int(process), asyncio.Queue()).put_nowait(state)

    async def _start(self, name: str) -> Process:
        own = {"ENSILINJA_PROCESS_NAME": name, "NOTIFY_SOCKET": self._notices}
        process = await asyncio.create_subprocess_exec(
            *self._command, env={**os.environ, **own}, pass_fds=(self._listening.fileno(),)
        )
        self._running = {one for one in self._running if one.returncode is None} | {process}
        return process

    async def _hears(self, process: Process) -> str:
        """What the process says next; nothing when it ends, or everything is to end, before that."""
        said = asyncio.create_task(self._said.setdefault(process.pid, asyncio.Queue()).get())
        ends = [asyncio.create_task(process.wait()), asyncio.create_task(self._stop.wait())]
        await asyncio.wait([said, *ends], timeout=READY_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        for wait in (said, *ends):
            wait.cancel()
        return said.result() if said.done() and not said.cancelled() else ""

    async def _keep(self, slot: Slot) -> None:
        """Starts the process again when it dies, later each time it does so soon."""
        pause, since = PAUSE / 2, asyncio.get_running_loop().time()
        while True:
            process = slot.process
            code = await process.wait()
            async with slot.lock:
                if process is not slot.process:
                    continue  # it was exchanged
                now = asyncio.get_running_loop().time()
                pause = PAUSE if now - since >= STEADY else min(2 * pause, LONGEST_PAUSE)
                log.error("a process ended, starting it again", process=slot.name, code=code, pause=pause)
                await asyncio.sleep(pause)
                slot.process, since = await self._start(slot.name), asyncio.get_running_loop().time()

    async def _exchange_when_told(self) -> None:
        while True:
            await self._exchange.wait()
            self._exchange.clear()
            for slot in self._slots:
                if not await self._exchanged(slot):
                    log.error("the exchange stopped: the new process did not become ready", process=slot.name)
                    break
            else:
                log.info("all processes exchanged", processes=len(self._slots))

    async def _exchanged(self, slot: Slot) -> bool:
        """The new process first; one that does not come up leaves the old.

        Where only one may have the database, the new one has loaded all else when the old one goes.
        """
        async with slot.lock:
            old, new = slot.process, await self._start(slot.name)
            said = await self._hears(new)
            if not said:
                await self._end(new)
                return False
            slot.process = new
            await self._end(old)
            return said == "READY" or await self._hears(new) == "READY"

    async def _end(self, process: Process) -> None:
        """SIGTERM, and SIGKILL for one that does not go."""
        if process.returncode is not None:
            return
        began = asyncio.get_running_loop().time()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._settings.drain_s + END_WITHIN):
                await process.wait()
        except TimeoutError:
            log.error("a process did not end, killing it", process=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        took = asyncio.get_running_loop().time() - began
        log.info("a process ended as told", process=process.pid, seconds=round(took, 2))


def run(settings: Settings, count: int) -> int:
    """Runs `count` processes of the service until told to stop; the exit code."""
    command = (*program(), "serve", "--host", settings.host, "--port", str(settings.port))
    with open_socket(settings, is_shared=sqlite_path(settings.database_url) is None) as listening:
        return asyncio.run(Parent(settings, command, listening).run(count))


def program() -> Sequence[str]:
    """How this program was started, without what was asked of it."""
    return (sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1])
