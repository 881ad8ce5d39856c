"""The everyday suite: the linters, then pytest with what this machine has.

Says by name what it leaves out; with --all or CI=true it refuses to leave anything out.
"""

import os
import subprocess
import sys
from pathlib import Path

from tools.machine import look_around, nothing_may_be_left_out

ROOT = Path(__file__).resolve().parent.parent
LINTERS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
}
USAGE = """\
usage: python3 run.py test [--all] [--lint] [pytest's own arguments]

  --all    nothing may be left out: an absent server is a failure (CI=true says the same)
  --lint   only ruff and mypy
  With pytest arguments (a path, -k, -m, -x) the linters are left to the whole run.
"""


def main(arguments: list[str]) -> int:
    """Runs everything even after a fault, so that one run shows all of them; 0 only when nothing failed."""
    if "--help" in arguments:
        print(USAGE, end="")
        return 0
    if "--all" in arguments:
        os.environ["CI"] = "true"
    rest = [argument for argument in arguments if argument not in ("--all", "--lint")]
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
    return pytest(rest, notes=failed + left_out) or len(failed) > 0


def passes(name: str, command: list[str]) -> bool:
    print(f"--- {name}", flush=True)
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode == 0


def pytest(arguments: list[str], *, notes: list[str]) -> int:
    """The notes go into pytest's summary, where the reader looks."""
    print("--- pytest", flush=True)
    environment = {**os.environ, "TEST_NOTES": "\n".join(notes)}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
