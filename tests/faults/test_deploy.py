"""Deploys under load: processes are exchanged one by one, and nobody who writes or sends a form notices more
than a short pause.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import Judgement, judge, read_kept
from tests.faults.checks.state import LATE
from tests.faults.fleet import Fleet, Visitors, watched
from tests.faults.loading import begun, end_load, start_load
from tests.faults.oplog import Act, OpLog, acknowledged, percentile, read_acts, refusals
from tests.faults.people import Pacer, Resident, World
from tests.faults.seed import People, Person, seed
from tests.faults.server import ROOT, an_open_county, serving, slowness
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants, tell
from tools.servers import RedisServer

pytestmark = pytest.mark.faults

DEPLOYS = sized(1, 2, 20)
EXIT_WITHIN, GAP_WITHIN = 5.0, 5.0  # seconds
TOO_SLOW = 3.0  # times slower than alone
WATCHED = 4  # residents who only look at their page
VISITORS, NURSES = sized(2, 3, 4), sized(3, 6, 6)
RATE = float(sized(8, 20, 50))  # messages a second
CALM = 1.0  # seconds of load after a deploy
SPREAD = 3.0  # seconds over which browsers that were told to go come back


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a run saw."""

    judgement: Judgement
    acts: list[Act]
    gaps: list[float]
    visitors: Visitors
    endings: list[float]
    end: dict[str, Any]
    stop: tuple[int | None, float]
    slow: float

    @property
    def refused(self) -> int:
        """Sends of residents that were refused: what they would see in red."""
        return len(refusals(self.acts))

    def line(self) -> str:
        sent = acknowledged(self.acts, "send")
        wrong = [self.judgement.count(name) for name in ("i1", "i2", "i8")]
        return (
            f"{DEPLOYS} deploys: {len(sent)} sent, {wrong[0]} lost, {wrong[1]} doubled, "
            f"{wrong[2]} double-held, {self.refused} sends of residents refused, "
            f"{len(self.visitors.failed)} of {self.visitors.posted} forms failed, {self.visitors.shed} shed; "
            f"a process ends in at most {max(self.endings, default=0):.1f} s, "
            f"a resident's longest gap {max(self.gaps, default=0):.1f} s, "
            f"a message took at most {percentile([act.seconds for act in sent], 1):.1f} s "
            f"and a form {self.visitors.longest:.1f} s"
        )


@pytest.mark.alone
async def test_deploys_of_several_processes_are_not_noticed(
    redis_server: RedisServer, pg_url: Callable[[], str], tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, an_open_county(tmp_path), pg_url(), processes=2, redis_url=redis_server.url)

    seen = await deployed(fleet, tmp_path, DEPLOYS)

    report("F17", "scaled", seen.line())
    check(seen)


@pytest.mark.alone
async def test_deploys_of_one_process_are_a_short_pause(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    fleet = Fleet(tmp_path, an_open_county(tmp_path), url, processes=1)

    seen = await deployed(fleet, tmp_path, DEPLOYS)

    report("F17", "embedded", seen.line())
    check(seen)


async def test_deploys_catch_processes_that_do_not_drain(tmp_path: Path) -> None:
    program = (sys.executable, str(ROOT / "tests" / "mutants" / "no_drain.py"))
    url = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    fleet = Fleet(tmp_path, an_open_county(tmp_path), url, processes=1, program=program)
    visitors = Visitors(fleet.origin)
    with serving(fleet):
        async with visitors.coming(3 * VISITORS):
            for _ in range(8):  # a form must be under way at the moment of the end
                await asyncio.sleep(0.5)
                await fleet.exchange()
                if visitors.failed:
                    break

    tell(f"mutant no_drain: caught by {len(visitors.failed)} of {visitors.posted} forms that failed")
    assert visitors.failed


async def deployed(fleet: Fleet, folder: Path, deploys: int) -> Seen:
    """So many exchanges of all processes under messages, arrivals, forms and pages that are only open."""
    people = await seed(fleet.database_url, fleet.county, nurses=NURSES, residents=20 + 10 * deploys)
    lookers = people.residents[:WATCHED]
    others = People(nurses=people.nurses, residents=people.residents[WATCHED:])
    visitors, gaps = Visitors(fleet.origin), list[float]()
    with serving(fleet), OpLog(folder / "acts-looking.jsonl") as log:
        async with looking(fleet, log, lookers, gaps):
            load = start_load(folder, fleet, others, rate=RATE, arrive_every=3.0)
            try:
                await begun(folder / "acts.jsonl")
                slow = [await asyncio.to_thread(slowness)]
                async with visitors.coming(VISITORS):
                    for _ in range(deploys):
                        await fleet.exchange()
                        slow.append(await asyncio.to_thread(slowness))
                        await asyncio.sleep(CALM)
                await asyncio.sleep(SPREAD)
                of_deploys = list(gaps)
                await killed_and_back(fleet)  # no deploy: what was on its way then may be lost to a browser
                end = await asyncio.to_thread(end_load, load)
            finally:
                load.kill()
                load.wait()
        stop = await asyncio.to_thread(fleet.stop, 30)
    fleet.note_starts(folder / "starts.jsonl")
    acts = read_acts([folder / name for name in ("acts.jsonl", "acts-looking.jsonl", "starts.jsonl")])
    kept = await read_kept(fleet.database_url, late=LATE * max(slow))
    return Seen(
        judgement=judge(kept, acts),
        acts=acts,
        gaps=of_deploys,
        visitors=visitors,
        endings=fleet.endings,
        end=end,
        stop=stop,
        slow=max(slow),
    )


async def killed_and_back(fleet: Fleet) -> None:
    """One process dies; the parent starts another in its place."""
    victim, *others = fleet.children
    os.kill(victim, signal.SIGKILL)
    async with asyncio.timeout(90):
        while len(set(fleet.children) - {victim}) <= len(others) or fleet.readiness()[0] != 200:
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def looking(fleet: Fleet, log: OpLog, people: tuple[Person, ...], gaps: list[float]) -> Any:
    """Residents whose page is open and who say nothing; how long each was cut off is noted."""
    world = World(address=fleet.socket, origin=fleet.origin, log=log, pacer=Pacer(1))
    world.pacer.closed.set()
    residents = [Resident(world, one.number, one.token) for one in people]
    tasks = [asyncio.create_task(resident.run()) for resident in residents]
    tasks += [asyncio.create_task(watched(resident.line, gaps)) for resident in residents]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def check(seen: Seen) -> None:
    report_invariants("F17", seen.judgement)
    assert seen.judgement.all == []
    assert seen.end["faults"] == [] and seen.end["unanswered"] == 0
    if seen.slow > TOO_SLOW:
        tell("this machine has too much else to do to judge times")
        return
    assert seen.visitors.failed == [] and seen.visitors.shed == 0
    assert seen.visitors.posted >= 10
    assert seen.refused == 0
    assert len(seen.gaps) >= WATCHED * DEPLOYS / 2
    assert max(seen.gaps) <= GAP_WITHIN * seen.slow
    assert max(seen.endings) <= EXIT_WITHIN * seen.slow
    assert seen.stop[0] == 0
