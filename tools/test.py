"""The everyday suite: the linters, then pytest with what this machine has; the fault tests last.

Says by name what it leaves out; with --all, --nightly or CI=true it refuses to leave anything out.
"""

import compileall
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.sizes import size
from tools.machine import look_around, nothing_may_be_left_out

ROOT = Path(__file__).resolve().parent.parent
LINTERS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
}
USAGE = """\
usage: python3 run.py test [--all | --nightly] [--lint] [pytest's own arguments]

  --all       nothing may be left out, as with CI=true: an absent server is a failure; more of each search
  --nightly   the same with the greatest sizes: hours, not minutes
  --lint      only ruff and mypy
  With pytest arguments (a path, -k, -m, -x) the linters are left to the whole run.
"""
# What each asks of the tests: see tests/faults/sizes.py and `nothing_may_be_left_out`.
SIZES = {
    "--all": {"CI": "true", "ENSILINJA_WHOLE": "1"},
    "--nightly": {"CI": "true", "ENSILINJA_NIGHTLY": "1"},
}


def main(arguments: list[str]) -> int:
    """Runs everything even after a fault, so that one run shows all of them; 0 only when nothing failed."""
    if "--help" in arguments:
        print(USAGE, end="")
        return 0
    for asked in SIZES.keys() & set(arguments):
        os.environ |= SIZES[asked]
    rest = [argument for argument in arguments if argument not in ("--lint", *SIZES)]
    left_out = [f"left out: {reason}" for reason in look_around().missing().values()]
    for line in left_out:
        print(line, flush=True)
    if left_out and nothing_may_be_left_out():
        print("Nothing may be left out here; install what is missing and start again.")
        return 1
    failed = (
        [] if rest else [f"FAILED: {name}" for name, command in LINTERS.items() if not passes(name, command)]
    )
    if "--lint" in arguments:
        return len(failed) > 0
    if rest:
        return pytest(rest, notes=failed + left_out)
    return max(everything(notes=failed + left_out), len(failed) > 0)


def everything(*, notes: list[str]) -> int:
    """All parts of the suite, then the notes and how long each part took."""
    # Many servers start at the same time at first: none has to compile what all of them need.
    compileall.compile_dir(ROOT, quiet=2, rx=re.compile(r"/(\.venv|\.tools|\.git|var)/"), workers=0)
    codes, took = [], []
    for marks, how in parts().items():
        began = time.monotonic()
        codes.append(pytest(["-m", marks, *how], notes=[]))
        took.append(f"{time.monotonic() - began:4.0f} s: {marks}")
    for note in notes + took:
        print(note)
    return max(codes)


def parts() -> dict[str, list[str]]:
    """The suite's parts in their order, each by its marks, and how pytest runs it.

    Tests wait more than they work, so three run at a time on two cores. A file of ordinary tests stays
    together, for its tests share a server; in the order of the folders, so that the long files do not come
    last. Calls by telephone, which mostly wait, come by themselves, two at a time. The other fault tests are
    the reliability suites: those whose figures need the whole machine run alone, and at night all do.
    """
    ordinary = {"not faults": ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]}
    if size() == "nightly":
        return ordinary | {"faults": marked("faults")}
    return ordinary | {
        "telephone and not alone": ["-n", "2", "--dist", "load", *marked("telephone")],
        "faults and not alone and not telephone": ["-n", "3", "--dist", "load", *marked("faults")],
        "alone": marked("alone"),
    }


def marked(mark: str) -> list[str]:
    """The files with tests of this mark: half a minute of finding the others is saved."""
    return sorted(
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if f"mark.{mark}" in path.read_text(encoding="utf-8")
    )


def passes(name: str, command: list[str]) -> bool:
    print(f"--- {name}", flush=True)
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode == 0


def pytest(arguments: list[str], *, notes: list[str]) -> int:
    """The notes go into pytest's summary, where the reader looks."""
    print("--- pytest", flush=True)
    # Two workers must find the same tests in the same order, also where a set of names was laid out.
    environment = {**os.environ, "TEST_NOTES": "\n".join(notes), "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "pytest", "--durations=15", "--durations-min=5", "-rfER", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
