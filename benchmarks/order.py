"""Judges orders of the line on generated Mondays: `python -m benchmarks.order [--seeds N] [--out FILE]`.

Every order sees the same residents with the same patience and the same conversations. Prints the table of
`docs/decisions/` on the order; what was played already is read from FILE and not played again.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from core.catalogue import load_catalogue
from ensilinja.people.profile import read_profile
from ensilinja.simulation.figures import Outcome, outcome
from ensilinja.simulation.rules import RULES
from ensilinja.simulation.running import Scenario, play
from ensilinja.simulation.staffing import roster, thinned
from ensilinja.simulation.visits import a_day
from router.services import Services
from triage.loader import load

ROOT = Path(__file__).resolve().parent.parent
MONDAY, AFTER_EASTER = date(2026, 4, 20), date(2026, 4, 7)
FLOORS = (6, 18, 22, 28)
COUNT = 1190  # contacts of a Monday: 295,000 first contacts a year, 21 % of a week on Mondays
EASTER = 1.32  # of a usual day, on the day after Easter Monday (load profile)
AWAY = 0.15
DAYS = {
    "normal": (MONDAY, 1.0, 0.0),
    "after Easter": (AFTER_EASTER, EASTER, 0.0),
    "15 % away": (MONDAY, 1.0, AWAY),
}


def scenarios(seeds: int, services: Services) -> Iterator[tuple[dict[str, Any], Scenario]]:
    """Every day, floor, order and seed, seed by seed."""
    profile = read_profile((ROOT / "config" / "demo" / "load_profile.json").read_text("utf-8"))
    for seed in range(seeds):
        for kind, (day, factor, away) in DAYS.items():
            visits = a_day(f"order-{seed}", day, round(COUNT * factor), profile, services.catalogue)
            for floor in FLOORS:
                shifts = thinned(f"{seed}", roster(f"{seed}", day, floor, services.catalogue), away)
                for rule in RULES:
                    told = {"day": kind, "floor": floor, "rule": rule, "seed": seed}
                    yield (
                        told,
                        Scenario(
                            name=rule,
                            days=(day,),
                            seed=f"order-{seed}",
                            visits=visits,
                            shifts=shifts,
                            services=services,
                            rule=rule,
                        ),
                    )


def row(one: Outcome) -> dict[str, Any]:
    """What the table needs of a day."""
    return {
        "contacts": one.contacts,
        "kept": one.kept.percent,
        "level": one.shares["service_level"].percent,
        "left": one.shares["abandonment"].percent,
        "assessed": one.shares["assessed_same_day"].percent,
        "worst_min": one.worst_live_s / 60,
        "starved": one.starved,
        "waits": {"|".join(key): [w.n, w.mean_s, w.p90_s] for key, w in one.waits.items()},
    }


def played(seeds: int, out: Path) -> list[dict[str, Any]]:
    """The rows of every day, those in the file and those that were missing."""
    known = [json.loads(line) for line in out.read_text("utf-8").splitlines()] if out.exists() else []
    have = {(one["day"], one["floor"], one["rule"], one["seed"]) for one in known}
    folder = ROOT / "config" / "oma-hame"
    services = Services(
        catalogue=load_catalogue(folder), content=load(folder / "triage", require_approval=False)
    )
    for told, scenario in scenarios(seeds, services):
        if (told["day"], told["floor"], told["rule"], told["seed"]) in have:
            continue
        known.append(told | row(outcome(play(scenario))))
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(known[-1]) + "\n")
    return known


def mean(values: list[float | None]) -> str:
    """The mean and how far the seeds are apart."""
    found = [value for value in values if value is not None]
    if not found:
        return "-"
    apart = f" ±{(max(found) - min(found)) / 2:.1f}" if len(found) > 1 else ""
    return f"{statistics.fmean(found):.1f}{apart}"


def weighed(rows: list[dict[str, Any]], channel: str, which: int, levels: tuple[str, ...]) -> str:
    """Minutes of a channel's waits at these levels, weighed by how many there were."""
    found = [w for one in rows for key, w in one["waits"].items() if key.split("|")[0] == channel]
    keyed = [
        w
        for one in rows
        for key, w in one["waits"].items()
        if key.split("|")[0] == channel and key.split("|")[1] in levels
    ]
    chosen = keyed if levels else found
    total = sum(n for n, *_ in chosen)
    return f"{sum(w[0] * w[which] for w in chosen) / total / 60:.1f}" if total else "-"


URGENT = ("EMERGENCY", "ED", "SAME_DAY")
OTHER = ("DAYS_1_3", "NON_URGENT", "SELF_CARE")


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The table as Markdown."""
    heads = ["day", "floor", "order", "promises kept %", "in target %", "left %", "assessed same day %"]
    heads += [f"{c} {u} mean / p90 min" for c in ("chat", "call") for u in ("urgent", "other")]
    heads += ["callback mean / p90 min", "worst live wait min", "starved"]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for kind in DAYS:
        for floor in FLOORS:
            for rule in RULES:
                here = [r for r in rows if (r["day"], r["floor"], r["rule"]) == (kind, floor, rule)]
                if not here:
                    continue
                cells = [kind, str(floor), rule]
                cells += [mean([r[name] for r in here]) for name in ("kept", "level", "left", "assessed")]
                for channel in ("chat", "call"):
                    for levels in (URGENT, OTHER):
                        both = (weighed(here, channel, which, levels) for which in (1, 2))
                        cells.append(" / ".join(both))
                cells.append(" / ".join(weighed(here, "callback", which, ()) for which in (1, 2)))
                cells += [mean([r["worst_min"] for r in here]), mean([r["starved"] for r in here])]
                yield "| " + " | ".join(cells) + " |"


def main() -> None:
    """Plays what is missing and prints the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--out", type=Path, default=ROOT / "var" / "order.jsonl")
    given = asked.parse_args()
    given.out.parent.mkdir(exist_ok=True)
    for line in table(played(given.seeds, given.out)):
        print(line)


if __name__ == "__main__":
    main()
