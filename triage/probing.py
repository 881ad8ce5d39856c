"""Finds faults of content by trying it: filled forms near every threshold, judged by the engine. Pure.

Takes a few hundredths of a second a topic: for `ensilinja triage check`, not for a start.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, pairwise, product
from operator import itemgetter

from core.faults import Fault
from core.urgency import Urgency
from triage.definition import (
    AGE,
    AGE_MONTHS,
    SEX,
    Answers,
    Content,
    GateResult,
    Kind,
    Question,
    Result,
    Rule,
    Score,
    Subject,
    Topic,
    Value,
)
from triage.engine import evaluate, gate, next_question, questions, ticked
from triage.environment import condition_of, reached, run
from triage.expressions import Compare, comparisons, names
from triage.possibility import likely_first, near_thresholds

MOST_FORMS = 24  # filled forms tried for one rule; more find nothing new in the shipped content
MOST_TRIED = 4000
MOST_FREED = 300
NOBODY = Subject()
# Mild answers where "no" and the least are not mild: a grown-up whom nothing in particular ails.
_MILD: Mapping[str, Value] = {AGE: 30, AGE_MONTHS: 8, SEX: "female", "fever_max": 38.2}
_WORSE: Mapping[str, tuple[Value, ...]] = {"pain": (1, 5, 9), "fever_max": (38.2, 39.2, 40.2)}


def probe(content: Content) -> list[Fault]:
    """What is wrong with each topic when it is filled in: forms that cannot be completed, rules that never
    decide, worrying answers that lower the level."""
    found = [fault for topic in content.topics.values() for fault in _probe_topic(content, topic)]
    return sorted(set(found), key=str)


def reachable(content: Content, topic: Topic) -> frozenset[Urgency]:
    """The levels that some complete form of the topic ends in."""
    levels = {_result(content, topic, mild(content, topic)).level}
    for rule in (*topic.ruleset.rules, *content.floor.rules):
        levels |= {_result(content, topic, form).level for form in forms(content, topic, rule)}
    return frozenset(levels)


def mild(content: Content, topic: Topic) -> dict[str, Value]:
    """The answers of somebody whom nothing ails, to every question of the topic and of where it leads."""
    relieving = _relieving(content, topic)
    return {question.id: _mild(question, relieving) for question in all_questions(content, topic)}


def calm_walk(content: Content, topic: Topic) -> dict[str, Value]:
    """The questions that one whom nothing ails is asked, in order, with her answers."""
    calm, answers = mild(content, topic), dict[str, Value]()
    while (question := next_question(content, topic.id, answers, NOBODY)) is not None:
        answers[question.id] = calm[question.id]
    return answers


def forms(content: Content, topic: Topic, rule: Rule) -> Iterator[dict[str, Value]]:
    """Filled forms in which the rule is true and all that it does not read is mild."""
    known, scores = _ground(content, topic.id)
    wanted = _wanted(rule, known, scores)
    domains = {
        name: likely_first(compared, _near(name, compared, known, scores))
        for name, compared in wanted.items()
    }
    base = mild(content, topic)
    found = 0
    for values in islice(product(*domains.values()), MOST_TRIED):
        form = with_values(content, topic, base, dict(zip(domains, values, strict=True)))
        _, readings = run(content, topic.id, form, NOBODY)
        if rule.test(readings.sure):
            yield form
            found += 1
            if found == MOST_FORMS:
                return


def varied(content: Content, topic: Topic, rule: Rule) -> Iterator[dict[str, Value]]:
    """The rule's forms, and each of them with one or two of the answers it reads changed."""
    known, scores = _ground(content, topic.id)
    wanted = _wanted(rule, known, scores)
    others = [(name, value) for name in wanted for value in _near(name, wanted[name], known, scores)]
    for form in forms(content, topic, rule):
        yield form
        for first in others:
            once = with_values(content, topic, form, dict([first]))
            yield once
            yield from (with_values(content, topic, once, dict([second])) for second in others)


def with_values(
    content: Content, topic: Topic, form: Answers, values: Mapping[str, Value]
) -> dict[str, Value]:
    """The form with these values of questions and of scores, whose items get the points."""
    known, scores = _ground(content, topic.id)
    found = dict(form)
    for name, value in values.items():
        found |= _points(scores[name], known, value) if name in scores else {name: value}
        if name == AGE_MONTHS and isinstance(value, int):
            found[AGE] = value // 12
    return found


def _probe_topic(content: Content, topic: Topic) -> Iterator[Fault]:
    if any(rule.goto is not None and rule.goto not in content.topics for rule in topic.ruleset.rules):
        return  # the inspector says so
    calm = mild(content, topic)
    if not _result(content, topic, calm).complete:
        yield _fault(topic, "rule", "cannot be completed: a rule reads what is never asked")
    tried: dict[frozenset[tuple[str, Value]], Urgency] = {}  # many rules come to the same forms
    yield from _lowered(content, topic, calm, tried)
    for rule in topic.ruleset.rules:
        made = list(forms(content, topic, rule))
        for form in made:
            yield from _lowered(content, topic, form, tried)
        if decisive(content, topic, rule, made) is None:
            yield _fault(topic, rule.id, "never decides: wherever it is true, another rule says as much")


def decisive(
    content: Content, topic: Topic, rule: Rule, made: Iterable[dict[str, Value]]
) -> dict[str, Value] | None:
    """Of the rule's forms one that it alone decides, or None; for a rule without a level any.

    Where another rule says as much, what that rule reads is changed until it no longer holds.
    """
    waiting = list(made)
    for form in waiting:  # grows below
        other = _other(content, topic, rule, form)
        if other is None:
            return form
        if len(waiting) < MOST_FREED:
            waiting += _without(content, topic, rule, other, form)
    return None


def _other(content: Content, topic: Topic, rule: Rule, form: Answers) -> Rule | None:
    """A rule that is true in the form and at least as urgent."""
    if rule.level is None:
        return None
    for other in _result(content, topic, form).fired:
        if other.id != rule.id and other.level is not None and other.level.rank <= rule.level.rank:
            return other
    return None


def _without(
    content: Content, topic: Topic, rule: Rule, other: Rule, form: dict[str, Value]
) -> Iterator[dict[str, Value]]:
    """The form changed in one answer so that the rule still holds and the other no longer does."""
    known, _ = _ground(content, topic.id)
    for name, compared in _wanted(other, known, {}).items():
        for value in _near(name, compared, known, {}) if name in known else ():
            changed = with_values(content, topic, form, {name: value})
            _, readings = run(content, topic.id, changed, NOBODY)
            if rule.test(readings.sure) and not other.test(readings.sure):
                yield changed


def _lowered(
    content: Content,
    topic: Topic,
    form: dict[str, Value],
    tried: dict[frozenset[tuple[str, Value]], Urgency],
) -> Iterator[Fault]:
    """Worrying answers that make the result milder than the reassuring ones in their place."""

    def level(filled: dict[str, Value]) -> Urgency:
        key = frozenset(filled.items())
        if key not in tried:
            tried[key] = _result(content, topic, filled).level
        return tried[key]

    relieving = _relieving(content, topic)
    for question in questions(content, topic.id, form, NOBODY):
        values = _from_best(question, relieving)
        levels = [level({**form, question.id: value}) for value in values]
        for better, worse in pairwise(levels):
            if worse.rank > better.rank:
                yield _fault(topic, question.id, f"the worrying answer lowers {better} to {worse}")


def _from_best(question: Question, relieving: frozenset[str]) -> tuple[Value, ...]:
    """Answers from the most reassuring to the most worrying; none where the question has no such order."""
    codes = [option.code for option in question.options]
    if question.kind is Kind.BOOLEAN:
        return (True, False) if question.id in relieving else (False, True)
    if question.ordinal:
        return tuple(sorted(codes, key=int))
    if question.kind is Kind.CHOICE and {"no", "yes"} <= set(codes):
        return ("no", "yes")
    return _WORSE.get(question.id, ())


def _result(content: Content, topic: Topic, form: Answers) -> Result:
    return evaluate(content, topic.id, form, NOBODY, gate=_calm_gate(content), finished=True)


@lru_cache(maxsize=8)
def _calm_gate(content: Content) -> GateResult:
    """No sign of danger is there."""
    return gate(content, ticked(content, (), ()))


@lru_cache(maxsize=256)
def _ground(content: Content, topic: str) -> tuple[Mapping[str, Question], Mapping[str, Score]]:
    """The questions and scores of a topic by id."""
    questions_ = {question.id: question for question in all_questions(content, content.topic(topic))}
    topics = reached(content, content.topic(topic))
    return questions_, {score.id: score for each in topics for score in each.ruleset.scores}


def all_questions(content: Content, topic: Topic) -> Iterator[Question]:
    """Every question that a form of the topic can hold: common ones, its own, and those of where it leads."""
    yield from content.common.questions
    for each in reached(content, topic):
        yield from (question for question in each.questionnaire.questions if not question.hidden)


def _relieving(content: Content, topic: Topic) -> frozenset[str]:
    return frozenset(name for each in reached(content, topic) for name in each.relieving)


def _mild(question: Question, relieving: frozenset[str]) -> Value:
    if question.id in _MILD:
        return _MILD[question.id]
    codes = [option.code for option in question.options]
    if question.kind is Kind.BOOLEAN:
        return question.id in relieving
    if codes:
        calm = next((code for code in ("no", "none") if code in codes), codes[0])
        code = min(codes, key=int) if question.ordinal else calm
        return (code,) if question.kind is Kind.MULTICHOICE else code
    if question.kind in {Kind.INTEGER, Kind.DECIMAL}:
        return max(1, int(question.minimum or 0))
    return "-"


def _wanted(
    rule: Rule, known: Mapping[str, Question], scores: Mapping[str, Score]
) -> dict[str, list[Compare]]:
    """What decides whether the rule is true: the names it reads, and those that show their questions."""
    found: dict[str, list[Compare]] = {}
    waiting = list(comparisons(rule.expression))
    while waiting:
        compare = waiting.pop(0)
        fresh = compare.name not in found
        found.setdefault(compare.name, []).append(compare)
        shown_by = condition_of(known[compare.name]) if fresh and compare.name in known else None
        if shown_by is not None and compare.name != AGE_MONTHS and not set(names(shown_by)) & set(scores):
            waiting += comparisons(shown_by)
    return found


def _near(
    name: str, compared: list[Compare], known: Mapping[str, Question], scores: Mapping[str, Score]
) -> tuple[Value, ...]:
    if name in scores:
        most = sum(_weights(known[item])[-1][0] for item in scores[name].items)
        return tuple(int(n) for n in near_thresholds(compared, 1) if 0 <= n <= most)
    question = known[name]
    match question.kind:
        case Kind.BOOLEAN:
            return (True, False)
        case Kind.CHOICE:
            return tuple(option.code for option in question.options)
        case Kind.MULTICHOICE:
            return tuple((option.code,) for option in question.options)
        case _:
            step = 1 if question.kind is Kind.INTEGER else 0.1
            low, high = question.minimum or 0, question.maximum or 1_000_000
            near = (n for n in near_thresholds(compared, step) if low <= n <= high)
            return tuple(int(n) if question.kind is Kind.INTEGER else round(n, 1) for n in near)


def _points(score: Score, known: Mapping[str, Question], total: Value) -> dict[str, Value]:
    """Answers to the score's items that add up to the total, the first items taking most."""
    left = int(total) if isinstance(total, int | float) else 0
    form: dict[str, Value] = {}
    for item in score.items:
        points, value = max((pair for pair in _weights(known[item]) if pair[0] <= left), key=itemgetter(0))
        form[item] = value
        left -= points
    return form


def _weights(question: Question) -> list[tuple[int, Value]]:
    if not question.options:
        return [(0, False), (1, True)]
    return sorted(
        (int(o.code) if o.weight is None and o.code.isdecimal() else o.weight or 0, o.code)
        for o in question.options
    )


def _fault(topic: Topic, key: str, message: str) -> Fault:
    return Fault(source=f"{topic.id}.rules.toml", key=key, message=message)
