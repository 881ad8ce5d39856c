"""PostgreSQL killed and frozen under load: refused meanwhile, resent, nothing lost, at work again at once."""

import asyncio
import random
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.store import WAITING
from tests.faults.checker import Judgement, judge, read_kept
from tests.faults.killing import SETTLE, Run
from tests.faults.loading import end_load, start_load
from tests.faults.oplog import Act, OpLog, acknowledged, percentile, read_acts
from tests.faults.people import Pacer, Resident, World
from tests.faults.seed import seed
from tests.faults.server import ROOT, Server, serving, slowness
from tests.faults.sizes import sized
from tests.faults.talk import GoneError, RefusedError
from tests.faults.telling import report, report_invariants
from tools.servers import PgServer

pytestmark = pytest.mark.faults

KILLS = sized(3, 5, 20)
PAUSES, FROZEN = sized(1, 1, 10), sized(6, 10, 10)  # how often, and seconds each
NURSES, RESIDENTS = sized(6, 12, 12), sized(40, 80, 80)
UNDER_WAY_WITHIN = 150.0  # seconds, on a machine with much else to do
CALM = 20  # messages acknowledged before the trouble begins
BACK_WITHIN = 2.0  # seconds from PostgreSQL being up to the first acknowledgement
REFUSED_WITHIN = 3.0  # seconds a request waits for a frozen database
UNREADY_WITHIN = 3.0  # seconds
LAG_P99 = 0.1  # seconds the event loop is late
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "patient_database.py"))
NEVER = {"malformed", "unknown_op", "forbidden", "unauthenticated", "error", "message_id_reused"}


@dataclass(slots=True, kw_only=True)
class Seen:
    """What became of the load."""

    judgement: Judgement
    acts: Sequence[Act]
    end: dict[str, Any]

    def firsts(self, ups: Sequence[float]) -> list[float]:
        """Seconds from each of these instants to the first acknowledgement after it."""
        told = [act.t for act in self.acts if act.phase == "ok" and act.act in ("send", "accept", "close")]
        return [min((t - up for t in told if t > up), default=float("inf")) for up in ups]

    def back_within(self) -> float:
        """Seconds in which somebody must be answered again: on a busy machine an answer takes time anyway."""
        calm = [act.seconds for act in acknowledged(self.acts, "send")[:CALM]]
        return BACK_WITHIN * slowness() + max(calm)

    def check(self) -> None:
        assert self.judgement.all == []
        assert self.end["faults"] == [] and self.end["unanswered"] == 0
        assert {act.code for act in self.acts if act.phase == "fail"} & NEVER == set()


def test_kills_of_postgres_lose_and_double_nothing(durable_pg_server: PgServer, tmp_path: Path) -> None:
    ups: list[float] = []

    def kill_again_and_again(_server: Server) -> None:
        for _ in range(KILLS):
            time.sleep(random.uniform(0.5, 1.5))
            durable_pg_server.kill()
            time.sleep(random.uniform(0.1, 1.0))
            durable_pg_server.start()
            ups.append(time.monotonic())
            time.sleep(BACK_WITHIN)

    seen = under_load(Run(tmp_path, durable_pg_server.create()), kill_again_and_again)

    sent, back = acknowledged(seen.acts, "send"), seen.firsts(ups)
    refused = sum(act.code == "unavailable" for act in seen.acts)
    report(
        "F7",
        "scaled",
        f"{KILLS} kills: {len(sent)} acknowledged, {seen.judgement.count('i1')} lost, "
        f"{seen.judgement.count('i2')} doubled, {seen.judgement.count('i8')} held by two; {refused} refused, "
        f"the first acknowledgement at most {max(back):.2f} s after it was up",
    )
    seen.check()
    assert refused > 0
    assert max(back) <= seen.back_within()


def test_frozen_postgres_is_refused_and_not_waited_for(durable_pg_server: PgServer, tmp_path: Path) -> None:
    watch, ups = Watch(), []
    run = Run(tmp_path, durable_pg_server.create())

    seen = under_load(run, freezing(durable_pg_server, watch, ups), asker=watch)

    back, lag = seen.firsts(ups), percentile(watch.lags, 0.99)
    report(
        "F8",
        "scaled",
        f"{PAUSES} times {FROZEN} s: {len(seen.judgement.all)} violations, refused after at most "
        f"{max(watch.refusals):.1f} s, not ready after {max(watch.unready):.1f} s, "
        f"at most {watch.queue} waiting for the writer, loop lag p99 {lag * 1000:.0f} ms, "
        f"acknowledging {max(back):.2f} s and ready {max(watch.ready):.2f} s after"
        f" ({', '.join(watch.kept_by) or 'it was'})",
    )
    seen.check()
    slow = slowness()
    assert watch.refusals and max(watch.refusals) <= REFUSED_WITHIN + 0.5 * slow
    assert max(watch.unready) <= UNREADY_WITHIN + 0.5 * slow
    assert watch.queue <= WAITING
    assert lag <= LAG_P99 * slow
    assert max(*back, *watch.ready) <= seen.back_within()


def test_freeze_test_catches_one_who_waits_for_the_database(
    durable_pg_server: PgServer, tmp_path: Path
) -> None:
    watch, ups = Watch(), []
    run = Run(tmp_path, durable_pg_server.create(), program=MUTANT)

    under_load(run, freezing(durable_pg_server, watch, ups), asker=watch)

    late = [seconds for seconds in watch.refusals if seconds > REFUSED_WITHIN + 0.5 * slowness()]
    report("F8", "mutant patient_database", f"{len(watch.refusals)} refused, {len(late)} of them too late")
    assert late or not watch.refusals


def freezing(database: PgServer, watch: "Watch", ups: list[float]) -> Callable[[Server], None]:
    """The trouble of a database that stands still now and then, and is watched."""

    def freeze_again_and_again(server: Server) -> None:
        for _ in range(PAUSES):
            database.pause()
            watch.look_at(server, FROZEN)
            database.resume()
            ups.append(time.monotonic())
            watch.until_ready(server)
            time.sleep(1)

    return freeze_again_and_again


@dataclass(slots=True)
class Watch:
    """Somebody who asks, and looks at the probes, while the database stands still."""

    refusals: list[float] = field(default_factory=list)
    unready: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    queue: int = 0
    kept_by: list[str] = field(default_factory=list)  # why it was not ready at last, where that took longest
    asking: threading.Event = field(default_factory=threading.Event)

    def look_at(self, server: Server, seconds: float) -> None:
        """Looks for so long at how late the loop is, and when it is not ready any more."""
        began, unready = time.monotonic(), float("inf")
        self.asking.set()
        while (now := time.monotonic()) - began < seconds:
            get(server, "/livez")
            self.lags.append(time.monotonic() - now)
            if unready == float("inf") and server.readiness()[0] == 503:
                unready = time.monotonic() - began
            self.queue = max(self.queue, waiting_operations(server))
            time.sleep(0.02)
        self.asking.clear()
        self.unready.append(unready)

    def until_ready(self, server: Server) -> None:
        began, kept_by = time.monotonic(), []
        while (answer := server.readiness())[0] != 200 and time.monotonic() - began < 30:
            kept_by = answer[1].get("faults", kept_by)
            time.sleep(0.02)
        self.ready.append(time.monotonic() - began)
        if self.ready[-1] == max(self.ready):
            self.kept_by = kept_by

    async def ask(self, resident: Resident) -> None:
        """Has one question after the other refused while the database stands still."""
        keeping = asyncio.create_task(resident.line.run())
        try:
            while True:
                await asyncio.sleep(0.05)
                if not self.asking.is_set():
                    continue
                began = time.monotonic()
                try:
                    await resident.line.ask("contact.present")
                except (RefusedError, GoneError):
                    self.refusals.append(time.monotonic() - began)
        finally:
            keeping.cancel()


def get(server: Server, path: str) -> str:
    with urllib.request.urlopen(f"{server.origin}{path}", timeout=5) as answer:
        return str(answer.read().decode())


def waiting_operations(server: Server) -> int:
    lines = get(server, "/metrics").splitlines()
    name = "ensilinja_writer_queue_operations "
    return int(float(next(line.removeprefix(name) for line in lines if line.startswith(name))))


def under_load(run: Run, trouble: Callable[[Server], None], *, asker: Watch | None = None) -> Seen:
    """Loads a server, lets the trouble happen to its database, and judges what is left."""
    people = asyncio.run(
        seed(run.database_url, run.county, nurses=NURSES, residents=RESIDENTS, callbacks=RESIDENTS // 8)
    )
    with serving(run.server):
        load = start_load(run.folder, run.server, people)
        try:
            wait_for_the_load(run.folder / "acts.jsonl")
            asyncio.run(in_trouble(run, people.residents[-1], trouble, asker))
            time.sleep(SETTLE)
            end = end_load(load)
        finally:
            load.kill()
            load.communicate()
        assert run.server.is_running(), run.server.told()
    acts = read_acts([run.folder / "acts.jsonl"])
    judgement = judge(asyncio.run(read_kept(run.database_url)), acts)
    report_invariants("T5 database", judgement)
    return Seen(judgement=judgement, acts=acts, end=end)


def wait_for_the_load(log: Path) -> None:
    """Returns when enough was acknowledged for there to be something to lose."""
    give_up_at = time.monotonic() + UNDER_WAY_WITHIN
    while not log.exists() or len(acknowledged(read_acts([log]), "send")) < CALM:
        assert time.monotonic() < give_up_at, "the load is not acknowledged"
        time.sleep(0.2)


async def in_trouble(run: Run, resident: Any, trouble: Callable[[Server], None], asker: Watch | None) -> None:
    """The trouble, in a thread of its own beside the one who asks."""
    with OpLog(run.folder / "asker.jsonl") as log:
        world = World(address=run.server.socket, origin=run.server.origin, log=log, pacer=Pacer(50))
        asking = None
        if asker is not None:
            asking_resident = Resident(world, resident.number, resident.token)
            asking = asyncio.create_task(asker.ask(asking_resident))
            await asking_resident.line.is_open.wait()
        await asyncio.to_thread(trouble, run.server)
        if asking is not None:
            asking.cancel()
