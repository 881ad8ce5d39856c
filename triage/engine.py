"""The questionnaire's decisions: what is asked next, what the answers come to. Never raises on answers.

Semantics: domain.md 4.2. A question hidden by a stated condition counts as no; one not reached, or answered
"I do not know", is unknown and never counts as no. Where several topics run, the most urgent decides.
"""

import operator
from collections.abc import Iterable
from itertools import compress
from typing import NamedTuple

from core.urgency import Urgency, more_urgent
from triage.answers import check_answer
from triage.definition import (
    Answers,
    Content,
    GateResult,
    Question,
    Result,
    Rule,
    Subject,
    Topic,
    Value,
)
from triage.environment import FLOOR, NO_LEVEL, Row, Scope, asked, known_of, run, scope_of, targets
from triage.readings import Readings

__all__ = ["check_answer", "evaluate", "gate", "next_question", "questions", "remaining", "ticked"]


def ticked(content: Content, *pages: Iterable[str] | None) -> Answers:
    """The answers of the emergency pages in their order: what was left unticked on an answered page was
    answered with no; a page that is None has not been answered."""
    answers: dict[str, Value] = {}
    for (form, _), page in zip(content.gates, pages, strict=False):
        if page is not None:
            chosen = frozenset(page)
            answers |= {question.id: question.id in chosen for question in form.questions}
    return answers


def gate(content: Content, answers: Answers) -> GateResult:
    """What the signs of danger come to, each true, false or unknown."""
    readings = Readings()
    for form, _ in content.gates:
        for question in form.questions:
            said = answers.get(question.id)
            readings.put(question.id, said if isinstance(said, bool) else None)
    rules = [rule for _, ruleset in content.gates for rule in ruleset.rules]
    true = [rule for rule in rules if rule.test(readings.sure)]
    return GateResult(
        level=_most_urgent(true),
        fired=tuple(rule.id for rule in true),
        tags=_tags(true),
        complete=not readings.unknown,
    )


def questions(content: Content, topic: str, answers: Answers, subject: Subject) -> tuple[Question, ...]:
    """Every question that applies with these answers, in order; also those whose condition is still open."""
    scope, readings = run(content, topic, answers, subject)
    return tuple(question for _, question in asked(scope, readings, subject))


def next_question(content: Content, topic: str, answers: Answers, subject: Subject) -> Question | None:
    """The first applicable question without an answer; none once the answers mean an emergency."""
    scope, readings = run(content, topic, answers, subject)
    if _is_emergency(scope, readings):
        return None
    left = (question for step, question in asked(scope, readings, subject) if step.name not in answers)
    return next(left, None)


def remaining(content: Content, topic: str, answers: Answers, subject: Subject) -> tuple[int, int]:
    """The fewest and the most questions still to come: the most counts what an answer can lead straight to,
    not what those topics could lead to in turn, so that it grows only when the form goes on to another topic.
    """
    scope, readings = run(content, topic, answers, subject)
    if _is_emergency(scope, readings):
        return (0, 0)
    left = [step for step, _ in asked(scope, readings, subject) if step.name not in answers]
    certain = sum(step.shown is None or step.shown(readings.sure) for step in left)
    here = {step.name for step in scope.steps}
    ahead: set[str] = set()
    for target in targets(scope, readings, None):
        wider = scope_of(content, (*scope.ids(), target))
        ahead |= {s.name for s in wider.steps if s.question and not known_of(subject, s.name)} - here
    return (certain, len(left) + len(ahead))


def evaluate(
    content: Content,
    topic: str,
    answers: Answers,
    subject: Subject,
    *,
    gate: GateResult,
    finished: bool,
) -> Result:
    """The most urgent level that is true, with every rule behind it and the version that said so.

    A form is incomplete while a sign of danger is unanswered or an answer could make it more urgent, and
    before it is `finished` also while one could make it milder; then it is never SELF_CARE.
    """
    start = content.topic(topic)
    passed = _gate_rules(content, gate) if gate.fired else []
    if gate.level is Urgency.EMERGENCY:
        return _result(start, start, gate.level, passed, complete=True)
    scope, readings = run(content, topic, answers, subject)
    judged = _judge(scope, readings)
    level = judged.level if gate.level is None else more_urgent(judged.level, gate.level)
    complete = level is Urgency.EMERGENCY or (gate.complete and not _is_open(judged, level.rank, finished))
    if level is Urgency.SELF_CARE and not complete:
        level = Urgency.NON_URGENT
    fired = sorted((*passed, *judged.true), key=_rank) if passed else judged.true
    return _result(start, scope.topics[judged.place], level, fired, complete=complete)


class _Judged(NamedTuple):
    """What the rules say: the level, the topic that decides it, the rules that are true, most urgent first,
    and those an answer could still make true; for `defaults` only the topic's default speaks."""

    level: Urgency
    place: int
    true: list[Rule]
    open: list[Row]
    defaults: list[int]


def _judge(scope: Scope, readings: Readings) -> _Judged:
    truths = scope.judge(readings.sure)
    true = list(compress(scope.rows, truths))
    could = map(operator.gt, scope.judge(readings.maybe), truths) if readings.unknown else ()
    best = {place: rank for _, rank, place in reversed(true)}  # the most urgent is written last
    moved = {place for rule, _, place in true if rule.goto is not None} if scope.gotos else ()
    places = range(len(scope.topics))
    defaults = [place for place in places if best.get(place, NO_LEVEL) == NO_LEVEL and place not in moved]
    for place in defaults:
        best[place] = scope.topics[place].default_level.rank
    place = places[-1]
    for other in reversed(places[:-1]):  # of equals the one moved to last
        if best.get(other, NO_LEVEL) < best.get(place, NO_LEVEL):
            place = other
    own = best.get(place, NO_LEVEL)
    if own == NO_LEVEL:  # every topic only led to another, as in a ring: the first one's default speaks
        own = scope.topics[0].default_level.rank
    level = _LEVELS[min(own, best.get(FLOOR, NO_LEVEL))]
    return _Judged(level, place, [row[0] for row in true], list(compress(scope.rows, could)), defaults)


def _is_open(judged: _Judged, rank: int, finished: bool) -> bool:
    if any(row[0].goto is not None or row[1] < rank for row in judged.open):
        return True
    return not finished and any(row[1] < NO_LEVEL and row[2] in judged.defaults for row in judged.open)


def _is_emergency(scope: Scope, readings: Readings) -> bool:
    return any(rank == 0 for _, rank, _ in compress(scope.rows, scope.judge(readings.sure)))


def _most_urgent(rules: Iterable[Rule]) -> Urgency | None:
    rank = min(map(_rank, rules), default=NO_LEVEL)
    return None if rank == NO_LEVEL else _LEVELS[rank]


def _rank(rule: Rule) -> int:
    return NO_LEVEL if rule.level is None else rule.level.rank


def _tags(rules: Iterable[Rule]) -> frozenset[str]:
    return frozenset(tag for rule in rules for tag in rule.tags)


def _gate_rules(content: Content, passed: GateResult) -> list[Rule]:
    return [rule for _, ruleset in content.gates for rule in ruleset.rules if rule.id in passed.fired]


def _result(start: Topic, decided: Topic, level: Urgency, fired: list[Rule], *, complete: bool) -> Result:
    return Result(
        level=level,
        queue=decided.queue,
        topic=decided.id,
        fired=tuple(fired),
        tags=_tags(fired) if fired else _NO_TAGS,
        complete=complete,
        version=start.canonical,
    )


_LEVELS = tuple(Urgency)
_NO_TAGS: frozenset[str] = frozenset()
