"""The values rules are judged on: what is asked, in which order, and what the answers mean.

All that can be known of a set of topics without answers is worked out once, in `scope_of`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.urgency import Urgency
from triage.answers import Read, hidden_value, reader
from triage.definition import (
    AGE,
    AGE_MONTHS,
    IDENTITY,
    SEX,
    Answers,
    Content,
    Kind,
    Question,
    Questionnaire,
    Rule,
    Score,
    Subject,
    Topic,
)
from triage.expressions import (
    Compare,
    Every,
    Expression,
    Some,
    comparisons,
    compiled,
    compiled_together,
    names,
)
from triage.readings import NOTHING, PLAIN, Readings, Span, Test

NO_LEVEL = len(Urgency)  # the rank of a rule without a level: after all levels
FLOOR = -1  # the place of the floor's rules, which are no topic's


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question to read, or one score to compute, in the order of asking."""

    name: str
    question: Question | None
    shown: Test | None
    read: Read
    hidden: object
    score: Callable[[Readings], object | None] | None = None
    identity: bool = False


Row = tuple[Rule, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Topics that run together with what they ask and how it is judged.

    Every step stands either in `booleans`, `plain` (both read in any order) or `dependent` (read after
    them, in order; also age and sex where they are not asked but may be known). `rows` are all rules, most
    urgent first, with the rank (NO_LEVEL without a level) and the topic's place or FLOOR; `judge` gives
    their truths. `most_months` is the greatest age in months that a rule compares to.
    """

    topics: tuple[Topic, ...]
    steps: tuple[Step, ...]
    booleans: tuple[str, ...]
    plain: tuple[tuple[str, Read], ...]
    dependent: tuple[Step, ...]
    not_applicable: tuple[Step, ...]
    gotos: tuple[Rule, ...]
    rows: tuple[Row, ...]
    judge: Callable[[Mapping[str, Any]], tuple[bool, ...]]
    most_months: float

    def ids(self) -> tuple[str, ...]:
        """The topics' ids, the one started from first."""
        return tuple(topic.id for topic in self.topics)


def run(content: Content, topic: str, answers: Answers, subject: Subject) -> tuple[Scope, Readings]:
    """The topics these answers lead through and the values of all that they ask."""
    scope = scope_of(content, (content.topic(topic).id,))
    readings = _read(scope, answers, subject)
    while scope.gotos and (found := tuple(targets(scope, readings, True))):
        scope = scope_of(content, (*scope.ids(), *found))
        readings = _read(scope, answers, subject)
    return scope, readings


def reached(content: Content, topic: Topic) -> tuple[Topic, ...]:
    """The topic and all it can lead to."""
    found = {topic.id: topic}
    waiting = [topic]
    while waiting:
        for rule in waiting.pop().ruleset.rules:
            if rule.goto is not None and rule.goto not in found and rule.goto in content.topics:
                found[rule.goto] = content.topic(rule.goto)
                waiting.append(found[rule.goto])
    return tuple(found.values())


def targets(scope: Scope, readings: Readings, truth: bool | None) -> Iterator[str]:
    """The topics not yet run whose GOTO has this truth, each once."""
    ids = set(scope.ids())
    for rule in scope.gotos:
        if rule.goto is not None and rule.goto not in ids and readings.truth(rule.test) is truth:
            ids.add(rule.goto)
            yield rule.goto


def asked(scope: Scope, readings: Readings, subject: Subject) -> Iterator[tuple[Step, Question]]:
    """The questions a person is asked, in order: not computed, not known from identity, not hidden."""
    for step in scope.steps:
        if step.question is None or known_of(subject, step.name):
            continue
        if step.shown is None or step.shown(readings.maybe):
            yield step, step.question


def known_of(subject: Subject, name: str) -> bool:
    """Whether identity already tells this, so that it is not asked."""
    match name:
        case "age":
            return subject.age is not None or subject.age_months is not None
        case "age_months":
            return subject.age_months is not None
        case "sex":
            return subject.sex in {"female", "male"}
        case _:
            return False


def needed_common(content: Content, topics: Iterable[Topic]) -> tuple[str, ...]:
    """Of age, age in months and sex, those that a rule or a condition of these topics reads."""
    chosen = list(topics)
    mildest = max(topic.mildest.rank for topic in chosen)
    rules = [rule for topic in chosen for rule in topic.ruleset.rules]
    rules += [rule for rule in content.floor.rules if rule.level is not None and rule.level.rank < mildest]
    read = {name for rule in rules for name in names(rule.expression)}
    used = {name for topic in chosen for name in (*topic.uses, *topic.uses_last)}
    questions = [q for topic in chosen for q in topic.questionnaire.questions]
    questions += [q for q in content.common.questions if q.id in used]
    read |= {condition.question for question in questions for condition in question.shown_when}
    if AGE_MONTHS in read:
        read.add(AGE)
    return tuple(name for name in IDENTITY if name in read)


@lru_cache(maxsize=1024)
def scope_of(content: Content, ids: tuple[str, ...]) -> Scope:
    """What the topics ask together, compiled once."""
    topics = tuple(content.topic(topic_id) for topic_id in ids)
    first = dict.fromkeys(needed_common(content, topics))
    first |= dict.fromkeys(name for topic in topics for name in topic.uses)
    last = dict.fromkeys(name for topic in topics for name in topic.uses_last if name not in first)
    own = dict.fromkeys(_own(topics))
    aside = [_step(question) for question in _found(content.common, [n for n in IDENTITY if n not in first])]
    found = [_found(content.common, first), list(own), _found(content.common, last)]
    questions = [question for part in found for question in part]
    scores = {score.id: score for topic in topics for score in topic.ruleset.scores}
    away = dict.fromkeys(n for t in topics for n in t.not_applicable if n not in first and n not in last)
    steps = tuple(_steps(questions, list(scores.values())))
    independent = [s for s in steps if s.shown is None and s.score is None and not s.identity]
    booleans = [s for s in independent if s.question is not None and s.question.kind is Kind.BOOLEAN]
    rows = _rows(content, topics)
    return Scope(
        topics=topics,
        steps=steps,
        booleans=tuple(step.name for step in booleans),
        plain=tuple((step.name, step.read) for step in independent if step not in booleans),
        dependent=(*(step for step in steps if step not in independent), *aside),
        not_applicable=tuple(_step(question) for question in _found(content.common, away)),
        gotos=tuple(rule for topic in topics for rule in topic.ruleset.rules if rule.goto is not None),
        rows=rows,
        judge=compiled_together(rule.expression for rule, _, _ in rows),
        most_months=max(_months(questions, rows), default=0),
    )


def _months(questions: Iterable[Question], rows: Iterable[Row]) -> Iterator[float]:
    conditions = [found for question in questions if (found := condition_of(question)) is not None]
    for expression in (*conditions, *(rule.expression for rule, _, _ in rows)):
        for compare in comparisons(expression):
            if compare.name == AGE_MONTHS and not isinstance(compare.literal, str):
                yield compare.literal


def _rows(content: Content, topics: tuple[Topic, ...]) -> tuple[Row, ...]:
    of_topics = [(place, rule) for place, topic in enumerate(topics) for rule in topic.ruleset.rules]
    placed = [*((FLOOR, rule) for rule in content.floor.rules), *of_topics]
    rows = ((rule, NO_LEVEL if rule.level is None else rule.level.rank, place) for place, rule in placed)
    return tuple(sorted(rows, key=lambda row: row[1]))


def condition_of(question: Question) -> Expression | None:
    """The question's show-condition as an expression."""
    parts = tuple(
        Compare(name=condition.question, op=condition.op, literal=_literal(condition.value))
        for condition in question.shown_when
    )
    if len(parts) < 2:
        return parts[0] if parts else None
    return Some(parts=parts) if question.shown_when_any else Every(parts=parts)


def _literal(value: bool | int | float | str) -> bool | int | float | str:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _found(common: Questionnaire, ids: Iterable[str]) -> list[Question]:
    return [question for name in ids if (question := common.question(name)) is not None]


def _own(topics: tuple[Topic, ...]) -> Iterator[Question]:
    """The topics' own questions, those of a topic moved to right after what decides the move."""
    waiting = {topic.id: topic for topic in topics}

    def walk(topic: Topic) -> Iterator[Question]:
        waiting.pop(topic.id, None)
        own = {question.id for question in topic.questionnaire.questions}
        moves = {rule.goto: own & set(names(rule.expression)) for rule in topic.ruleset.rules if rule.goto}
        seen: set[str] = set()
        for question in (None, *topic.questionnaire.questions):
            if question is not None:
                seen.add(question.id)
                yield question
            for target, needs in moves.items():
                if target in waiting and needs <= seen:
                    yield from walk(waiting[target])

    for topic in topics:
        if topic.id in waiting:
            yield from walk(topic)


def _steps(questions: list[Question], scores: list[Score]) -> Iterator[Step]:
    by_id = {question.id: question for question in questions}
    seen: set[str] = set()
    for question in questions:
        if not question.hidden:
            yield _step(question)
        seen.add(question.id)
        for score in [score for score in scores if seen.issuperset(score.items)]:
            scores.remove(score)
            yield _score_step(score, by_id)


def _step(question: Question) -> Step:
    condition = condition_of(question)
    return Step(
        name=question.id,
        question=question,
        shown=None if condition is None else compiled(condition),
        read=reader(question),
        hidden=hidden_value(question),
        identity=question.id in IDENTITY,
    )


def _score_step(score: Score, by_id: dict[str, Question]) -> Step:
    weights = {item: _weights(by_id[item]) for item in score.items}

    def total(readings: Readings) -> object | None:
        points = 0
        for item in score.items:
            value = readings.get(item)
            if value is None or value is NOTHING:
                return value
            points += weights[item].get(value, 0)
        return points

    return Step(name=score.id, question=None, shown=None, read=lambda raw: None, hidden=NOTHING, score=total)


def _weights(question: Question) -> dict[object, int]:
    if not question.options:
        return {True: 1, False: 0}
    plain = {option.code: option.weight for option in question.options}
    if question.ordinal:
        return {int(code): int(code) if weight is None else weight for code, weight in plain.items()}
    return {code: weight or 0 for code, weight in plain.items()}


def _read(scope: Scope, answers: Answers, subject: Subject) -> Readings:
    readings = Readings()
    sure, maybe, given = readings.sure, readings.maybe, answers.get
    for name in scope.booleans:
        raw = given(name)
        if raw is True or raw is False:
            sure[name] = maybe[name] = raw
        else:
            readings.unknown = True
    for name, read in scope.plain:
        value = read(given(name))
        if type(value) in PLAIN:
            sure[name] = maybe[name] = value
        else:
            readings.put(name, value)
    _read_dependent(scope, readings, answers, subject)
    for step in scope.not_applicable:
        value = step.read(given(step.name))
        readings.put(step.name, step.hidden if value is None else value)
    return readings


def _read_dependent(scope: Scope, readings: Readings, answers: Answers, subject: Subject) -> None:
    sure, maybe, given = readings.sure, readings.maybe, answers.get
    for step in scope.dependent:
        name = step.name
        if step.shown is not None and not step.shown(maybe):
            value = step.hidden
        else:
            value = step.read(given(name)) if step.score is None else step.score(readings)
        if step.identity:
            value = _identity(step, value, answers, subject, readings.get(AGE), scope.most_months)
        if type(value) in PLAIN:  # as in `put`, without the call: most of the time goes here
            sure[name] = maybe[name] = value
        else:
            readings.put(name, value)


def _identity(
    step: Step, answered: object | None, answers: Answers, subject: Subject, age: object, most_months: float
) -> object | None:
    """What identity tells goes before what was answered; of years and months either tells the other."""
    if step.name == SEX:
        return subject.sex if subject.sex in {"female", "male"} else answered
    if step.name == AGE_MONTHS:
        return _months_old(answered, age, most_months) if subject.age_months is None else subject.age_months
    if subject.age is not None or subject.age_months is not None:
        return subject.age if subject.age is not None else (subject.age_months or 0) // 12
    months = answers.get(AGE_MONTHS)
    told = isinstance(months, int) and not isinstance(months, bool) and 0 <= months < 12
    return 0 if answered is None and told else answered  # months are asked of babies only


def _months_old(answered: object | None, age: object, most_months: float) -> object | None:
    """Years alone are a span of months; past everything months are compared to, its low end is as good."""
    if not isinstance(age, int):
        return answered if isinstance(answered, int) else None
    span = Span(12 * age, 12 * age + 11)
    if span.low > most_months:
        return span.low
    fits = isinstance(answered, int) and span.low <= answered <= span.high
    return answered if fits else span
