"""Stored answers put into words for a professional: pure, and says "not asked" where nothing was asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from core.urgency import Urgency
from router.answering import AnswersView
from triage.definition import UNKNOWN, Content, Kind, Question, Rule, Topic
from triage.expressions import names

Reply = Literal["yes", "no", "unknown", "not_asked"]
RED = frozenset({Urgency.EMERGENCY, Urgency.ED})
WHO = ("age", "age_months", "sex")  # the first of the facts: whom it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One sign of danger and what was said of it."""

    text: str
    answer: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One measured or chosen thing, e.g. days of symptoms."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question with its answer, in order."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The answers in words; empty when there are none."""

    own_words: str = ""
    red_flags: tuple[Flag, ...] = ()
    facts: tuple[Fact, ...] = ()
    answers: tuple[Line, ...] = ()
    fired: tuple[str, ...] = ()
    topic: str | None = None
    topic_name: str = ""


def read_values(filled: AnswersView, content: Content, lang: str) -> Reading:
    """Words for `values` of the form {"gate": [ids], "answers": {question: value}}; flat values are answers.

    A topic that is no longer in the content is shown by its id, with the answers that can still be read.
    """
    nested = filled.values.get("answers")
    given: Mapping[str, object] = nested if isinstance(nested, dict) else filled.values
    ticked = filled.values.get("gate")
    checked = frozenset(str(item) for item in ticked) if isinstance(ticked, list) else frozenset()
    topic = content.topics.get(filled.topic or "")
    asked = tuple(_questions(content, topic))
    return Reading(
        own_words="\n".join(str(given[q.id]) for q in asked if q.kind is Kind.TEXT and given.get(q.id)),
        red_flags=(*_gate_flags(content, checked, lang), *_flags(content, topic, asked, given, lang)),
        facts=tuple(_facts(asked, given, lang)),
        answers=tuple(
            Line(question=q.text.get(lang), answer=in_words(q, given[q.id], lang))
            for q in asked
            if q.id in given
        ),
        fired=tuple(_whys(content, topic, filled.fired, lang)),
        topic=filled.topic,
        topic_name=topic.name.get(lang) if topic else "",
    )


def in_words(question: Question, value: object, lang: str) -> str:
    """One answer as a person would read it."""
    if value == UNKNOWN:
        return {"fi": "En tiedä", "sv": "Vet inte", "en": "I do not know"}[lang]
    if isinstance(value, bool):
        yes, no = {"fi": ("Kyllä", "Ei"), "sv": ("Ja", "Nej"), "en": ("Yes", "No")}[lang]
        return yes if value else no
    codes = value if isinstance(value, list | tuple) else [value]
    texts = {option.code: option.text.get(lang) for option in question.options}
    said = ", ".join(texts.get(str(code), str(code)) for code in codes)
    return f"{said} {question.unit.get(lang)}" if question.unit else said


def _questions(content: Content, topic: Topic | None) -> Iterator[Question]:
    if topic is None:
        yield from content.common.questions
        return
    used = (content.common_question(each) for each in topic.uses)
    used_last = (content.common_question(each) for each in topic.uses_last)
    seen: set[str] = set()
    for question in (*used, *topic.questionnaire.questions, *used_last, *content.common.questions):
        if question is not None and not question.hidden and question.id not in seen:
            seen.add(question.id)
            yield question


def _rules(content: Content, topic: Topic | None) -> tuple[Rule, ...]:
    own = topic.ruleset.rules if topic else ()
    return (*own, *content.common_rules.rules, *content.floor.rules, *content.gate_rules.rules)


def _gate_flags(content: Content, checked: frozenset[str], lang: str) -> Iterator[Flag]:
    for question in content.gate.questions:
        if question.id in checked:
            yield Flag(text=question.text.get(lang), answer="yes")


def _flags(
    content: Content,
    topic: Topic | None,
    asked: tuple[Question, ...],
    given: Mapping[str, object],
    lang: str,
) -> Iterator[Flag]:
    red: set[str] = set()
    for rule in topic.ruleset.rules if topic else ():
        if rule.level in RED:
            red |= set(names(rule.expression))
    for question in asked:
        if question.id in red and question.kind is Kind.BOOLEAN:
            yield Flag(text=question.text.get(lang), answer=_reply(given.get(question.id)))


def _reply(value: object) -> Reply:
    if value is None:
        return "not_asked"
    if not isinstance(value, bool):
        return "unknown"
    return "yes" if value else "no"


def _facts(asked: tuple[Question, ...], given: Mapping[str, object], lang: str) -> Iterator[Fact]:
    for question in sorted(asked, key=lambda question: question.id not in WHO):
        if question.id in given and (question.id in WHO or question.kind in (Kind.INTEGER, Kind.DECIMAL)):
            yield Fact(label=question.text.get(lang), value=in_words(question, given[question.id], lang))


def _whys(content: Content, topic: Topic | None, fired: tuple[str, ...], lang: str) -> Iterator[str]:
    found = {rule.id: rule.why.get(lang) for rule in _rules(content, topic)}
    yield from (found.get(rule, rule) for rule in fired)
