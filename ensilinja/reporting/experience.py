"""What residents answered to the question by text, by quarter and queue: the figure `nps`. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.county import Catalogue, LocalText
from core.hours import local_date
from ensilinja.reporting import kpis
from ensilinja.reporting.definitions import DEFINITIONS
from ensilinja.reporting.facts import Fact
from ensilinja.reporting.kpis import Period, Terms
from ensilinja.reporting.numbers import Recommended

DEFINITION = DEFINITIONS["nps"]
QUARTERS = 5  # this one, and as many as make the same one of the year before
COLUMNS = ("kausi", "jono", "nps", "n", "kysytty", "vastausosuus_%", "tavoite", "versio", "maaritelma")

Quarter = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """One queue's figures by quarter, in the order of `quarters`; `name` is None for all queues together."""

    name: LocalText | None
    figures: tuple[Recommended, ...]


def quarters(now: datetime) -> list[Quarter]:
    """The last quarters of the Helsinki calendar, this one last."""
    day = local_date(now)
    newest = day.year * 4 + (day.month - 1) // 3
    return [(each // 4, each % 4 + 1) for each in range(newest - QUARTERS + 1, newest + 1)]


def span(now: datetime) -> Period:
    """From the first of the quarters to the end of the last."""
    first, *_, last = quarters(now)
    return Period(start=kpis.quarter(*first).start, end=kpis.quarter(*last).end)


def by_quarter(facts: Iterable[Fact], catalogue: Catalogue, now: datetime) -> list[Experience]:
    """All queues together, then each queue that closed a contact whose resident was asked."""
    given = list(facts)
    parts = kpis.by_queue(given, lambda fact: fact.queue)
    named = [(queue.name, parts[queue.id]) for queue in catalogue.queues if queue.id in parts]
    return [
        Experience(name=name, figures=tuple(figures(part, catalogue, now)))
        for name, part in [(None, given), *named]
    ]


def figures(facts: Sequence[Fact], catalogue: Catalogue, now: datetime) -> Iterable[Recommended]:
    """The figure of each quarter."""
    for each in quarters(now):
        terms = Terms(catalogue=catalogue, period=kpis.quarter(*each), now=now)
        yield kpis.nps(facts, terms)


def export(rows: Iterable[Experience], now: datetime, whole: str, lang: str) -> str:
    """The same as CSV, a line for each queue and quarter in which somebody was asked: `;` and decimal commas.

    `whole` names all queues together. The definition is in each line, so that it goes where the figure goes.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        name = whole if row.name is None else row.name.get(lang)
        for (year, number), found in zip(quarters(now), row.figures, strict=True):
            if found.asked:
                shares = (decimal(found.value), found.n, found.asked, decimal(found.answered_percent))
                about = (decimal(DEFINITION.target), DEFINITION.version, DEFINITION.formula)
                writer.writerow((f"{year}/{number}", name, *shares, *about))
    return out.getvalue()


def decimal(value: float | None) -> str:
    """A number with one decimal and a comma; empty where there is none."""
    return "" if value is None else f"{value:.1f}".replace(".", ",")
