"""Twelve agents after the same contacts: nobody gets what another has, nobody gets more than she can hold."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.store import Tx
from tests.builders import a_store
from tests.faults.checker import LINE_CHECKS, Judgement, judge, read_kept
from tests.faults.checks.state import LATE
from tests.faults.oplog import read_acts
from tests.faults.server import ROOT, slowness, unset
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants, tell
from tests.lines import at_work, queue_up

pytestmark = pytest.mark.faults

STORM = ROOT / "tests" / "faults" / "storm.py"
MUTANTS = ROOT / "tests" / "mutants"
AGENTS = 12
ON_EMBEDDED = sized(800, 3_000, 10_000)  # contacts
ON_SCALED = sized(400, 3_000, 10_000)
FOR_A_MUTANT = 150


def test_storm_on_the_embedded_store_gives_everything_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'storm.db'}"

    rage(STORM, url, tmp_path, contacts=ON_EMBEDDED, processes=1, name="embedded")


def test_storm_of_three_processes_on_the_scaled_store_gives_everything_once(
    pg_url: Callable[..., str], tmp_path: Path
) -> None:
    rage(STORM, pg_url(), tmp_path, contacts=ON_SCALED, processes=3, name="scaled, three processes")


@pytest.mark.parametrize("mutant", ["naive_select", "index_only"])
def test_storm_catches_a_taking_without_a_condition(mutant: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'storm.db'}"

    judgement = storm(MUTANTS / f"{mutant}.py", url, tmp_path, contacts=FOR_A_MUTANT, processes=1)[0]

    tell(f"mutant {mutant}: caught with {judgement.count('i8')} of two holders in {FOR_A_MUTANT} contacts")
    assert judgement.count("i8_one_holder_in_the_record") > 0
    assert judgement.count("i8_one_holder_in_belief") > 0


def test_storm_catches_room_that_is_read_before_the_taking(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'storm.db'}"

    judgement = storm(MUTANTS / "capacity_outside.py", url, tmp_path, contacts=FOR_A_MUTANT, processes=1)[0]

    tell(f"mutant capacity_outside: caught with {judgement.count('i10')} over capacity")
    assert judgement.count("i10") > 0


def rage(program: Path, url: str, folder: Path, *, contacts: int, processes: int, name: str) -> None:
    judgement, seconds, figures = storm(program, url, folder, contacts=contacts, processes=processes)
    double, over = judgement.count("i8"), judgement.count("i10")
    report_invariants(f"storm, {name}", judgement)
    report(
        "T2",
        name,
        f"{AGENTS} agents, {contacts} contacts, {seconds:.1f} s, "
        f"{contacts / seconds:.0f} a second, "
        f"hold p50 {figures['p50'] * 1000:.0f} ms p99 {figures['p99'] * 1000:.0f} ms, "
        f"{double} double-held, {over} over capacity",
    )
    assert judgement.all == []


def storm(
    program: Path, url: str, folder: Path, *, contacts: int, processes: int
) -> tuple[Judgement, float, dict[str, float]]:
    """Prepares the line, lets the processes work it empty, and judges what is left."""
    staff = asyncio.run(prepare(url, contacts))
    began = time.monotonic()
    logs = [folder / f"storm-{number}.jsonl" for number in range(processes)]
    commands = [
        [sys.executable, str(program), url, str(log), *map(str, staff[number::processes])]
        for number, log in enumerate(logs)
    ]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=unset(), stdout=subprocess.PIPE, start_new_session=True)
        for command in commands
    ]
    try:
        told = [process.communicate(timeout=400)[0] for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    seconds = time.monotonic() - began
    assert [process.returncode for process in running] == [0] * processes
    state = asyncio.run(read_kept(url, late=LATE * slowness()))
    done = sum(place.state == "done" for place in state.places)
    figures = [json.loads(line) for line in told]
    judgement = judge(state, read_acts(logs), LINE_CHECKS)
    assert judgement.all or done == contacts
    return judgement, seconds, {name: max(one[name] for one in figures) for name in ("p50", "p99")}


async def prepare(url: str, contacts: int) -> list[int]:
    """Tables, twelve professionals at work, and the line."""
    async with a_store(url, SystemClock()) as store:
        staff = [await store.write(at_work, f"nurse{number}") for number in range(AGENTS)]
        numbers = list(range(1, contacts + 1))
        for start in range(0, contacts, 50):
            await asyncio.gather(store.write(line_up, numbers[start : start + 50]))
        return staff


def line_up(tx: Tx, contacts: list[int]) -> None:
    for contact in contacts:
        queue_up(tx, contact)
