"""The questionnaire's decisions: what is asked next, what the answers come to. Never raises on answers.

Semantics: domain.md 4.2. A question hidden by a stated condition counts as no; one not reached, or answered
"I do not know", is unknown and never counts as no. Where several topics run, the most urgent decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.urgency import Urgency, more_urgent
from triage.answers import check_answer
from triage.definition import Answers, Content, Fired, GateResult, Question, Result, Rule, Subject, Topic
from triage.environment import Env, Scope, asked, known_of, run, scope_of, targets

__all__ = ["check_answer", "evaluate", "gate", "next_question", "questions", "remaining"]


def gate(content: Content, checked: frozenset[str]) -> GateResult:
    """What the ticked emergencies come to; what was left unticked on that page was answered with no."""
    env: Env = {question.id: question.id in checked for question in content.gate.questions}
    fired = [rule for rule in content.gate_rules.rules if rule.test(env)]
    return GateResult(level=_most_urgent(fired), fired=tuple(rule.id for rule in fired), tags=_tags(fired))


def questions(content: Content, topic: str, answers: Answers, subject: Subject) -> tuple[Question, ...]:
    """Every question that applies with these answers, in order; also those whose condition is still open."""
    scope, env = run(content, topic, answers, subject)
    return tuple(question for _, question in asked(scope, env, subject))


def next_question(content: Content, topic: str, answers: Answers, subject: Subject) -> Question | None:
    """The first applicable question without an answer; none once the answers mean an emergency."""
    scope, env = run(content, topic, answers, subject)
    if _emergency(content, scope, env):
        return None
    return next((question for step, question in asked(scope, env, subject) if step.name not in answers), None)


def remaining(content: Content, topic: str, answers: Answers, subject: Subject) -> tuple[int, int]:
    """The fewest and the most questions still to come."""
    scope, env = run(content, topic, answers, subject)
    if _emergency(content, scope, env):
        return (0, 0)
    left = [step for step, _ in asked(scope, env, subject) if step.name not in answers]
    certain = sum(step.shown is None or step.shown(env) is True for step in left)
    here = {step.name for step in scope.steps}
    ahead: set[str] = set()
    for target in targets(scope, env, None):
        wider = scope_of(content, (*scope.ids(), target))
        ahead |= {s.name for s in wider.steps if s.question and not known_of(subject, s.name)} - here
    return (certain, len(left) + len(ahead))


def evaluate(
    content: Content,
    topic: str,
    answers: Answers,
    subject: Subject,
    *,
    gate: GateResult | None,
    finished: bool,
) -> Result:
    """The most urgent level that is true, with every rule behind it and the version that said so.

    `gate` is None while the emergency page is unanswered. A form is incomplete while an answer could make it
    more urgent, and before it is `finished` also while one could make it milder; then it is never SELF_CARE.
    """
    start = content.topic(topic)
    passed = _gate_rules(content, gate)
    level = _most_urgent(passed)
    if level is Urgency.EMERGENCY:
        return _result(content, start, start, level, passed, complete=True)
    scope, env = run(content, topic, answers, subject)
    judged = [_judge(each, env) for each in scope.topics]
    floor = _weigh(content.floor.rules, env)
    decided = _decide(judged)
    fired = [*passed, *floor.true, *(rule for one in judged for rule in one.weighed.true)]
    own = decided.level or decided.topic.default_level
    level = more_urgent(own, _most_urgent(fired) or own)
    complete = level is Urgency.EMERGENCY or (gate is not None and not _open(judged, floor, level, finished))
    if level is Urgency.SELF_CARE and not complete:
        level = Urgency.NON_URGENT
    return _result(content, start, decided.topic, level, fired, complete=complete)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """The rules of one set that are true, and those an answer could still make true."""

    true: list[Rule]
    open: list[Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One topic's own level; none for a topic that only led to another."""

    topic: Topic
    level: Urgency | None
    by_default: bool
    weighed: _Weighed


def _weigh(rules: Iterable[Rule], env: Env) -> _Weighed:
    true: list[Rule] = []
    unknown: list[Rule] = []
    for rule in rules:
        truth = rule.test(env)
        if truth:
            true.append(rule)
        elif truth is None:
            unknown.append(rule)
    return _Weighed(true=true, open=unknown)


def _judge(topic: Topic, env: Env) -> _Judged:
    weighed = _weigh(topic.ruleset.rules, env)
    level = _most_urgent(weighed.true)
    moved = any(rule.goto is not None for rule in weighed.true)
    by_default = level is None and not moved
    return _Judged(
        topic=topic,
        level=topic.default_level if by_default else level,
        by_default=by_default,
        weighed=weighed,
    )


def _decide(judged: list[_Judged]) -> _Judged:
    """The topic with the most urgent level; of equals the one moved to last."""
    found = judged[-1]
    for one in reversed(judged):
        if one.level is not None and (found.level is None or one.level.rank < found.level.rank):
            found = one
    return found


def _open(judged: list[_Judged], floor: _Weighed, level: Urgency, finished: bool) -> bool:
    unknown = [rule for one in judged for rule in one.weighed.open]
    if any(rule.goto is not None for rule in unknown):
        return True
    levels = [rule.level for rule in (*unknown, *floor.open) if rule.level is not None]
    if any(other.rank < level.rank for other in levels):
        return True
    milder = (rule.level for one in judged if one.by_default for rule in one.weighed.open)
    return not finished and any(other is not None for other in milder)


def _emergency(content: Content, scope: Scope, env: Env) -> bool:
    rules = [*content.floor.rules, *(rule for topic in scope.topics for rule in topic.ruleset.rules)]
    return any(rule.level is Urgency.EMERGENCY and rule.test(env) is True for rule in rules)


def _most_urgent(rules: Iterable[Rule]) -> Urgency | None:
    found: Urgency | None = None
    for rule in rules:
        if rule.level is not None and (found is None or rule.level.rank < found.rank):
            found = rule.level
    return found


def _tags(rules: Iterable[Rule]) -> frozenset[str]:
    return frozenset(tag for rule in rules for tag in rule.tags)


def _gate_rules(content: Content, passed: GateResult | None) -> list[Rule]:
    fired = () if passed is None else passed.fired
    return [rule for rule in content.gate_rules.rules if rule.id in fired]


def _result(
    content: Content, start: Topic, decided: Topic, level: Urgency, fired: list[Rule], *, complete: bool
) -> Result:
    ordered = sorted(fired, key=lambda rule: len(Urgency) if rule.level is None else rule.level.rank)
    return Result(
        level=level,
        queue=decided.queue,
        topic=decided.id,
        fired=tuple(Fired(id=rule.id, why=rule.why, level=rule.level) for rule in ordered),
        tags=_tags(fired),
        complete=complete,
        version=content.version(start.id),
    )
