"""Content and evaluations as JSON for other programs: reviewers, re-evaluation, other engines. Pure.

The content leaves in the shape of the research file it came from (`triage_content.json`), with our rule ids.
What that shape has no place for (show-conditions, scores, hints, words) stands in keys of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.urgency import Urgency
from triage.definition import (
    Answers,
    Condition,
    Content,
    Question,
    Rule,
    Score,
    Subject,
    Text,
    Topic,
)
from triage.engine import evaluate, gate
from triage.errors import UnknownTopic

Json = dict[str, Any]

DISCLAIMER = (
    "Example content for building and testing software. Not validated, not a medical device, not for "
    "clinical use before review, approval and versioning by the organisation's responsible clinicians."
)
EVALUATION = (
    "Every rule is judged over yes, no and unknown; a comparison on an unanswered question is unknown, "
    "never no. The most urgent level that is true decides; without one the topic's default does. GOTO "
    "runs the other topic too: the levels of the topic one came from stay, its default does not; TAG "
    "adds a tag. A question whose show_when is false does not apply: a yes-or-no one and a choice with "
    "the option no count as no, comparisons on any other are false. not_applicable questions count so "
    "too unless they are answered. A positive item of emergency_gate with EMERGENCY ends the "
    "evaluation; with ED the most urgent of gate and topic counts. A form is complete when no gate item "
    "is unanswered, no GOTO is unknown and no rule more urgent than the result is unknown (or when it "
    "is EMERGENCY); before it is finished also no level rule of a topic that only its default speaks "
    "for. An incomplete form is never SELF_CARE but at least NON_URGENT. In questions named in "
    "relieving yes is the better answer. age known in whole years is a span of age_months; age_months "
    "alone tells age. Rules whose id begins with floor. are the same in every topic; they only ever "
    "raise the level."
)
GRAMMAR = (
    "expr := term (OR term)*; term := factor (AND factor)*; factor := '(' expr ')' | 'always' | id op "
    "literal | number <= id <= number | number <= id < number | id IN (a,b); op: = >= <= > <; literal: "
    "true false number option-code. Option codes that are digits compare as numbers."
)


def export(content: Content) -> Json:
    """All content as one JSON object."""
    topics = [_topic(content, topic) for topic in content.topics.values()]
    return {
        "version": _versions(content),
        "disclaimer": DISCLAIMER,
        "evaluation": EVALUATION,
        "rule_grammar": GRAMMAR,
        "derived": _derived(content),
        "levels": [level.value for level in Urgency],
        "sources": dict(content.sources),
        "common_questions": [_question(question) for question in content.common.questions],
        "emergency_gate": list(_gate(content)),
        "topics": topics,
    }


class LineFault(ValueError):
    """A line that is no filled form; `result` is what is written for it."""

    def __init__(self, form_id: object, error: str) -> None:
        super().__init__(error)
        self.result: Json = {"id": form_id, "error": error}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One filled form of a line; the id is whatever the sender calls it."""

    id: object
    topic: str
    answers: Answers
    finished: bool


def form_of(line: object) -> Form:
    """The form of `{id, topic, answers, finished}`; raises LineFault. An absent `finished` is false."""
    if not isinstance(line, dict):
        raise LineFault(None, "not_an_object")
    answers, finished, topic = line.get("answers", {}), line.get("finished", False), line.get("topic")
    if not isinstance(answers, dict):
        raise LineFault(line.get("id"), "answers_not_an_object")
    if not isinstance(finished, bool):
        raise LineFault(line.get("id"), "finished_not_a_boolean")
    return Form(
        id=line.get("id"),
        topic=topic if isinstance(topic, str) else "",
        answers={key: tuple(value) if isinstance(value, list) else value for key, value in answers.items()},
        finished=finished,
    )


def evaluate_line(content: Content, line: object) -> Json:
    """One filled form `{id, topic, answers, finished}` judged.

    The result is `{id, level, queue, fired, tags, topic, complete}`, or `{id, error}` with a code. The
    answers hold the emergency pages' items too, by their ids. Those that do not fit their question, and
    those of no question, are passed over.
    """
    try:
        form = form_of(line)
        found = evaluate(
            content,
            form.topic,
            form.answers,
            Subject(),
            gate=gate(content, form.answers),
            finished=form.finished,
        )
    except LineFault as fault:
        return fault.result
    except UnknownTopic:
        return LineFault(form.id, "unknown_topic").result
    return {
        "id": form.id,
        "level": found.level.value,
        "queue": found.queue,
        "fired": [rule.id for rule in found.fired],
        "tags": sorted(found.tags),
        "topic": found.topic,
        "complete": found.complete,
    }


def _versions(content: Content) -> str:
    return max((ruleset.version for ruleset in content.rulesets), default="")


def _derived(content: Content) -> Json:
    found = {
        "age": "whole years from date of birth",
        "age_months": "whole months from date of birth; from age alone a span",
        "sex": "male/female/unknown from identity, else asked",
    }
    for topic in content.topics.values():
        found |= {score.id: _score(score) for score in topic.ruleset.scores}
    return found


def _score(score: Score) -> str:
    if score.counts:
        return f"count of true {', '.join(score.items)}; unknown until all are answered"
    total = "+".join(score.items)
    return f"{total}; unknown until all are answered; where one does not apply comparisons are false"


def _gate(content: Content) -> Iterator[Json]:
    for form, ruleset in content.gates:
        rules = {rule.id: rule for rule in ruleset.rules}
        for question in form.questions:
            rule = rules[question.id]
            yield {
                "id": question.id,
                "screen": form.id,
                "text": _text(question.text),
                "level": rule.level.value if rule.level else None,
                **({"tags": sorted(rule.tags)} if rule.tags else {}),
                "src": list(rule.source),
                "confidence": rule.confidence,
            }


def _topic(content: Content, topic: Topic) -> Json:
    return {
        "id": topic.id,
        "version": topic.version,
        "approved_by": topic.ruleset.approved_by,
        "queue": topic.queue,
        "name": _text(topic.name),
        "group": topic.group,
        "icpc2": list(topic.icpc2),
        "self_care": topic.self_care,
        "self_care_link_types": list(topic.self_care_links),
        "default_level": topic.default_level.value,
        "uses": list(topic.uses),
        "uses_last": list(topic.uses_last),
        "not_applicable": list(topic.not_applicable),
        "for_nurse": list(topic.for_nurse),
        "relieving": list(topic.relieving),
        "scores": {score.id: list(score.items) for score in topic.ruleset.scores},
        "words": {language: list(words) for language, words in topic.words.items()},
        "home_care": {language: list(lines) for language, lines in topic.home_care.items()},
        "questions": [_question(question) for question in topic.questionnaire.questions],
        # The floor's rules stand in every topic, so that each can be read and run alone.
        "rules": [_rule(rule) for rule in (*topic.ruleset.rules, *content.floor.rules)],
    }


def _question(question: Question) -> Json:
    found: Json = {"id": question.id, "type": question.kind.value, "text": _text(question.text)}
    for key, text in (("hint", question.hint), ("why", question.why), ("unit", question.unit)):
        if text is not None:
            found[key] = _text(text)
    if question.options:
        found["options"] = [
            {"code": o.code, **_text(o.text), **({} if o.weight is None else {"weight": o.weight})}
            for o in question.options
        ]
    for key, bound in (("min", question.minimum), ("max", question.maximum)):
        if bound is not None:
            found[key] = bound
    found |= {flag: True for flag in ("optional", "sensitive", "hidden") if getattr(question, flag)}
    if question.shown_when:
        joint = " OR " if question.shown_when_any else " AND "
        found["show_when"] = joint.join(_condition(condition) for condition in question.shown_when)
    return found


def _condition(condition: Condition) -> str:
    value = condition.value
    literal = str(value).lower() if isinstance(value, bool) else f"{value}"
    return f"{condition.question}{condition.op}{literal}"


def _rule(rule: Rule) -> Json:
    tags = sorted(rule.tags)
    end = rule.level.value if rule.level else f"GOTO:{rule.goto}" if rule.goto else f"TAG:{tags[0]}"
    found: Json = {"id": rule.id, "when": rule.when, "level": end}
    if tags and not end.startswith("TAG"):
        found["tags"] = tags
    found |= {"why": rule.why.en, "why_fi": rule.why.fi, "why_sv": rule.why.sv}
    if rule.advice is not None:
        found["advice"] = _text(rule.advice)
    return found | {"src": list(rule.source), "confidence": rule.confidence}


def _text(text: Text) -> dict[str, str]:
    return {"fi": text.fi, "sv": text.sv, "en": text.en}
