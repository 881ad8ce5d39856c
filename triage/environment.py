"""The values rules are judged on: what is asked, in which order, and what the answers mean."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from triage.answers import Read, hidden_value, reader
from triage.definition import (
    AGE,
    AGE_MONTHS,
    IDENTITY,
    SEX,
    Answers,
    Content,
    Question,
    Questionnaire,
    Rule,
    Score,
    Subject,
    Topic,
)
from triage.expressions import NOTHING, Compare, Every, Expression, Some, Span, Test, compiled, names

Env = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question to read, or one score to compute, in the order of asking."""

    name: str
    question: Question | None
    shown: Test | None
    read: Read
    hidden: object
    score: Callable[[Env], object | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Topics that run together with what they ask."""

    topics: tuple[Topic, ...]
    steps: tuple[Step, ...]
    not_applicable: tuple[Step, ...]
    gotos: tuple[Rule, ...]

    def ids(self) -> tuple[str, ...]:
        """The topics' ids, the one started from first."""
        return tuple(topic.id for topic in self.topics)


def run(content: Content, topic: str, answers: Answers, subject: Subject) -> tuple[Scope, Env]:
    """The topics these answers lead through and the values of all that they ask."""
    scope = scope_of(content, (content.topic(topic).id,))
    env = _environment(scope, answers, subject)
    while found := tuple(targets(scope, env, True)):
        scope = scope_of(content, (*scope.ids(), *found))
        env = _environment(scope, answers, subject)
    return scope, env


def targets(scope: Scope, env: Env, truth: bool | None) -> Iterator[str]:
    """The topics not yet run whose GOTO has this truth, each once."""
    ids = set(scope.ids())
    for rule in scope.gotos:
        if rule.goto is not None and rule.goto not in ids and rule.test(env) is truth:
            ids.add(rule.goto)
            yield rule.goto


def asked(scope: Scope, env: Env, subject: Subject) -> Iterator[tuple[Step, Question]]:
    """The questions a person is asked, in order: not computed, not known from identity, not hidden."""
    for step in scope.steps:
        if step.question is None or known_of(subject, step.name):
            continue
        if step.shown is None or step.shown(env) is not False:
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
    found = [_found(content.common, first), list(own), _found(content.common, last)]
    questions = [question for part in found for question in part]
    scores = {score.id: score for topic in topics for score in topic.ruleset.scores}
    away = dict.fromkeys(n for t in topics for n in t.not_applicable if n not in first and n not in last)
    return Scope(
        topics=topics,
        steps=tuple(_steps(questions, list(scores.values()))),
        not_applicable=tuple(_step(question) for question in _found(content.common, away)),
        gotos=tuple(rule for topic in topics for rule in topic.ruleset.rules if rule.goto is not None),
    )


def condition_of(question: Question) -> Expression | None:
    """The question's show-condition as an expression."""
    parts = tuple(
        Compare(name=condition.question, op=condition.op, literal=_literal(condition.value))
        for condition in question.shown_when
    )
    if not parts:
        return None
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
    )


def _score_step(score: Score, by_id: dict[str, Question]) -> Step:
    weights = {item: _weights(by_id[item]) for item in score.items}

    def total(env: Env) -> object | None:
        points = 0
        for item in score.items:
            value = env.get(item)
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


def _environment(scope: Scope, answers: Answers, subject: Subject) -> Env:
    env: Env = {}
    for step in scope.steps:
        if step.score is not None:
            env[step.name] = step.score(env)
        elif step.shown is not None and step.shown(env) is False:
            env[step.name] = step.hidden
        else:
            env[step.name] = step.read(answers.get(step.name))
        if step.name in IDENTITY:
            env[step.name] = _identity(step.name, env, subject)
    for step in scope.not_applicable:
        given = step.read(answers.get(step.name))
        env[step.name] = step.hidden if given is None else given
    return env


def _identity(name: str, env: Env, subject: Subject) -> object | None:
    """What identity tells goes before what was answered; years alone are a span of months."""
    answered = env[name]
    if name == SEX:
        return subject.sex if subject.sex in {"female", "male"} else answered
    if name == AGE:
        if subject.age is not None:
            return subject.age
        return answered if subject.age_months is None else subject.age_months // 12
    if subject.age_months is not None:
        return subject.age_months
    age = env.get(AGE)
    if not isinstance(age, int):
        return None
    span = Span(12 * age, 12 * age + 11)
    fits = isinstance(answered, int) and span.low <= answered <= span.high
    return answered if fits else span
