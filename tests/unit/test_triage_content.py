"""The shipped questionnaires, rule by rule: each is tried where it holds and where it does not."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product
from pathlib import Path

import pytest

from core.urgency import Urgency
from triage import engine, probing
from triage.boundaries import Boundary
from triage.checking import read_boundaries
from triage.definition import UNKNOWN, GateResult, Kind, Result, Rule, Subject, Topic, Value
from triage.errors import ContentFaults
from triage.loader import load

FOLDER = Path(__file__).parents[2] / "config" / "oma-hame" / "triage"
CONTENT = load(FOLDER, require_approval=False)
CLEAR = GateResult(level=None, fired=(), tags=frozenset(), complete=True)
ANYONE = Subject()
TOPICS = sorted(CONTENT.topics)
BOUNDARIES = read_boundaries(FOLDER)
ASKED_OF = 54  # topics shipped; more is welcome, fewer is a loss


def judged(topic: str, form: dict[str, Value]) -> Result:
    return engine.evaluate(CONTENT, topic, form, ANYONE, gate=CLEAR, finished=True)


@lru_cache
def forms(topic: str) -> tuple[dict[str, Value], ...]:
    """The mild form, and for each rule up to eight in which it is true."""
    found = [probing.mild(CONTENT, CONTENT.topic(topic))]
    for rule in (*CONTENT.topic(topic).ruleset.rules, *CONTENT.floor.rules):
        made = list(probing.forms(CONTENT, CONTENT.topic(topic), rule))
        alone = probing.decisive(CONTENT, CONTENT.topic(topic), rule, made)
        found += made[:8] if alone is None else [*made[:8], alone]
    return tuple(found)


@lru_cache
def levels(topic: str) -> tuple[Urgency, ...]:
    """What each of the forms comes to."""
    return tuple(judged(topic, form).level for form in forms(topic))


def names_the_level(rule: Rule, result: Result, topic: Topic) -> bool:
    """Whether the result would be milder without this rule; below the default: whether it has its level."""
    if rule.level is None:
        return True
    if rule.level.rank >= topic.default_level.rank:
        return result.level is rule.level
    others = [fired.level for fired in result.fired if fired.level is not None and fired.id != rule.id]
    return all(level.rank > rule.level.rank for level in others)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_rule_is_true_somewhere_false_somewhere_and_decisive_somewhere(topic: str) -> None:
    rules = {rule.id: rule for rule in CONTENT.topic(topic).ruleset.rules}
    true: set[str] = set()
    false: set[str] = set()
    decisive: set[str] = set()
    for form in forms(topic):
        result = judged(topic, form)
        here = {fired.id for fired in result.fired}
        true |= here
        false |= rules.keys() - here
        names = here & rules.keys()
        decisive |= {name for name in names if names_the_level(rules[name], result, CONTENT.topic(topic))}

    for name in rules.keys() - false:  # true of whom nothing ails: what it reads is changed
        varied = islice(probing.varied(CONTENT, CONTENT.topic(topic), rules[name]), 300)
        if any(name not in {fired.id for fired in judged(topic, form).fired} for form in varied):
            false.add(name)

    assert rules.keys() - true == set()
    assert rules.keys() - decisive == set()
    assert rules.keys() - false == {name for name, rule in rules.items() if rule.when == "always"}


def test_every_floor_rule_is_decisive_somewhere() -> None:
    decisive: set[str] = set()
    for name, rule in product(("general", "uti"), CONTENT.floor.rules):
        topic = CONTENT.topic(name)
        if probing.decisive(CONTENT, topic, rule, probing.forms(CONTENT, topic, rule)) is not None:
            decisive.add(rule.id)
    assert decisive == {rule.id for rule in CONTENT.floor.rules}


@pytest.mark.parametrize("case", BOUNDARIES, ids=lambda case: f"{case.rule}-{case.name}-{case.number:g}")
def test_rule_turns_at_its_number(case: Boundary) -> None:
    topic = CONTENT.topic(case.topic)
    base = probing.mild(CONTENT, topic) | dict(case.given)
    decimal = any(
        question.id == case.name and question.kind is Kind.DECIMAL
        for question in probing.all_questions(CONTENT, topic)
    )
    for number, is_true in case.tries:
        value: Value = number if decimal else int(number)
        form = probing.with_values(CONTENT, topic, base, {case.name: value})
        if case.name in form and isinstance(base.get(case.name), str):
            form[case.name] = str(value)
        assert (case.rule in {rule.id for rule in judged(case.topic, form).fired}) is is_true, number


@pytest.mark.parametrize("topic", TOPICS)
def test_full_answers_are_complete(topic: str) -> None:
    assert all(judged(topic, form).complete for form in forms(topic))


WORSE: tuple[dict[str, Value], ...] = (
    {"poor_condition": True},
    {"pain": 8},
    {"age": 0, "age_months": 2},
    {"fever": True, "fever_max": 38.0, "immunosuppressed": True},
    {"fever": True, "fever_max": 38.0, "sex": "female", "age": 30, "pregnant": "yes"},
    {"fever": True, "fever_max": 38.0, "sex": "female", "age": 30, "pregnant": "unsure"},
)


@pytest.mark.parametrize("topic", TOPICS)
def test_floor_holds_in_every_topic(topic: str) -> None:
    for form in forms(topic):
        for worse in WORSE:
            level = judged(topic, form | worse).level
            assert level.rank <= Urgency.SAME_DAY.rank, (worse, form)


@pytest.mark.parametrize("topic", TOPICS)
def test_floor_never_makes_milder(topic: str) -> None:
    for form, before in zip(forms(topic), levels(topic), strict=True):
        for worse in WORSE[:2]:
            assert judged(topic, form | worse).level.rank <= before.rank, (worse, form)


SHORT = ("chest_pain", "suicidality", "dental_swelling", "dental_trauma", "crisis")


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if not CONTENT.topic(topic).self_care])
def test_topic_without_self_care_never_ends_there(topic: str) -> None:
    assert Urgency.SELF_CARE not in levels(topic)


def test_topics_named_dangerous_have_no_self_care() -> None:
    assert not any(CONTENT.topic(topic).self_care for topic in SHORT)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_level_that_a_rule_names_is_reached(topic: str) -> None:
    named = {rule.level for rule in CONTENT.topic(topic).ruleset.rules if rule.level is not None}
    assert named <= set(levels(topic))


@pytest.mark.parametrize("factor", ["urinary_disease", "immunosuppressed", "recurrent"])
def test_aggravating_factor_never_lowers_urinary_symptoms(factor: str) -> None:
    for form in forms("uti"):
        assert judged("uti", {**form, factor: True}).level.rank <= judged("uti", form).level.rank


def test_man_is_not_milder_than_a_healthy_woman_in_urinary_symptoms() -> None:
    for form in forms("uti"):
        woman = judged("uti", {**form, "sex": "female", "pregnant": "no"}).level
        assert judged("uti", {**form, "sex": "male"}).level.rank <= woman.rank


@pytest.mark.parametrize("thinner", [True, UNKNOWN])
def test_bleeding_after_an_extraction_is_no_milder_with_a_blood_thinner(thinner: Value) -> None:
    for form in forms("dental_bleeding"):
        plain = judged("dental_bleeding", {**form, "anticoagulant": False}).level
        assert judged("dental_bleeding", {**form, "anticoagulant": thinner}).level.rank <= plain.rank


def asks(topic: str) -> set[str]:
    return {*CONTENT.topic(topic).uses, *CONTENT.topic(topic).uses_last}


INJURIES = [topic for topic in TOPICS if CONTENT.topic(topic).group == "injury" and topic != "poisoning"]


@pytest.mark.parametrize("topic", [*INJURIES, "dental_bleeding", "knee", "ankle", "headache", "anal"])
def test_blood_thinner_is_asked_in_every_injury_and_bleeding(topic: str) -> None:
    assert "anticoagulant" in asks(topic)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if CONTENT.topic(topic).group == "infection"])
def test_weak_immune_system_is_asked_in_every_infection(topic: str) -> None:
    assert "immunosuppressed" in asks(topic)


@pytest.mark.parametrize("topic", ["headache", "belly_pain", "gastro", "uti"])
def test_pregnancy_is_asked_where_it_changes_the_level(topic: str) -> None:
    assert "pregnant" in asks(topic)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if "fever" in asks(topic)])
def test_fever_of_exactly_38_in_a_young_baby_is_for_the_emergency_duty(topic: str) -> None:
    form = probing.mild(CONTENT, CONTENT.topic(topic))
    baby = form | {"age": 0, "age_months": 2, "fever": True, "fever_max": 38.0}
    assert judged(topic, baby).level.rank <= Urgency.ED.rank


def items() -> Iterator[tuple[str, Urgency]]:
    for form, ruleset in CONTENT.gates:
        for question, rule in zip(form.questions, ruleset.rules, strict=True):
            assert rule.level is not None
            yield question.id, rule.level


@pytest.mark.parametrize(("item", "level"), list(items()))
def test_each_gate_item_ends_in_its_level(item: str, level: Urgency) -> None:
    answers = engine.ticked(CONTENT, (), ()) | {item: True}

    result = engine.gate(CONTENT, answers)

    assert (result.level, result.fired, result.complete) == (level, (item,), True)
    assert ("self_harm" in result.tags) == (item in {"gate_suicide_now", "past_self_harm"})
    assert level in {Urgency.EMERGENCY, Urgency.ED}


def test_page_left_without_ticks_is_clear() -> None:
    assert engine.gate(CONTENT, engine.ticked(CONTENT, (), ())) == CLEAR
    assert engine.gate(CONTENT, engine.ticked(CONTENT, {"no_such_item"}, ())) == CLEAR


@pytest.mark.parametrize("item", [item for item, _ in items()])
def test_unanswered_sign_of_danger_keeps_the_form_open(item: str) -> None:
    said = {name: value for name, value in engine.ticked(CONTENT, (), ()).items() if name != item}
    form = probing.mild(CONTENT, CONTENT.topic("uti"))

    result = engine.evaluate(CONTENT, "uti", form, ANYONE, gate=engine.gate(CONTENT, said), finished=True)

    assert not result.complete


@pytest.mark.parametrize("topic", TOPICS)
def test_person_can_answer_every_question_with_i_do_not_know(topic: str) -> None:
    answers: dict[str, Value] = {}
    for _ in range(80):
        question = engine.next_question(CONTENT, topic, answers, ANYONE)
        if question is None:
            break
        answers[question.id] = UNKNOWN
    assert engine.next_question(CONTENT, topic, answers, ANYONE) is None
    result = judged(topic, answers)
    assert result.complete is (result.level is Urgency.EMERGENCY)
    assert result.level is not Urgency.SELF_CARE


def test_example_content_is_refused_where_approval_is_required() -> None:
    with pytest.raises(ContentFaults) as refused:
        load(FOLDER, require_approval=True)
    files = {fault.source for fault in refused.value.faults}
    assert files == {f"{name}.rules.toml" for name in (*TOPICS, "gate", "past", "common", "floor")}
    assert {fault.key for fault in refused.value.faults} == {"approved_by"}
    assert CONTENT.approved is False


def test_version_names_the_topic() -> None:
    assert CONTENT.topic("uti").canonical.startswith("uti|")


def test_no_topic_is_lost() -> None:
    assert len(TOPICS) >= ASKED_OF


@pytest.mark.parametrize("topic", TOPICS)
def test_well_grown_up_is_asked_a_bearable_number_of_questions(topic: str) -> None:
    assert len(probing.calm_walk(CONTENT, CONTENT.topic(topic))) <= 22
