"""Every number that rules compare to, tried at, just below and just above it. Pure.

The cases are data beside the content (`boundaries.toml`), which a clinician can read and sign: what is told
there must be so, and no number may be missing. Where a number changes, its case must change with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.faults import Fault
from triage.definition import Content, Kind, Rule, Subject, Topic, Value
from triage.engine import evaluate, gate, ticked
from triage.expressions import Compare, comparisons
from triage.probing import mild, varied, with_values

FILE = "boundaries.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """One number of one rule: with `given` and all else mild, `tries` tells for which values it is true."""

    rule: str
    topic: str
    name: str
    number: float
    given: Mapping[str, Value]
    tries: tuple[tuple[float, bool], ...]

    @property
    def key(self) -> tuple[str, str, float]:
        """The rule, the question and the number: what there must be a case for."""
        return (self.rule, self.name, self.number)


def check(content: Content, cases: Iterable[Boundary]) -> list[Fault]:
    """The cases that are not so, those of no rule, and the numbers without a case."""
    told = list(cases)
    needed = dict(_needed(content))
    found = [fault for case in told for fault in _check(content, case, needed.keys())]
    untested = needed.keys() - {case.key for case in told}
    for rule, name, number in untested:
        found.append(_fault(rule, f"the threshold {number:g} of {name} is not tried at, below and above"))
    return sorted(found, key=str)


def draft(content: Content, cases: Iterable[Boundary]) -> list[Boundary]:
    """The cases that still fit, and a new one for each number without: to be read before they are kept."""
    kept = {case.key: case for case in cases if not check_one(content, case)}
    found = []
    for key, topic in _needed(content):
        case = kept.get(key) or _case(content, topic, *key)
        if case is not None:
            found.append(case)
    return found


def check_one(content: Content, case: Boundary) -> bool:
    """Whether the case is told wrongly."""
    return case.topic not in content.topics or any(
        _fires(content, case, n) != is_so for n, is_so in case.tries
    )


def _check(content: Content, case: Boundary, needed: Iterable[tuple[str, str, float]]) -> Iterator[Fault]:
    if case.key not in set(needed):
        yield _fault(case.rule, f"no rule of that id compares {case.name} to {case.number:g}")
    elif check_one(content, case):
        yield _fault(case.rule, f"{case.name} at {case.number:g} is not as told")
    elif len({is_so for _, is_so in case.tries}) < 2:
        yield _fault(case.rule, f"{case.name} at {case.number:g} makes no difference in what was tried")


def _needed(content: Content) -> Iterator[tuple[tuple[str, str, float], Topic]]:
    """Every number of every rule, with a topic to try it in; the floor's in the first that asks."""
    seen: set[tuple[str, str, float]] = set()
    for topic in content.topics.values():
        for rule in (*topic.ruleset.rules, *content.floor.rules):
            for compare in _numbers(rule):
                key = (rule.id, compare.name, float(compare.literal))
                if key not in seen and (rule.id in _ids(topic) or _asks(topic, compare.name)):
                    seen.add(key)
                    yield key, topic


def _numbers(rule: Rule) -> Iterator[Compare]:
    for compare in comparisons(rule.expression):
        if compare.op != "=" and not isinstance(compare.literal, bool | str):
            yield compare


def _ids(topic: Topic) -> frozenset[str]:
    return frozenset(rule.id for rule in topic.ruleset.rules)


def _asks(topic: Topic, name: str) -> bool:
    return name.startswith("age") or name in {*topic.uses, *topic.uses_last}


def _case(content: Content, topic: Topic, rule_id: str, name: str, number: float) -> Boundary | None:
    rule = next(r for r in (*topic.ruleset.rules, *content.floor.rules) if r.id == rule_id)
    calm = mild(content, topic)
    step = 0.1 if _kind(content, topic, name) is Kind.DECIMAL else 1
    apart = {name, *(item for score in topic.ruleset.scores if score.id == name for item in score.items)}
    for form in varied(content, topic, rule):
        given = {key: value for key, value in form.items() if value != calm[key] and key not in apart}
        case = Boundary(rule=rule_id, topic=topic.id, name=name, number=number, given=given, tries=())
        near = (number - step, number, number + step)
        tries = tuple((round(n, 1), _fires(content, case, round(n, 1))) for n in near)
        if len({is_so for _, is_so in tries}) == 2:
            return Boundary(rule=rule_id, topic=topic.id, name=name, number=number, given=given, tries=tries)
    return None


def _kind(content: Content, topic: Topic, name: str) -> Kind | None:
    question = topic.questionnaire.question(name) or content.common.question(name)
    return question.kind if question is not None else None


def _fires(content: Content, case: Boundary, number: float) -> bool:
    topic = content.topic(case.topic)
    kind = _kind(content, topic, case.name)
    value: Value = number if kind is Kind.DECIMAL else int(number)
    if kind is Kind.CHOICE:
        value = str(value)
    form = with_values(content, topic, {**mild(content, topic), **case.given}, {case.name: value})
    passed = gate(content, ticked(content, (), ()))
    result = evaluate(content, topic.id, form, Subject(), gate=passed, finished=True)
    return any(rule.id == case.rule for rule in result.fired)


def _fault(rule: str, message: str) -> Fault:
    return Fault(source=FILE, key=rule, message=message)
