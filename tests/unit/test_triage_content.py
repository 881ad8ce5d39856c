import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.urgency import Urgency
from triage import engine
from triage.definition import UNKNOWN, Content, GateResult, Kind, Question, Rule, Subject, Value
from triage.errors import ContentFaults
from triage.expressions import Literal, comparisons
from triage.loader import load

FOLDER = Path(__file__).parents[2] / "config" / "oma-hame" / "triage"
CONTENT = load(FOLDER, require_approval=False)
CLEAR = GateResult(level=None, fired=(), tags=frozenset())
ANYONE = Subject()
TOPICS = sorted(CONTENT.topics)
TRIES = 1500


def everything_asked(topic: str) -> list[Question]:
    """The questions of a topic, of where it leads, and the common ones."""
    targets = [rule.goto for rule in CONTENT.topic(topic).ruleset.rules if rule.goto]
    forms = [CONTENT.topic(each).questionnaire for each in (topic, *targets)]
    own = [question for form in forms for question in form.questions if not question.hidden]
    return [*own, *(q for q in CONTENT.common.questions if q.id not in CONTENT.roof)]


def some_value(question: Question, dice: random.Random, wanted: list[Literal]) -> Value:
    """A value near what a rule asks for, otherwise any."""
    number = question.kind in {Kind.INTEGER, Kind.DECIMAL}
    if wanted and dice.random() < 0.9:
        literal = dice.choice(wanted)
        if isinstance(literal, bool) or not number:
            return literal if isinstance(literal, bool) else str(literal)
        return within(question, float(literal) + dice.choice((-1, 0, 1)))
    if question.kind is Kind.BOOLEAN:
        return dice.random() < 0.5
    if question.kind is Kind.CHOICE:
        return dice.choice(question.options).code
    return within(question, dice.uniform(question.minimum or 0, question.maximum or 100))


def within(question: Question, number: float) -> Value:
    inside = min(max(number, question.minimum or 0), question.maximum or 100)
    return int(inside) if question.kind is Kind.INTEGER else inside


def quiet(question: Question) -> Value:
    """The answer of somebody who has nothing of the kind."""
    if question.kind is Kind.BOOLEAN:
        return question.id == "two_fingers"
    if question.kind is Kind.CHOICE:
        return "no" if question.id == "pregnant" else question.options[0].code
    return {"age": 30, "age_months": 6, "pain": 3, "fever_max": 38.2}.get(question.id, 3)


def read_by(topic: str, rule: Rule) -> dict[str, list[Literal]]:
    """The questions a rule reads, through scores and show-conditions, with the values it compares them to."""
    found: dict[str, list[Literal]] = {}
    for compare in comparisons(rule.expression):
        found.setdefault(compare.name, []).append(compare.literal)
    for score in CONTENT.topic(topic).ruleset.scores:
        if score.id in found:
            found |= {item: found.get(item, []) for item in score.items}
    for question in everything_asked(topic):
        if question.id in found:
            for condition in question.shown_when:
                found.setdefault(condition.question, [condition.value])
    return found


def answered(topic: str, seed: int) -> Iterator[tuple[dict[str, Value], engine.Result]]:
    """Random answers, each aimed at one of the rules in turn, with their results."""
    dice = random.Random(seed)
    asked = everything_asked(topic)
    aims = [read_by(topic, rule) for rule in (*CONTENT.topic(topic).ruleset.rules, *CONTENT.floor.rules)]
    for number in range(TRIES):
        aim, noise = aims[number % len(aims)], dice.choice((0.0, 0.1, 0.5))
        answers = {
            q.id: some_value(q, dice, aim.get(q.id, [])) if q.id in aim or dice.random() < noise else quiet(q)
            for q in asked
        }
        yield answers, engine.evaluate(CONTENT, topic, answers, ANYONE, gate=CLEAR, finished=True)


def names_the_level(rule: Rule, result: engine.Result, default: Urgency) -> bool:
    """Whether the result would be milder without this rule; below the default: whether it has its level."""
    if rule.level is None:
        return True
    if rule.level.rank >= default.rank:
        return result.level is rule.level
    others = [fired.level for fired in result.fired if fired.level is not None and fired.id != rule.id]
    return all(level.rank > rule.level.rank for level in others)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_rule_is_true_somewhere_false_somewhere_and_decisive_somewhere(topic: str) -> None:
    rules = {rule.id: rule for rule in CONTENT.topic(topic).ruleset.rules}
    default = CONTENT.topic(topic).default_level
    true: set[str] = set()
    false: set[str] = set()
    decisive: set[str] = set()
    for _, result in answered(topic, seed=7):
        here = {fired.id for fired in result.fired}
        true |= here
        false |= rules.keys() - here
        decisive |= {name for name in here & rules.keys() if names_the_level(rules[name], result, default)}
    assert rules.keys() - true == set()
    assert rules.keys() - decisive == set()
    assert rules.keys() - false == {name for name, rule in rules.items() if rule.when == "always"}


def test_every_floor_rule_is_decisive_somewhere() -> None:
    decisive: set[str] = set()
    for _, result in answered("general", seed=3):
        for rule in CONTENT.floor.rules:
            if rule.id in {f.id for f in result.fired} and names_the_level(rule, result, Urgency.NON_URGENT):
                decisive.add(rule.id)
    assert decisive == {rule.id for rule in CONTENT.floor.rules}


@pytest.mark.parametrize("topic", TOPICS)
def test_full_answers_are_complete(topic: str) -> None:
    assert all(result.complete for _, result in answered(topic, seed=5))


@pytest.mark.parametrize("topic", TOPICS)
def test_floor_holds_in_every_topic(topic: str) -> None:
    for answers, result in answered(topic, seed=11):
        low = (
            answers["poor_condition"] is True
            or int(str(answers["pain"])) >= 8
            or (answers["age"] == 0 and int(str(answers["age_months"])) < 3)
            or (answers["fever"] is True and answers["immunosuppressed"] is True)
        )
        if low:
            assert result.level.rank <= Urgency.SAME_DAY.rank, answers


@pytest.mark.parametrize("topic", ["suicidality", "chest_pain", "dental_swelling"])
def test_dangerous_topics_never_end_in_self_care_or_non_urgent(topic: str) -> None:
    levels = {result.level for _, result in answered(topic, seed=13)}
    assert levels.isdisjoint({Urgency.SELF_CARE, Urgency.NON_URGENT})


@pytest.mark.parametrize("topic", [t for t in TOPICS if CONTENT.topic(t).self_care and t != "general"])
def test_other_topics_reach_every_level_they_name(topic: str) -> None:
    named = {rule.level for rule in CONTENT.topic(topic).ruleset.rules if rule.level is not None}
    assert named <= {result.level for _, result in answered(topic, seed=17)}


@pytest.mark.parametrize("factor", ["urinary_disease", "immunosuppressed", "recurrent"])
def test_aggravating_factor_never_lowers_urinary_symptoms(factor: str) -> None:
    for answers, result in answered("uti", seed=19):
        worse = engine.evaluate(CONTENT, "uti", {**answers, factor: True}, ANYONE, gate=CLEAR, finished=True)
        assert worse.level.rank <= result.level.rank


def test_each_gate_item_ends_in_its_level() -> None:
    for question in CONTENT.gate.questions:
        result = engine.gate(CONTENT, frozenset({question.id}))
        expected = Urgency.ED if question.id == "gate_infant_fever" else Urgency.EMERGENCY
        assert result.level is expected
        assert result.fired == (question.id,)
        assert ("self_harm" in result.tags) == (question.id == "gate_suicide_now")


def test_page_left_without_ticks_is_clear() -> None:
    assert engine.gate(CONTENT, frozenset()) == CLEAR
    assert engine.gate(CONTENT, frozenset({"no_such_item"})) == CLEAR


@pytest.mark.parametrize("topic", TOPICS)
def test_person_can_answer_every_question_with_i_do_not_know(topic: str) -> None:
    answers: dict[str, Value] = {}
    for _ in range(60):
        question = engine.next_question(CONTENT, topic, answers, ANYONE)
        if question is None:
            break
        answers[question.id] = UNKNOWN
    assert engine.next_question(CONTENT, topic, answers, ANYONE) is None
    result = engine.evaluate(CONTENT, topic, answers, ANYONE, gate=CLEAR, finished=True)
    assert result.complete is False
    assert result.level is not Urgency.SELF_CARE


def test_example_content_is_refused_where_approval_is_required() -> None:
    with pytest.raises(ContentFaults) as refused:
        load(FOLDER, require_approval=True)
    files = {fault.source for fault in refused.value.faults}
    assert files == {f"{name}.rules.toml" for name in (*TOPICS, "gate", "common", "floor")}
    assert {fault.key for fault in refused.value.faults} == {"approved_by"}
    assert CONTENT.approved is False


def test_version_names_the_topic() -> None:
    content: Content = CONTENT
    assert content.version("uti").startswith("uti|")
