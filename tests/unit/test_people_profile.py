"""Simulated people follow the load profile, and the same seed plays the same people."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from core.catalogue import load_catalogue
from core.urgency import Urgency
from ensilinja.people import lines, profile
from ensilinja.people.profile import Way
from triage.definition import Subject
from triage.engine import evaluate, gate, next_question, ticked
from triage.loader import load

ROOT = Path(__file__).resolve().parents[2]
PROFILE = profile.read_profile((ROOT / "config" / "demo" / "load_profile.json").read_text(encoding="utf-8"))
FOLDER = ROOT / "config" / "oma-hame"
COUNTY = load_catalogue(FOLDER)
CONTENT = load(FOLDER / "triage", require_approval=False)
CLEAR = gate(CONTENT, ticked(CONTENT, (), ()))
TOPICS = tuple(CONTENT.topics)
PASSED = gate(CONTENT, ticked(CONTENT, (), ()))
MONDAY = datetime(2026, 11, 22, 22, tzinfo=UTC)  # midnight in Helsinki
WEEK = timedelta(days=7)


def people(seed: int, count: int = 300) -> list[profile.Person]:
    rng = Random(seed)
    return [profile.draw_person(rng, TOPICS) for _ in range(count)]


def test_shares_of_the_file_are_whole() -> None:
    assert sum(PROFILE.hours.values()) == pytest.approx(1.0, abs=0.02)
    assert sum(PROFILE.weekdays) == pytest.approx(1.0, abs=0.03)


def test_busiest_hour_is_monday_at_eight() -> None:
    hours = [MONDAY + timedelta(hours=hour) for hour in range(7 * 24)]
    busiest = max(hours, key=PROFILE.shape)

    assert busiest == MONDAY + timedelta(hours=8)
    assert PROFILE.shape(busiest) == 1.0
    assert PROFILE.shape(MONDAY + timedelta(hours=3)) == 0.0


def test_arrivals_follow_the_hours_and_the_weekdays() -> None:
    came = list(profile.spread(Random(1), PROFILE, MONDAY, 10, MONDAY + WEEK))
    local = [at.astimezone(profile.HELSINKI) for at in came]
    by_hour, by_day = Counter(at.hour for at in local), Counter(at.weekday() for at in local)

    assert len(came) > 5000
    for hour in range(24):
        assert by_hour[hour] / len(came) == pytest.approx(PROFILE.hours.get(hour, 0.0), abs=0.02)
    for day in range(7):
        assert by_day[day] / len(came) == pytest.approx(PROFILE.weekdays[day], abs=0.03)


def test_quiet_hours_of_a_demo_are_not_dead() -> None:
    night = MONDAY + timedelta(hours=3)
    rng, at = Random(2), night
    for _ in range(50):
        at = profile.next_arrival(rng, PROFILE, at, 8)

    assert timedelta(minutes=5) < at - night < timedelta(minutes=30)


def test_same_seed_plays_the_same_people() -> None:
    assert people(7) == people(7)
    assert people(7) != people(8)


def test_people_come_in_every_way_and_some_are_emergencies() -> None:
    drawn = people(3, 1000)
    ways = Counter(person.way for person in drawn)

    assert set(ways) == set(Way)
    assert ways[Way.CHAT] > ways[Way.CALLBACK] > ways[Way.HOLD]
    assert 0 < sum(person.emergency for person in drawn) < 80
    assert {person.then for person in drawn} == {"leave", "callback"}
    assert {person.answers_phone for person in drawn} == {"answers", "no_answer", "busy"}


def test_matters_are_harmless_topics_only() -> None:
    assert {person.topic for person in people(4)} <= set(lines.MATTERS)
    assert "suicidality" not in lines.MATTERS


@pytest.mark.parametrize("topic", sorted(set(TOPICS) & set(lines.MATTERS)))
def test_every_form_is_filled_to_its_end(topic: str) -> None:
    for seed in range(20):
        answers = profile.fill(Random(seed), CONTENT, topic)
        found = evaluate(CONTENT, topic, answers, Subject(), gate=CLEAR, finished=True)

        assert next_question(CONTENT, topic, answers, Subject()) is None
        assert found.level in Urgency


def test_emergencies_among_filled_forms_are_few() -> None:
    rng = Random(5)
    topics = [person.topic for person in people(5)]
    levels = [
        evaluate(CONTENT, topic, form, Subject(), gate=CLEAR, finished=True).level
        for topic, form in [(topic, profile.fill(rng, CONTENT, topic)) for topic in topics]
    ]

    assert levels.count(Urgency.EMERGENCY) < len(levels) / 4
    assert len(set(levels)) >= 4


def test_nurse_writes_two_to_five_lines() -> None:
    counts = {len(profile.draw_replies(Random(seed))) for seed in range(100)}

    assert counts == {2, 3, 4, 5}


@pytest.mark.parametrize("channel", ["chat", "callback", "call"])
def test_outcomes_are_plausible_and_mostly_resolved(channel: str) -> None:
    rng = Random(6)
    codes = [COUNTY.outcome(profile.draw_outcome(rng, COUNTY.outcomes, channel)) for _ in range(300)]

    assert all(code.by_professional and code.counts for code in codes)
    assert all(code.ends_callback for code in codes) or channel != "callback"
    assert "UNREACHED" not in {code.id for code in codes}
    assert 0.5 < sum(code.resolved for code in codes) / len(codes) < 0.95


@pytest.mark.parametrize(("people_count", "nurses"), [(1, 1), (6, 1), (7, 2), (8, 2), (60, 10)])
def test_one_nurse_for_six_people(people_count: int, nurses: int) -> None:
    assert profile.nurses_for(people_count) == nurses


@pytest.mark.parametrize("nurses", [1, 2, 3, 4, 9])
def test_nurses_together_serve_every_queue(nurses: int) -> None:
    queues = ["nurse", "physio", "mental", "dental", "maternity", "social", "info"]
    served = [profile.queues_of(place, nurses, queues) for place in range(nurses)]

    assert {queue for each in served for queue in each} == set(queues)
    assert all(each[0] == "nurse" for each in served)
