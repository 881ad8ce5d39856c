"""The command: plays a day under several staffings and orders and tells them side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.catalogue import load_catalogue
from core.county import Catalogue
from core.text import Texts
from ensilinja.people.profile import read_profile
from ensilinja.simulation import recording, telling
from ensilinja.simulation.asked import staffing, with_order, with_targets
from ensilinja.simulation.figures import outcome
from ensilinja.simulation.running import Scenario, play
from ensilinja.simulation.visits import Coming, Visit, a_day, calls_of_a_day, visit_of
from router.services import Services
from triage.definition import Content
from triage.loader import load

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "config" / "demo" / "load_profile.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for on the command line."""

    day: date
    agents: Sequence[str]
    rules: Sequence[str]
    targets: Sequence[str] = ()
    contacts: int = 1200
    calls_per_hour: int | None = None
    seed: str = "1"
    record: Path | None = None
    save: Path | None = None
    plot: Path | None = None
    lang: str = "fi"


def simulate(wish: Wish, county: Path, stored: Callable[[Catalogue], list[Coming]] | None = None) -> str:
    """The table of all scenarios; writes the chart and the arrivals where asked.

    Arrivals are those of the store, of a file, or generated. Raises Invalid for what cannot be played.
    """
    catalogue = with_targets(load_catalogue(county), wish.targets)
    content = load(county / "triage", require_approval=False)
    visits = visits_of(wish, catalogue, stored)
    if wish.save is not None:
        recording.write(wish.save, [coming_of(visit) for visit in visits])
    texts = Texts.load(ROOT / "ensilinja" / "locale")
    outcomes = [
        outcome(play(scenario_of(wish, agents, order, visits, catalogue, content=content, texts=texts)))
        for agents in wish.agents
        for order in wish.rules
    ]
    if wish.plot is not None:
        wish.plot.write_text(telling.chart(outcomes, texts, wish.lang), encoding="utf-8")
    return telling.table(outcomes, wish.day, texts, wish.lang)


def visits_of(
    wish: Wish, catalogue: Catalogue, stored: Callable[[Catalogue], list[Coming]] | None
) -> tuple[Visit, ...]:
    """Who comes: recorded arrivals with invented people, or an invented day."""
    if stored is None and wish.record is None:
        if wish.calls_per_hour is not None:
            return calls_of_a_day(wish.seed, wish.day, wish.calls_per_hour, catalogue)
        profile = read_profile(PROFILE.read_text("utf-8"))
        return a_day(wish.seed, wish.day, wish.contacts, profile, catalogue)
    comings = stored(catalogue) if stored is not None else recording.read(wish.record or Path())
    return tuple(visit_of(wish.seed, n, coming) for n, coming in enumerate(comings, start=1))


def scenario_of(
    wish: Wish,
    agents: str,
    order: str,
    visits: tuple[Visit, ...],
    catalogue: Catalogue,
    *,
    content: Content,
    texts: Texts,
) -> Scenario:
    """One column of the table."""
    county, rule = with_order(catalogue, order)
    told = texts.get(wish.lang, f"simulation.rule.{order}")
    return Scenario(
        name=texts.get(wish.lang, "simulation.scenario", agents=agents, rule=told),
        days=(wish.day,),
        seed=wish.seed,
        visits=visits,
        shifts=staffing(agents, catalogue).shifts(wish.seed, wish.day, county),
        services=Services(catalogue=county, content=content),
        rule=rule,
    )


def coming_of(visit: Visit) -> Coming:
    """The arrival of a visit, to the minute and without its person."""
    at = visit.at.replace(second=0, microsecond=0)
    return Coming(at=at, way=visit.way, queue=visit.queue, line=visit.line, urgency=visit.urgency)
