"""Offers and accepts a second through the store, beside procrastinate's fetch (P2b), and how they grow.

    python -m benchmarks.routing [--quick] [--plots docs]

One turn of the line writes the offers to those who are free, then each of them accepts: rights, load, the
access log and events included, every one committed and synced. The turn sweeps the deadlines too once a
second, as the program's loop does. Then the same entries are put back in the line, which is not counted. All
other professionals have their hands full, as on a busy day.
"""

import argparse
import asyncio
import json
import math
import statistics
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, delete, update

from benchmarks import curves, filling
from benchmarks.machine import durable_postgres, procrastinate, told
from chat.models import PARTICIPANT
from core.clock import SystemClock
from core.identity import Actor, Role
from core.opening import open_store
from core.store import Recorded, Store, Tx
from core.vault import Vault
from ensilinja import schema
from ensilinja.deadlines import sweep_all
from ensilinja.loops import SECOND
from ensilinja.ops import Held, find_op
from queues.dispatch import dispatch
from queues.models import ENTRY, SHIFT
from router.services import Services
from tests.builders import TEST_KEY
from tests.rooms import SERVICES
from tools.servers import PgServer

FREE = 24  # professionals free for one chat in each round
FEW = 8  # and where so few wait that more would have nothing to take
SATURATED = 200  # free at once, as many as the pure decision is judged with: what the line can do at most
AT_ONCE = (FREE, 64, SATURATED)
BASELINES = ("a fetch by one", "a fetch by eight", "fetch and finish by one", "fetch and finish by eight")
FETCHING = Path(__file__).with_name("fetching.py")
WAITING = (100, 1_000, 10_000)
AGENTS = (30, 300, 3_000)
QUEUES = (2, 20, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A floor: who waits, who serves, in how many queues."""

    waiting: int = 1_000
    agents: int = 300
    queues: int = 20
    free: int = FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one floor came to: pairs a second, the median milliseconds of a turn of the line, and the
    milliseconds of processor time that this process took for a pair.
    """

    rate: float
    turn_ms: float
    cpu_ms: float


async def offers(store: Store, services: Services, seconds: float) -> Seen:
    """Offers made and accepted for so long."""
    offered: list[Recorded] = []
    store.listen(lambda events: offered.extend(event for event in events if event.type == "entry.offered"))
    count, spent, worked, turns, swept = 0, 0.0, 0.0, [], -math.inf
    while spent < seconds or not turns:
        offered.clear()
        began, begun = time.perf_counter(), time.process_time()
        if began - swept >= SECOND:
            swept = began
            await sweep_all(store, services)
        await store.write_next(dispatch, services.catalogue)
        turned = time.perf_counter() - began
        await asyncio.gather(*(accept(store, services, offer) for offer in offered))
        if count or turns:  # the first round compiles statements
            count, spent = count + len(offered), spent + time.perf_counter() - began
            worked += time.process_time() - begun
        turns.append(turned)
        await store.write(put_back)
    return Seen(
        rate=count / spent,
        turn_ms=1_000 * statistics.median(turns[1:] or turns),
        cpu_ms=1_000 * worked / count,
    )


async def accept(store: Store, services: Services, offer: Recorded) -> None:
    """The professional takes what she was offered, as her console asks for it."""
    who, queue = offer.data["agent"], offer.data["queue"]
    actor = Actor(kind="staff", id=who, roles=frozenset({Role.AGENT}), queues=frozenset({queue}))
    body = Held(contact=offer.contact or 0, assignment=offer.data["assignment"])
    accepting = find_op(actor, "offer.accept")
    await store.write(accepting.doing, accepting, actor, body, services)


def put_back(tx: Tx) -> None:
    """What was accepted waits again, as if for the first time."""
    free = {"agent_id": None, "expires_at": None, "idle_since": None}
    accepted = (ENTRY.c.state == "held", ENTRY.c.assignment > 0)
    tx.execute(update(ENTRY).where(*accepted).values(state="waiting", **free))
    tx.execute(delete(PARTICIPANT).where(PARTICIPANT.c.role == "staff"))


def fill(connection: Connection, size: Size) -> None:
    """Some professionals have nothing to do, the others one chat each, which is all they take."""
    now = datetime.now(UTC)
    queues = [queue.id for queue in services_of(size).catalogue.queues]
    staff = filling.professionals(connection, size.agents, queues=queues, now=now)
    filling.in_line(
        connection, size.waiting + size.agents - size.free, queues=queues, channel="chat", now=now
    )
    connection.execute(update(SHIFT).values(chat_capacity=1, lease_until=now + timedelta(days=1)))
    newest = filling.newest(connection, "entry")
    for place, one in enumerate(staff[size.free :]):
        busy = update(ENTRY).where(ENTRY.c.id == newest - place)
        connection.execute(busy.values(state="held", agent_id=one))
    filling.settle(connection)


def services_of(size: Size) -> Services:
    """The county with so many queues."""
    return replace(SERVICES, catalogue=filling.widened(SERVICES.catalogue, size.queues))


def measured(url: str, size: Size, seconds: float) -> Seen:
    """`offers` on an empty database filled for this size."""

    async def run() -> Seen:
        store = open_store(url, SystemClock(), Vault(TEST_KEY))
        writer = asyncio.create_task(store.run())
        try:
            return await offers(store, services_of(size), seconds)
        finally:
            await store.stop()
            await writer

    schema.migrate(url)
    schema.transact(url, partial(fill, size=size))
    return asyncio.run(run())


def on_sqlite(size: Size, seconds: float) -> Seen:
    """One floor in the embedded shape."""
    with TemporaryDirectory() as folder:
        return measured(f"sqlite:///{folder}/ensilinja.db", size, seconds)


def tell(what: str, postgres: Seen, sqlite: Seen) -> None:
    """One line of the table."""
    shapes = (("PostgreSQL", postgres), ("SQLite", sqlite))
    told_of = (
        f"{name} {seen.rate:>4.0f}/s, a turn {seen.turn_ms:.0f} ms, our processor {seen.cpu_ms:.2f} ms a pair"
        for name, seen in shapes
    )
    print(f"{what}; {'; '.join(told_of)}", flush=True)


def beside(server: PgServer, waiting: int, seconds: float, *, jobs: str) -> tuple[float, float, float]:
    """Procrastinate with so many waiting, then ours by who is free at once: the rates to be drawn."""
    rates = json.loads(procrastinate(FETCHING, jobs, str(waiting), str(seconds)))
    baselines = dict(zip(BASELINES, rates, strict=True))
    told_of = ", ".join(f"{rate:.0f}/s {name}" for name, rate in baselines.items())
    print(f"{waiting:>6,} waiting: procrastinate {told_of}", flush=True)
    for free in AT_ONCE:
        size = Size(waiting=waiting, free=free)
        postgres, sqlite = measured(server.create(), size, seconds), on_sqlite(size, seconds)
        tell(f"{free:>14,} free at once", postgres, sqlite)
        times = ", ".join(f"{postgres.rate / rate:.1f} x {name}" for name, rate in baselines.items())
        gate = f" (gate 3 x {BASELINES[0]}, goal 10)" if free == SATURATED else ""
        print(f"{'':>14} PostgreSQL {times}{gate}", flush=True)
    return postgres.rate, sqlite.rate, rates[0]


def compare(seconds: float, plots: Path | None) -> None:
    """The table of P2b with its growth by who waits, who is free at once, who serves, and by queues."""
    floor = f"{Size().agents} at work in {Size().queues} queues, judged with {SATURATED} free at once"
    print(f"P2b, offer and accept a second, {floor}; {told()}")
    ours: dict[str, list[tuple[float, float]]] = {"PostgreSQL": [], "SQLite": [], "procrastinate": []}
    with durable_postgres() as server:
        jobs = server.create()
        for waiting in WAITING:
            for name, rate in zip(ours, beside(server, waiting, seconds, jobs=jobs), strict=True):
                ours[name].append((waiting, rate))
        few = [Size(waiting=waiting, free=FEW) for waiting in (10, 10_000)]
        for name, seen in (
            ("PostgreSQL", [measured(server.create(), size, seconds).rate for size in few]),
            ("SQLite", [on_sqlite(size, seconds).rate for size in few]),
        ):
            growth = (
                f"{seen[0]:.0f}/s with 10 waiting, {seen[1]:.0f}/s with 10,000: {seen[0] / seen[1]:.2f} x"
            )
            print(f"{name}, {FEW} free: {growth} (gate 1.5)", flush=True)
        grown = (*(Size(agents=agents) for agents in AGENTS), *(Size(queues=queues) for queues in QUEUES))
        for size in grown:
            postgres, sqlite = measured(server.create(), size, seconds), on_sqlite(size, seconds)
            tell(f"{size.agents:>6,} at work, {size.queues:>3} queues, {FREE} free", postgres, sqlite)
    if plots is not None:
        title = f"Offers made and accepted by who waits, {SATURATED} free at once"
        curves.draw(plots / "performance-routing.svg", title, "waiting", "a second", ours)


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a second a figure instead of six")
    parser.add_argument("--plots", type=Path, help="where to draw the growth")
    given = parser.parse_args()
    compare(1.0 if given.quick else 6.0, given.plots)


if __name__ == "__main__":
    main()
