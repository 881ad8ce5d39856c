"""A long run under load: memory, open files and threads stay as they were after the warm-up."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.loading import end_load, start_load
from tests.faults.seed import seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving
from tests.faults.sizes import sized
from tests.faults.telling import report

pytestmark = pytest.mark.faults

SECONDS = sized(10, 30, 1800)
WARM_UP = sized(5, 10, 300)  # seconds in which caches may fill
LONG = 600  # seconds below which a slope says nothing: then only the growth is judged
GROWTH_MIB = 16.0  # of a short run: a page of residents who came by, not one each second for good
SLOPE_MIB = 1.0  # an hour, of a long run
SPARE_FILES = 8  # the store's readers are opened when first needed
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "hoarder.py"))
RESIDENTS = sized(40, 100, 2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the process holds at a moment."""

    at: float
    mib: float
    files: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Samples from the warm-up's end on, what was before and is after the load, and how the load ended."""

    samples: Sequence[Sample]
    before: Sample
    after: Sample
    end: dict[str, Any]

    @property
    def growth(self) -> float:
        return self.samples[-1].mib - self.samples[0].mib

    @property
    def hourly(self) -> float:
        return slope(self.samples) * 3600

    @property
    def is_steady(self) -> bool:
        """No more memory than what a short run's first visits take; a long one does not climb."""
        return self.hourly <= SLOPE_MIB if self.is_long else self.growth <= GROWTH_MIB

    @property
    def is_long(self) -> bool:
        return self.samples[-1].at - self.samples[0].at >= LONG


@pytest.mark.alone
def test_long_run_needs_no_more_and_more(tmp_path: Path) -> None:
    seen = live_long(tmp_path, SECONDS, OURS)

    samples, trend = seen.samples, f" ({seen.hourly:+.1f} MiB/h)" if seen.is_long else ""
    report(
        "F36, I30",
        "embedded",
        f"{SECONDS} s under load after a warm-up: {samples[0].mib:.0f} MiB, {seen.growth:+.1f} MiB{trend}, "
        f"files {seen.before.files} before and {seen.after.files} after, "
        f"threads {samples[0].threads} to {samples[-1].threads}",
    )
    assert seen.end["faults"] == []
    assert seen.after.files <= seen.before.files + SPARE_FILES
    assert samples[-1].threads <= samples[0].threads + 1
    assert seen.is_steady


def test_long_run_catches_one_who_keeps_everything(tmp_path: Path) -> None:
    seen = live_long(tmp_path, 10, MUTANT)

    report("F36, I30", "mutant hoarder", f"{seen.growth:+.1f} MiB in 10 s")
    assert not seen.is_steady


def live_long(tmp_path: Path, seconds: int, program: Sequence[str]) -> Seen:
    """The service under load for so long after its warm-up, looked at from outside."""
    county, url = an_open_county(tmp_path), f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    people = asyncio.run(seed(url, county, nurses=6, residents=RESIDENTS))
    with serving(Server(tmp_path, county, url, program=program)) as server:
        before = look(server.pid)
        load = start_load(tmp_path, server, people)
        try:
            time.sleep(WARM_UP)
            samples = [look(server.pid)]
            while samples[-1].at - samples[0].at < seconds:
                time.sleep(min(5.0, seconds / 10))
                samples.append(look(server.pid))
            end = end_load(load)
        finally:
            load.kill()
            load.communicate()
        time.sleep(1)
        return Seen(samples=samples, before=before, after=look(server.pid), end=end)


def look(pid: int) -> Sample:
    """Reads what the kernel knows of the process."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text().split()[1])
    return Sample(
        at=time.monotonic(),
        mib=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        files=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
    )


def slope(samples: Sequence[Sample]) -> float:
    """MiB a second, by least squares."""
    middle = sum(each.at for each in samples) / len(samples)
    mean = sum(each.mib for each in samples) / len(samples)
    spread = sum((each.at - middle) ** 2 for each in samples)
    return sum((each.at - middle) * (each.mib - mean) for each in samples) / spread
