"""What the chat benchmark runs on: servers pinned to one core, people in the middle of conversations."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chat import service as chat
from core.clock import SystemClock
from core.identity import Actor, Role
from core.opening import open_store
from core.store import Tx
from core.vault import Vault
from queues import agents
from router.services import Services
from tests.builders import TEST_KEY
from tests.faults.seed import QUEUE, People, seed, services_of
from tests.faults.server import ROOT, Server
from tools.servers import free_port, wait_until

SERVER_CORE, LOAD_CORE = 0, os.cpu_count() or 1
CAPACITY = 6  # conversations a professional may hold
TICKS = os.sysconf("SC_CLK_TCK")


def pinned(core: int) -> list[str]:
    """The prefix of a command that keeps it to one core; nothing where there is only one."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []


def pin(pids: list[int]) -> None:
    """Keeps processes that run already to the server's core."""
    for pid in pids if (os.cpu_count() or 1) > 1 else []:
        os.sched_setaffinity(pid, {SERVER_CORE})


def processor_seconds(pid: int) -> float:
    """Processor time of a process so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid: int) -> int:
    """Memory of a process that is in use now."""
    line = next(s for s in Path(f"/proc/{pid}/status").read_text().splitlines() if s.startswith("VmRSS"))
    return int(line.split()[1])


@dataclass(slots=True)
class Measured:
    """One step: what the load saw and what the server spent."""

    seconds: float
    acks: list[float]
    deliveries: list[float]
    refused: dict[str, int]
    load: float
    spent: float

    @property
    def done(self) -> int:
        """Messages that were both delivered and acknowledged."""
        return min(len(self.acks), len(self.deliveries))

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    @property
    def cost(self) -> float:
        """Processor time of the server for a message, in microseconds."""
        return self.spent / max(1, self.done) * 1e6


def percentile(values: list[float], share: float) -> float:
    """Of sorted values, in milliseconds."""
    return values[min(len(values) - 1, int(share * len(values)))] * 1000 if values else float("nan")


class Crowd:
    """A load process connected to one server."""

    def __init__(self, folder: Path, plan: dict[str, Any], pid: int) -> None:
        self.pid = pid
        path = folder / f"plan-{plan['kind']}-{plan['port']}-{len(plan['residents'])}.json"
        path.write_text(json.dumps(plan), "utf-8")
        command = [
            *pinned(LOAD_CORE - 1),
            sys.executable,
            str(ROOT / "benchmarks" / "chat_load.py"),
            str(path),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.connected = self._read()["connected"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load has ended")
        seen: dict[str, Any] = json.loads(line)
        return seen

    def step(self, **order: Any) -> Measured:
        """Has the load do one step."""
        assert self._process.stdin is not None
        before = processor_seconds(self.pid)
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        seen = self._read()
        measured = Measured(spent=processor_seconds(self.pid) - before, **seen)
        self._read()  # what the step left to be done is not the next one's
        return measured

    def leave(self) -> None:
        """Closes the sockets."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@dataclass(slots=True)
class Relay:
    """The baseline as a process."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self.process.pid if self.process is not None else 0

    def start(self) -> None:
        """Returns when it listens."""
        program = str(ROOT / "benchmarks" / "relay.py")
        self.process = subprocess.Popen([*pinned(SERVER_CORE), sys.executable, program, str(self.port)])
        wait_until(self._listens, server=self.process, name="the relay")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def our_server(folder: Path, county: Path, database_url: str, name: str) -> Server:
    """The product, pinned."""
    program = (*pinned(SERVER_CORE), sys.executable, "-m", "ensilinja")
    return Server(folder, county, database_url, name=name, program=program)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who talks: residents by contact with their secrets, nurses with theirs and the contacts they hold."""

    residents: list[tuple[int, str]]
    nurses: list[tuple[int, str, list[int]]]

    def part(self, residents: int, consoles: int | None = None) -> "Cast":
        """The first `residents` and their nurses, with others' consoles up to `consoles`."""
        chosen = self.residents[:residents]
        known = {contact for contact, _ in chosen}
        nurses = [(n, token, [c for c in held if c in known]) for n, token, held in self.nurses]
        busy = [nurse for nurse in nurses if nurse[2]]
        idle = [nurse for nurse in nurses if not nurse[2]]
        return Cast(chosen, busy + idle[: max(0, (consoles or 0) - len(busy))])

    def plan(self, kind: str, port: int) -> dict[str, Any]:
        return {"kind": kind, "port": port, "residents": self.residents, "nurses": self.nurses}


async def conversations(database_url: str, county: Path, *, count: int, consoles: int = 0) -> Cast:
    """So many conversations that have begun: each held by a nurse who has replied once."""
    needed = max(consoles, -(-count // CAPACITY))
    people = await seed(database_url, county, nurses=needed, residents=count)
    services = services_of(county)
    store = open_store(database_url, SystemClock(), Vault(TEST_KEY))
    writer = asyncio.create_task(store.run())
    held: dict[int, list[int]] = {}
    try:
        for position, nurse in enumerate(people.nurses):
            hers = people.residents[position * CAPACITY : (position + 1) * CAPACITY]
            await store.write(_begin_shift, nurse.number, services)
            await asyncio.gather(*(store.write(_hold, nurse.number, one.number, services) for one in hers))
            held[nurse.number] = [one.number for one in hers]
    finally:
        await store.stop()
        await writer
    return _cast(people, held)


async def waiting(database_url: str, county: Path, *, count: int) -> Cast:
    """So many residents who wait, and nobody at work."""
    return _cast(await seed(database_url, county, nurses=1, residents=count), {})


def _cast(people: People, held: dict[int, list[int]]) -> Cast:
    return Cast(
        [(one.number, one.token) for one in people.residents],
        [(one.number, one.token, held[one.number]) for one in people.nurses if one.number in held],
    )


def _begin_shift(tx: Tx, staff: int, services: Services) -> None:
    limits = services.catalogue.limits
    agents.start_shift(tx, staff, capacity=CAPACITY, languages=["fi"], device="bench", limits=limits)


def _hold(tx: Tx, staff: int, contact: int, services: Services) -> None:
    actor = Actor(kind="staff", id=staff, roles=frozenset({Role.AGENT}), queues=frozenset({QUEUE}))
    held = chat.take(tx, actor, contact, "by_hand", services).entry
    chat.send(
        tx,
        actor,
        contact,
        client_id=f"{contact:032x}",
        text="Hei! Kerro, miten voin auttaa.",
        assignment=held.assignment,
        services=services,
    )
