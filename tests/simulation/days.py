"""Small simulated days for tests: every kind of trouble, few people."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from ensilinja.people.profile import read_profile
from ensilinja.simulation.running import Played, Scenario, play
from ensilinja.simulation.staffing import roster
from ensilinja.simulation.visits import Visit, Way, a_day
from tests.rooms import SERVICES
from tests.simulation.judging import Conservation, violations

PROFILE = read_profile((Path(__file__).resolve().parents[2] / "config/demo/load_profile.json").read_text())
TUESDAY = date(2026, 4, 7)


def a_scenario(
    seed: str, count: int = 60, staff: int = 5, days: tuple[date, ...] = (TUESDAY,), trouble: float = 0.0
) -> Scenario:
    """So many visits a day, so many professionals; with `trouble`, every third browser dies for so long."""
    visits = [visit for day in days for visit in a_day(f"{seed}", day, count, PROFILE, SERVICES.catalogue)]
    shifts = [shift for day in days for shift in roster(seed, day, staff, SERVICES.catalogue)]
    if trouble:
        shifts = [
            replace(shift, dies_at=shift.starts_at + timedelta(hours=1 + place), gone_s=trouble)
            if place % 3 == 0
            else shift
            for place, shift in enumerate(shifts)
        ]
    return Scenario(
        name=seed,
        days=days,
        seed=seed,
        visits=tuple(troubled(n, visit) if trouble else visit for n, visit in enumerate(visits, start=1)),
        shifts=tuple(shifts),
        services=SERVICES,
    )


def troubled(n: int, visit: Visit) -> Visit:
    """Some write of the same matter a minute later, some do not answer when they are called."""
    writes, answers = n % 3 == 0, "no_answer" if n % 4 == 0 else visit.answers_phone
    patience = 60.0 if writes and visit.way is Way.CALLBACK else visit.patience_s
    return replace(visit, n=n, also_writes=writes, answers_phone=answers, patience_s=patience)


def found(seed: str, *, by_services: bool = False, **more: int) -> list[str]:
    """What is wrong with a day of the seed."""
    return found_in(a_scenario(seed, trouble=150.0, **more), by_services=by_services)


def found_in(scenario: Scenario, *, by_services: bool = False) -> list[str]:
    """What is wrong with the scenario's day."""
    conservation = Conservation()
    played: Played = play(scenario, conservation, by_services=by_services)
    try:
        return [*violations(played), *conservation.found]
    finally:
        played.doors.close_all()
