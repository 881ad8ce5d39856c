"""Makes docs/reliability.md: what is promised, which test judges it, what was seen last.

python -m tools.reliability_page          makes the page of what is kept
python -m tools.reliability_page --take   first takes in what this checkout's runs have seen
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
PROMISED = ROOT / "tests" / "faults" / "reliability.toml"
SEEN = ROOT / "tests" / "faults" / "seen.json"
RUNS = ROOT / "var" / "reliability.jsonl"
SIZES = ("everyday", "whole", "nightly")  # of two results the larger run's is told
CHECKERS = ROOT / "tests" / "faults"

Seen = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Writes the page, with `--take` after taking in what was seen."""
    if "--take" in arguments and RUNS.exists():
        kept = newest([*seen(), *map(json.loads, RUNS.read_text("utf-8").splitlines())])
        SEEN.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    PAGE.write_text(page(), "utf-8")
    return 0


def promised() -> dict[str, list[dict[str, Any]]]:
    """Faults, invariants and suites as data."""
    return tomllib.loads(PROMISED.read_text("utf-8"))


def seen() -> list[Seen]:
    """What has been kept of runs."""
    kept: list[Seen] = json.loads(SEEN.read_text("utf-8")) if SEEN.exists() else []
    return kept


def newest(results: Iterable[Seen]) -> list[Seen]:
    """Of each figure the last result of each size, in a fixed order."""
    last = {(one["id"], one["shape"], one["test"], one["size"]): one for one in results}
    return [last[key] for key in sorted(last)]


def page() -> str:
    """The page as it should be."""
    data = promised()
    told = largest(seen())
    parts = [
        HEAD,
        "## Faults\n\n| | Fault | Required | Seen | Judged by | Mutants |\n",
        "| --- | --- | --- | --- | --- | --- |\n",
        *(f"{row(one, told)}\n" for one in data["fault"]),
        "\n## Suites\n\n| | Suite | Seen | Tests | Mutants |\n| --- | --- | --- | --- | --- |\n",
        *(f"{row(one, told)}\n" for one in data["suite"]),
        "\n## Invariants\n\n| | Invariant | Checkers | Last result |\n| --- | --- | --- | --- |\n",
        *(f"{invariant(one, told)}\n" for one in data["invariant"]),
    ]
    return "".join(parts)


HEAD = """\
# Reliability

What is promised under faults, which test judges it, and what was seen last. Made by
`tools/reliability_page.py` from `tests/faults/reliability.toml` and from what the runs reported;
how to run them is in [testing](testing.md).
A result names the size of the run (everyday, whole as in CI, nightly), its day and the commit. 0/0/0: no
acknowledged write lost, none doubled, nobody held by two.

"""


def largest(results: Iterable[Seen]) -> dict[str, list[Seen]]:
    """By id what is told: of each figure the largest run's result."""
    best: dict[tuple[str, str, str], Seen] = {}
    for one in results:
        key = (one["id"], one["shape"], one["test"])
        if key not in best or SIZES.index(one["size"]) >= SIZES.index(best[key]["size"]):
            best[key] = one
    told: dict[str, list[Seen]] = {}
    for one in best.values():
        for name in one["id"].split(", "):
            told.setdefault(name, []).append(one)
    return told


def row(one: dict[str, Any], told: dict[str, list[Seen]]) -> str:
    """One fault or suite."""
    results = [seen for name in one.get("told_by", [one["id"]]) for seen in told.get(name, [])]
    figures = "<br>".join(map(figure, results)) or f"*{one.get('open', 'not run yet')}*"
    required = f" {one['required']} |" if "required" in one else ""
    tests = "<br>".join(f"`{path_of(test)}`" for test in dict.fromkeys(map(path_of, one.get("tests", []))))
    mutants = "<br>".join(f"`{path}`" for path in one.get("mutants", []))
    return f"| {one['id']} | {one['what']} |{required} {figures} | {tests} | {mutants} |"


def path_of(test: str) -> str:
    """The file of a test's name."""
    return test.partition("::")[0]


def figure(one: Seen) -> str:
    """A result in words."""
    return f"{one['shape']}: {words(one)} {when(one)}"


def words(one: Seen) -> str:
    """What was seen."""
    failed = "" if one["passed"] else "**failed** "
    return f"{failed}{one['seen'].replace('|', '/')}"


def when(one: Seen) -> str:
    """The run's size, day and commit."""
    return f"({one['size']}, {one['on']}, {one['commit']})"


def together(results: Iterable[Seen]) -> Iterator[str]:
    """The results in words; what many runs found alike is told once, with their names and how many each."""
    alike: dict[tuple[str, str], Counter[str]] = {}
    for one in results:
        alike.setdefault((words(one), when(one)), Counter())[one["shape"]] += 1
    for (seen, run), shapes in alike.items():
        names = [shape if count == 1 else f"{shape} ({count} runs)" for shape, count in shapes.items()]
        yield f"{seen} {run}: {'; '.join(names)}"


def invariant(one: dict[str, Any], told: dict[str, list[Seen]]) -> str:
    """One invariant: its checkers by their names, and what the suites found."""
    names = [name for name in checkers() if name.startswith(f"{one['id'].lower()}_")]
    judged = (
        "<br>".join(f"`{name}`" for name in [*names, *one.get("tests", [])]) or f"*{one.get('open', '')}*"
    )
    results = "<br>".join(together(told.get(one["id"], [])))
    return f"| {one['id']} | {one['what']} | {judged} | {results or '*not run yet*'} |"


def checkers() -> Iterator[str]:
    """The names of the judge's functions."""
    for path in sorted(CHECKERS.rglob("*.py")):
        for line in path.read_text("utf-8").splitlines():
            name = line.removeprefix("def ").partition("(")[0]
            if line.startswith("def i") and name[1:].partition("_")[0].isdigit():
                yield name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
