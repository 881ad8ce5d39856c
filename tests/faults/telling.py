"""Figures of a run: told in its summary, and kept for the page of what was seen."""

import json
import subprocess
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.sizes import size

if TYPE_CHECKING:
    from tests.faults.checker import Judgement

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / "var" / "reliability.jsonl"  # of this checkout; `tools.reliability_page` takes it into the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One figure: of a fault (F5), an invariant (I8) or a suite (T6), in one shape or suite."""

    id: str
    shape: str
    seen: str


_waiting: list[Report] = []  # of the test that runs now; kept with its end
_told: list[str] = []  # by the test that runs now


def tell(line: str) -> None:
    """Prints the line now and again in the summary of the whole run."""
    print(line)
    _told.append(line)


def report(fault: str, shape: str, seen: str) -> None:
    """Tells what was seen of a fault and keeps it; to be called before the figures are judged."""
    tell(f"{fault}, {shape}: {seen}")
    _waiting.append(Report(id=fault, shape=shape, seen=seen))


def report_invariants(suite: str, judgement: "Judgement") -> None:
    """Keeps for each invariant how many violations this suite found of it."""
    found: Counter[str] = Counter()
    for check in judgement.checked:
        found[check.partition("_")[0].upper()] += len(judgement.found.get(check, ()))
    for invariant, count in found.items():
        _waiting.append(Report(id=invariant, shape=suite, seen=f"{count} violations"))


def end_of_test(test: str, *, passed: bool) -> list[str]:
    """Writes down what the test has reported, with whether it passed; the lines it told."""
    if _waiting:
        KEPT.parent.mkdir(exist_ok=True)
        with KEPT.open("a", encoding="utf-8") as kept:
            for one in _waiting:
                made = {"size": size(), "on": datetime.now(UTC).date().isoformat(), "commit": commit()}
                kept.write(json.dumps({**asdict(one), "test": test, "passed": passed, **made}) + "\n")
        _waiting.clear()
    told = _told.copy()
    _told.clear()
    return told


@cache
def commit() -> str:
    """The checkout's commit, so that a figure can be traced; empty where there is no git."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
