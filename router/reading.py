"""Stored answers put into words for a professional: pure, and says "not asked" where nothing was asked.

Signs of danger come first: what alarms, what is not known, what was not asked, and last what is well.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from core.urgency import Urgency
from router.rules import SELF_HARM
from router.stored import PAGES, AnswersView, Page, answers_in, signs_in
from triage.answers import reader
from triage.definition import UNKNOWN, Content, Kind, Question, Rule, Subject, Topic
from triage.environment import asked, condition_of, run
from triage.expressions import comparisons, compiled, names
from triage.readings import Readings

Reply = Literal["yes", "no", "unknown", "not_asked"]
RED = frozenset({Urgency.EMERGENCY, Urgency.ED})
WHO = ("who", "age", "age_months", "sex")  # the first of the facts: whom it is about
KEY_FACTS = (*WHO, "duration_days", "pain", "fever", "fever_max", "fever_days")
WHEN_NOT_NO = ("pregnant", "anticoagulant", "immunosuppressed")  # told unless they are ruled out
RULED_OUT = (False, "no", "na")
UNSAID = ("rather_not", "unsure", "not_measured")  # options that are no answer: never counted as no
COUNTED = (Kind.INTEGER, Kind.DECIMAL)
CHOSEN = (Kind.BOOLEAN, Kind.CHOICE, Kind.MULTICHOICE, *COUNTED)
WORDS = {
    UNKNOWN: {"fi": "En tiedä", "sv": "Vet inte", "en": "I do not know"},
    True: {"fi": "Kyllä", "sv": "Ja", "en": "Yes"},
    False: {"fi": "Ei", "sv": "Nej", "en": "No"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One sign of danger and what was said of it: in `said`'s words where it is no yes or no. `danger` tells
    whether the answer is the alarming one, which of some questions is no.
    """

    id: str
    page: Page
    text: str
    answer: Reply
    said: str
    danger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One measured or chosen thing, e.g. days of symptoms."""

    id: str
    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question with its answer, in order."""

    id: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One rule that was true: why it matters, what it demanded, where it comes from and how sure that is."""

    id: str
    text: str
    level: Urgency | None
    source: tuple[str, ...]
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The answers in words; empty when there are none."""

    own_words: str = ""
    red_flags: tuple[Flag, ...] = ()
    facts: tuple[Fact, ...] = ()
    answers: tuple[Line, ...] = ()
    fired: tuple[Why, ...] = ()
    topic: str | None = None
    topic_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """The questions these answers led through, the rules that judged them, and the values they judged."""

    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    relieving: frozenset[str]
    for_nurse: tuple[str, ...]
    readings: Readings


def read_values(filled: AnswersView, content: Content, lang: str) -> Reading:
    """Words for `values` as pages and forms store them; flat values are answers.

    A topic that is no longer in the content is shown by its id, with the answers that can still be read.
    """
    given = answers_in(filled.values)
    topic = content.topics.get(filled.topic or "")
    way = _way(content, _started_from(filled, content), given)
    flags = (*_sign_flags(content, signs_in(filled.values, content), lang), *_flags(way, given, lang))
    return Reading(
        own_words="\n".join(
            str(given[q.id]) for q in way.questions if q.kind is Kind.TEXT and given.get(q.id)
        ),
        red_flags=tuple(sorted(flags, key=_flag_rank)),
        facts=tuple(_facts(way, given, lang)),
        answers=tuple(
            Line(id=q.id, question=q.text.get(lang), answer=in_words(q, given[q.id], lang))
            for q in way.questions
            if q.id in given
        ),
        fired=whys(content, filled.fired, lang),
        topic=filled.topic,
        topic_name=topic.name.get(lang) if topic else "",
    )


def in_words(question: Question, value: object, lang: str) -> str:
    """One answer as a person would read it."""
    if isinstance(value, bool) or value == UNKNOWN:
        return WORDS[value][lang]
    codes = value if isinstance(value, list | tuple) else [value]
    texts = {option.code: option.text.get(lang) for option in question.options}
    said = ", ".join(texts.get(str(code), str(code)) for code in codes)
    return f"{said} {question.unit.get(lang)}" if question.unit else said


def whys(content: Content, fired: Iterable[str], lang: str) -> tuple[Why, ...]:
    """Rules by their ids in words; one that is no longer in the content is told by its id."""
    known = {rule.id: rule for ruleset in content.rulesets for rule in ruleset.rules}
    return tuple(_why(name, known.get(name), content, lang) for name in fired)


def _why(name: str, rule: Rule | None, content: Content, lang: str) -> Why:
    if rule is None:
        return Why(id=name, text=name, level=None, source=(), confidence="")
    source = tuple(content.sources.get(each, each) for each in rule.source)
    return Why(
        id=name, text=rule.why.get(lang), level=rule.level, source=source, confidence=str(rule.confidence)
    )


def _started_from(filled: AnswersView, content: Content) -> Topic | None:
    """The topic the questions began with: a rule may have led on to the one that decided."""
    started = str(filled.version or "").partition("|")[0]
    return content.topics.get(started) or content.topics.get(filled.topic or "")


def _way(content: Content, topic: Topic | None, given: Mapping[str, object]) -> _Way:
    roof = content.common.questions
    if topic is None:
        return _Way(questions=roof, rules=(), relieving=frozenset(), for_nurse=(), readings=Readings())
    scope, readings = run(content, topic.id, given, Subject())  # type: ignore[arg-type]
    shown = [question for _, question in asked(scope, readings, Subject())]
    known = {step.name for step in scope.steps}
    apart = Readings()
    for question in roof:
        apart.put(question.id, reader(question)(given.get(question.id)))
    rest = [question for question in roof if question.id not in known and _applies(question, apart)]
    return _Way(
        questions=(*shown, *rest),
        rules=tuple(r for each in scope.topics for r in each.ruleset.rules if _is_red(r, content)),
        relieving=frozenset(name for each in scope.topics for name in each.relieving),
        for_nurse=tuple(name for each in scope.topics for name in each.for_nurse),
        readings=readings,
    )


def _applies(question: Question, readings: Readings) -> bool:
    condition = condition_of(question)
    return not question.hidden and (condition is None or compiled(condition)(readings.maybe))


def _is_red(rule: Rule, content: Content) -> bool:
    """Whether a rule means danger: by its level, or because it leads to where self-harm is asked about."""
    led_to = content.topics.get(rule.goto or "")
    rules = (rule,) if led_to is None else (rule, *led_to.ruleset.rules)
    return rule.level in RED or any(SELF_HARM in each.tags for each in rules)


def _sign_flags(content: Content, signs: Mapping[str, bool | str], lang: str) -> Iterator[Flag]:
    for (form, _), (_, page) in zip(content.gates, PAGES, strict=True):
        for question in form.questions:
            reply = _reply(signs.get(question.id))
            text = question.text.get(lang)
            yield Flag(id=question.id, page=page, text=text, answer=reply, said="", danger=reply == "yes")


def _flags(way: _Way, given: Mapping[str, object], lang: str) -> Iterator[Flag]:
    red = {name for rule in way.rules for name in names(rule.expression)}
    for question in way.questions:
        if question.id not in red or question.id in WHO or question.kind not in CHOSEN:
            continue
        raw = given.get(question.id)
        danger = raw is not None and _alarms(question, raw, way)
        is_plain = question.kind is Kind.BOOLEAN
        if not is_plain and not danger and question.id in KEY_FACTS:
            continue
        said = "" if is_plain or raw is None or raw == UNKNOWN else in_words(question, raw, lang)
        is_said = raw is not None and (danger or raw not in (UNKNOWN, *UNSAID))
        reply = _reply(raw) if is_plain else _reply(danger if is_said else raw)
        text = question.text.get(lang)
        yield Flag(id=question.id, page="topic", text=text, answer=reply, said=said, danger=danger)


def _alarms(question: Question, raw: object, way: _Way) -> bool:
    """Whether a demand on this answer in a rule of danger holds. A plain yes alarms by itself; a number, a
    choice or a no only where the rest of its rule holds too, or may.
    """
    value = reader(question)(raw)
    if value is None:
        return False
    by_itself = value is True and question.id not in way.relieving
    alone = Readings()
    alone.put(question.id, value)
    return any(
        (by_itself or rule.test(way.readings.maybe))
        and any(
            compiled(each)(alone.sure) for each in comparisons(rule.expression) if each.name == question.id
        )
        for rule in way.rules
    )


def _flag_rank(flag: Flag) -> int:
    if flag.danger:
        return 0
    return {"unknown": 1, "not_asked": 2}.get(flag.answer, 3)


def _reply(value: object) -> Reply:
    if value is None:
        return "not_asked"
    if not isinstance(value, bool):
        return "unknown"
    return "yes" if value else "no"


def _facts(way: _Way, given: Mapping[str, object], lang: str) -> Iterator[Fact]:
    by_id = {question.id: question for question in way.questions if question.id in given}
    known = [name for name in KEY_FACTS if name in by_id]
    known += [name for name in WHEN_NOT_NO if name in by_id and given[name] not in RULED_OUT]
    known += [name for name in way.for_nurse if name in by_id and by_id[name].kind is not Kind.TEXT]
    known += [name for name, q in by_id.items() if q.kind in COUNTED and name not in known]
    for name in known:
        yield Fact(id=name, label=by_id[name].text.get(lang), value=in_words(by_id[name], given[name], lang))
