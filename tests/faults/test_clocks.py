"""The clock is set while people talk, or two machines' clocks differ: nobody loses anything."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faults.checker import judge, read_kept
from tests.faults.crowd import crowd
from tests.faults.oplog import OpLog, read_acts
from tests.faults.record import happened
from tests.faults.seed import seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving
from tests.faults.sizes import sized
from tests.faults.telling import report

pytestmark = pytest.mark.faults

MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "wall_clock.py"))
RATE = 8.0  # messages a second
AFTER_A_JUMP = sized(3, 5, 20)  # seconds: a sweep comes every second
SKEW = 30  # seconds between two machines
TAKEN = ("entry.returned", "entry.expired", "entry.withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the events say of the time that passed."""

    taken: int
    lost: int
    backwards: float

    @property
    def line(self) -> str:
        back = f"time went back by up to {self.backwards:.1f} s"
        return f"{self.taken} assignments revoked, {self.lost} shifts lost, {back}"


def test_setting_the_clock_takes_nobody_away(faketime: Path, tmp_path: Path) -> None:
    told, violations = asyncio.run(jumps(faketime, tmp_path, ["+3600", "-5", "-3600", "+0"]))

    report("F23", "embedded", f"+1 h, -1 h, -5 s, back: {told.line}, {violations} violations")
    assert (told.taken, told.lost, violations) == (0, 0, 0)
    assert told.backwards == 0


def test_clock_test_catches_leases_by_the_wall_clock(faketime: Path, tmp_path: Path) -> None:
    told, _ = asyncio.run(jumps(faketime, tmp_path, ["+3600", "+0"], program=MUTANT))

    report("F23", "mutant wall_clock", told.line)
    # Waits would be negative; who pings in time keeps her shift all the same, who does not is taken away.
    assert told.backwards > 60 or told.taken + told.lost > 0


async def jumps(
    faketime: Path, folder: Path, offsets: Sequence[str], *, program: Sequence[str] = OURS
) -> tuple[Told, int]:
    """The clock is set to each of the offsets while three residents talk with their nurse."""
    url, county = f"sqlite:///{folder / 'ensilinja.sqlite3'}", an_open_county(folder)
    people = await seed(url, county, nurses=1, residents=3)
    offset = folder / "offset"
    offset.write_text("+0", "utf-8")
    faked = {"FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_CACHE_DURATION": "1", **preloaded(faketime)}
    server = Server(folder, county, url, program=program)
    with serving(server, **faked), OpLog(folder / "acts.jsonl") as log:
        async with crowd(server, people, log, rate=RATE) as all_:
            all_.start(*all_.residents, *all_.nurses)
            await all_.held()
            for jump in offsets:
                offset.write_text(jump, "utf-8")
                await asyncio.sleep(AFTER_A_JUMP)
            await all_.finish()
    acts = read_acts([folder / "acts.jsonl"])
    return await told_of(url), len(judge(await read_kept(url), acts).all)


async def test_processes_with_different_clocks_share_the_database_s(
    faketime: Path, pg_url: Callable[[], str], tmp_path: Path
) -> None:
    told, violations = await skewed(faketime, pg_url(), tmp_path)

    report("F24", "scaled", f"{SKEW} s apart: {told.line}, {violations} violations")
    assert (told.taken, told.lost, violations) == (0, 0, 0)
    assert told.backwards < 0.5  # each process reads the database's clock once in a write, a little late


async def test_skew_test_catches_processes_on_their_own_clocks(
    faketime: Path, pg_url: Callable[[], str], tmp_path: Path
) -> None:
    told, _ = await skewed(faketime, pg_url(), tmp_path, program=MUTANT)

    report("F24", "mutant wall_clock", told.line)
    assert told.taken + told.lost > 0 and told.backwards > 1


async def skewed(
    faketime: Path, url: str, folder: Path, *, program: Sequence[str] = OURS
) -> tuple[Told, int]:
    """Residents at one process, their nurses at another one whose clock is behind."""
    county = an_open_county(folder)
    people = await seed(url, county, nurses=1, residents=3)
    ahead = Server(folder, county, url, name="ahead", program=program)
    behind = Server(folder, county, url, name="behind", program=program)
    faked = {"FAKETIME": f"-{SKEW}", "ENSILINJA_ORIGINS": ahead.origin, **preloaded(faketime)}
    with serving(behind, **faked), serving(ahead), OpLog(folder / "acts.jsonl") as log:
        async with crowd(ahead, people, log, rate=RATE, nurses_at=[behind.socket]) as all_:
            all_.start(*all_.residents, *all_.nurses)
            await (all_.held() if program is OURS else asyncio.sleep(AFTER_A_JUMP))
            await asyncio.sleep(2 * AFTER_A_JUMP)
            await all_.finish()
    acts = read_acts([folder / "acts.jsonl"])
    return await told_of(url), len(judge(await read_kept(url), acts).all)


def preloaded(faketime: Path) -> dict[str, str]:
    """Fakes the wall clock only; the times of files too would have every module compiled again."""
    return {"LD_PRELOAD": str(faketime), "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


async def told_of(url: str) -> Told:
    events = await happened(url)
    counts = Counter(one.type for one in events)
    lost = sum(one.type == "shift.state" and one.data["state"] == "lost" for one in events)
    back = [before.at - after.at for before, after in pairwise(events)]
    return Told(taken=sum(counts[kind] for kind in TAKEN), lost=lost, backwards=max(0.0, *back))
