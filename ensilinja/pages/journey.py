"""A resident's way through the questions, as stored between pages: what is told, what comes next. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.county import Limits
from core.urgency import Urgency
from router.acting import ADULT, CHILD, OTHER, SELF, Acting, acting
from triage.answers import reader
from triage.definition import (
    AGE,
    UNKNOWN,
    Answers,
    Content,
    GateResult,
    Kind,
    Question,
    Result,
    Subject,
    Value,
)
from triage.engine import evaluate, gate, next_question, questions, remaining, ticked

WHO = "who"
OWN_WORDS = "free_text"  # the question under which professionals read them
OWN_WORDS_LIMIT = 2000  # characters; what is longer is better told to a person
WORDS_PATH = "/kysely/asia"
GATE_PATH = "/kysely/hata"
PAST_PATH = "/kysely/tanaan"
ACTING_PATH = "/kysely/puolesta"
TOPIC_PATH = "/kysely/aihe"
PHONE_PATH = "/kysely/puhelin"
CHECK_PATH = "/kysely/tarkista"
SAVE_PATH = "/kysely/tallenna"
# What the page about acting for another says or asks.
BASIS, YOUNG, ALONE = "basis", "young", "alone"
_READ = frozenset({Kind.BOOLEAN, Kind.CHOICE, Kind.MULTICHOICE, Kind.INTEGER, Kind.DECIMAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How the resident may be reached outside this page, as she chose."""

    call: bool = True
    sms: bool = True
    voicemail: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What one resident has told so far. `gate`, `past` and `reach` are None until their page was answered;
    `basis` is on what another adult is acted for, `noted` the notices that were read."""

    gate: tuple[str, ...] | None = None
    past: tuple[str, ...] | None = None
    own_words: str = field(default="", repr=False)
    topic: str | None = None
    answers: Answers = field(default_factory=dict, repr=False)
    phone: str | None = field(default=None, repr=False)
    reach: Reach | None = None
    basis: str | None = None
    noted: tuple[str, ...] = ()
    wants_call: bool = False

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> "Journey":
        """The journey as `dump` stored it, by this version or an older one."""
        gate_items, past_items = values.get("gate"), values.get("past")
        answers, reach = dict(values.get("answers") or {}), values.get("reach")
        return cls(
            gate=None if gate_items is None else tuple(gate_items),
            past=None if past_items is None else tuple(past_items),
            own_words=answers.pop(OWN_WORDS, ""),
            topic=values.get("topic"),
            answers={
                key: tuple(value) if isinstance(value, list) else value for key, value in answers.items()
            },
            phone=values.get("phone"),
            reach=None if reach is None else Reach(**reach),
            basis=values.get("basis"),
            noted=tuple(values.get("noted") or ()),
            wants_call=values.get("wants_call", False),
        )

    def dump(self) -> dict[str, Any]:
        """The journey as JSON, in the form professionals' pages read."""
        answers: dict[str, Any] = {
            key: list(value) if isinstance(value, tuple) else value for key, value in self.answers.items()
        }
        if self.own_words:
            answers[OWN_WORDS] = self.own_words
        return {
            "gate": None if self.gate is None else list(self.gate),
            "past": None if self.past is None else list(self.past),
            "topic": self.topic,
            "answers": answers,
            "phone": self.phone,
            "reach": None
            if self.reach is None
            else {"call": self.reach.call, "sms": self.reach.sms, "voicemail": self.reach.voicemail},
            "basis": self.basis,
            "noted": list(self.noted),
            "wants_call": self.wants_call,
        }

    def answer(self, question: str, value: Value) -> "Journey":
        """The journey with one more answer."""
        return replace(self, answers={**self.answers, question: value})

    @property
    def subject(self) -> Subject:
        """Whom it is about: known only from the answers, as nobody is identified here."""
        return Subject(age=None, age_months=None, sex="unknown")

    def acting(self, limits: Limits) -> Acting | None:
        """Who asks for whom, as told; None before it was told."""
        return acting(self.answers.get(WHO), self.answers.get(AGE), self.basis, limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page of the way, and whether it has been answered."""

    path: str
    done: bool
    question: Question | None = None


def steps(content: Content, told: Journey, limits: Limits) -> tuple[Step, ...]:
    """Every page of the way before the check of all answers, in order, as far as it is known."""
    return (
        Step(path=WORDS_PATH, done=bool(told.own_words)),
        Step(path=GATE_PATH, done=told.gate is not None),
        Step(path=PAST_PATH, done=told.past is not None),
        *_whom(content, told, limits),
        Step(path=TOPIC_PATH, done=told.topic is not None),
        *_topic(content, told, limits),
        Step(path=PHONE_PATH, done=told.reach is not None),
    )


def next_path(content: Content, told: Journey, limits: Limits) -> str:
    """The page that comes next: the first that has not been answered."""
    return next((step.path for step in steps(content, told, limits) if not step.done), CHECK_PATH)


def path_before(content: Content, told: Journey, limits: Limits, path: str) -> str:
    """The page before this one; the front page before the first."""
    paths = ["/", *(step.path for step in steps(content, told, limits))]
    return paths[paths.index(path) - 1] if path in paths[1:] else paths[-1]


def asked(content: Content, told: Journey, limits: Limits) -> tuple[Question, ...]:
    """Every question of the way, in order; whom it is about comes first."""
    return tuple(step.question for step in steps(content, told, limits) if step.question is not None)


def find(content: Content, told: Journey, limits: Limits, question: str) -> Question | None:
    """The question of that id, when it is on this way."""
    return next((each for each in asked(content, told, limits) if each.id == question), None)


def notice(told: Journey, limits: Limits) -> str | None:
    """What the page about acting for another is for: BASIS, YOUNG or ALONE; None when it is not on the
    way.
    """
    who, age = told.answers.get(WHO), told.answers.get(AGE)
    years = age if isinstance(age, int) else None
    if who == OTHER or (who == CHILD and years is not None and years >= limits.adult_age):
        return BASIS
    if who == CHILD and years is not None and years >= limits.guardian_age:
        return YOUNG
    if who == SELF and years is not None and years < limits.guardian_age:
        return ALONE
    return None


def _whom(content: Content, told: Journey, limits: Limits) -> Iterator[Step]:
    who = content.common_question(WHO)
    if who is None:
        return
    yield _question(who, told)
    age = content.common_question(AGE)
    if told.answers.get(WHO) == CHILD and age is not None:
        yield _question(age, told)
    if notice(told, limits) in (BASIS, YOUNG):
        yield _notice(told, limits)


def _topic(content: Content, told: Journey, limits: Limits) -> Iterator[Step]:
    if told.topic is None:
        return
    ended = next_question(content, told.topic, told.answers, told.subject) is None
    before = {step.question.id for step in _whom(content, told, limits) if step.question is not None}
    for question in questions(content, told.topic, told.answers, told.subject):
        if question.id not in before:
            yield _question(question, told, ended=ended)
        if question.id == AGE and notice(told, limits) == ALONE:
            yield _notice(told, limits)


def _question(question: Question, told: Journey, *, ended: bool = False) -> Step:
    done = ended or question.id in told.answers
    return Step(path=f"/kysely/kysymys/{question.id}", done=done, question=question)


def _notice(told: Journey, limits: Limits) -> Step:
    found = notice(told, limits)
    done = told.basis in ADULT if found == BASIS else found in told.noted
    return Step(path=ACTING_PATH, done=done)


def fitting(content: Content, told: Journey) -> Journey:
    """What still fits the content of today: what it asks no more, or otherwise, is asked again and never a
    fault."""
    topic = told.topic if told.topic in content.topics else None
    answers = {key: value for key, value in told.answers.items() if _fits(content, topic, key, value)}
    return replace(told, topic=topic, answers=answers)


def _fits(content: Content, topic: str | None, name: str, value: Value) -> bool:
    question = content.question(topic, name) if topic else content.common_question(name)
    if question is None or value == UNKNOWN:
        return True
    return reader(question)(value) is not None if question.kind in _READ else isinstance(value, str)


def gate_result(content: Content, journey: Journey) -> GateResult:
    """What the emergency pages came to."""
    return gate(content, ticked(content, journey.gate, journey.past))


def result(content: Content, journey: Journey, *, finished: bool) -> Result | None:
    """What the answers come to, None before there is a topic of today's content."""
    if journey.topic is None or journey.topic not in content.topics:
        return None
    passed = gate_result(content, journey)
    return evaluate(content, journey.topic, journey.answers, journey.subject, gate=passed, finished=finished)


def is_emergency(content: Content, journey: Journey) -> bool:
    """Whether the way ends here, at the emergency page."""
    found = (gate_result(content, journey), result(content, journey, finished=False))
    return any(each is not None and each.level is Urgency.EMERGENCY for each in found)


def left(content: Content, journey: Journey) -> tuple[int, int]:
    """The fewest and the most questions still to come after this one."""
    if journey.topic is None:
        return (0, 0)
    return remaining(content, journey.topic, journey.answers, journey.subject)


def to_be_called(told: Journey, phone: str) -> Journey:
    """The way of one who asks for a call to the number, whatever was said of calls before."""
    reach = replace(told.reach or Reach(), call=True)
    return replace(told, phone=phone, wants_call=True, reach=reach)


def restart(told: Journey) -> Journey:
    """The way to be gone again after a wrong answer: words, topic, contact and whom it is about stay, the
    answers are asked again."""
    whom = {WHO: told.answers[WHO]} if WHO in told.answers else {}
    return replace(told, gate=None, past=None, answers=whom)
