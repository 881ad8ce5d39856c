"""Whole days of the line on simulated time: no invariant is violated, and each broken rule is seen."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from core.errors import EnsilinjaError
from core.hours import HELSINKI, is_open
from ensilinja.simulation.running import Played, play
from ensilinja.simulation.visits import Way, calls_of_a_day
from queues import dispatch, offering, transitions
from tests.faults.sizes import sized
from tests.faults.telling import report
from tests.mutants.line_rules import DECIDING, STORED
from tests.rooms import SERVICES
from tests.simulation.days import a_scenario, found, found_in
from tests.simulation.judging import Conservation, violations

FAILED = (Path(__file__).parent / "failed_seeds.txt").read_text("utf-8").split()
SEEDS = [f"day-{number}" for number in range(sized(5, 10, 200))]
BOTH = [f"both-{number}" for number in range(sized(2, 3, 20))]
TRIES = 6
UNTOLD = ("chat.message", "chat.presence")
OWN_NUMBERS = frozenset(
    {"attempt", "promise", "outcome", "assessment", "entry", "shift", "call", "order", "seq", "overtook"}
)
TIMES = {
    "midsummer": (date(2026, 6, 18), date(2026, 6, 19), date(2026, 6, 20)),
    "clocks back": (date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26)),
    "clocks forward at Easter": (date(2027, 3, 26), date(2027, 3, 28), date(2027, 3, 29), date(2027, 3, 30)),
    "year turns": (date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)),
}


def test_days_violate_nothing() -> None:
    contacts, wrong = 0, {}
    for seed in [*FAILED, *SEEDS]:
        look = Conservation()
        played = play(a_scenario(seed, count=100, staff=5, trouble=150.0), look)
        contacts += len(played.standing.places)
        faults = [*violations(played), *look.found]
        if faults:
            wrong[seed] = faults[:5]
    seeds = len(FAILED) + len(SEEDS)
    report("T6", "simulated", f"{seeds} seeds, {contacts} contacts, {len(wrong)} days with a violation")

    assert {} == wrong, f"add to tests/simulation/failed_seeds.txt: {' '.join(wrong)}"


@pytest.mark.parametrize("seed", BOTH)
def test_days_by_the_services_violate_nothing_and_are_told_alike_in_memory(seed: str) -> None:
    scenario = a_scenario(seed, count=40, staff=4, trouble=150.0)
    by_services = play(scenario, by_services=True)

    assert [] == found_in(scenario, by_services=True)
    assert told(play(scenario)) == told(by_services)
    by_services.doors.close_all()


def told(played: Played) -> list[tuple[object, ...]]:
    """The story of a day without what the store numbers for itself."""
    return [
        (e.at, e.contact, e.staff, e.type, e.actor, {k: v for k, v in e.data.items() if k not in OWN_NUMBERS})
        for e in played.world.recorded
        if e.type not in UNTOLD
    ]


def test_the_same_seed_is_the_same_day_byte_for_byte() -> None:
    first, second, other = (play(a_scenario(seed)).world.log() for seed in ("a", "a", "b"))

    assert first == second
    assert first != other


@pytest.mark.parametrize("name", TIMES)
def test_nights_clock_changes_and_holidays_move_no_deadline(name: str) -> None:
    played = play(a_scenario(f"times-{name}", count=60, staff=5, days=TIMES[name], trouble=150.0))
    promises = sum(event.type == "promise.made" for event in played.world.recorded)

    faults = found_in(played.scenario)
    report("F34", "simulated", f"{name}: {len(TIMES[name])} days, {promises} promises, {len(faults)} wrong")

    assert [] == faults


@pytest.mark.parametrize("name", DECIDING)
def test_a_broken_rule_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    DECIDING[name](monkeypatch)

    assert seen_within(TRIES, by_services=False)


@pytest.mark.parametrize("name", STORED)
def test_a_broken_service_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    STORED[name](monkeypatch)
    forget_statements()
    try:
        assert seen_within(TRIES, by_services=True)
    finally:
        forget_statements()


def forget_statements() -> None:
    """What was made once is made anew, of the rules as they are now."""
    dispatch.heads.cache_clear()
    dispatch.heads_in_branches.cache_clear()
    offering.offering.cache_clear()
    transitions.changing.cache_clear()


def seen_within(tries: int, *, by_services: bool) -> bool:
    """Whether one of the first days shows it; a refusal of the database or a crash shows it as well."""
    count, staff = (30, 3) if by_services else (150, 7)
    try:
        return any(found(f"day-{n}", by_services=by_services, count=count, staff=staff) for n in range(tries))
    except (EnsilinjaError, IntegrityError):
        return True


def test_so_many_calls_come_in_every_hour_in_which_lines_are_open() -> None:
    monday = date(2026, 11, 30)

    calls = calls_of_a_day("1", monday, 20, SERVICES.catalogue)

    hours = Counter(call.at.astimezone(HELSINKI).hour for call in calls)
    lines = {line.id: line for line in SERVICES.catalogue.lines}
    assert set(hours) == set(range(8, 16)) and set(hours.values()) == {20}
    assert all(call.line and is_open(lines[call.line].hours, call.at) for call in calls)
    assert {call.way for call in calls} == {Way.CALLBACK, Way.HOLD}
    assert calls_of_a_day("1", date(2026, 12, 6), 20, SERVICES.catalogue) == ()
