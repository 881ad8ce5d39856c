"""A resident's way through the questions, as stored between pages: what is told, what comes next. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.urgency import Urgency
from triage.definition import Answers, Content, GateResult, Question, Result, Subject, Value
from triage.engine import evaluate, gate, next_question, questions, remaining

WHO = "who"
OWN_WORDS = "free_text"  # the question under which professionals read them
OWN_WORDS_LIMIT = 2000  # characters; what is longer is better told to a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What one resident has told so far. `gate` and `phone` are None until their page has been answered."""

    gate: tuple[str, ...] | None = None
    own_words: str = field(default="", repr=False)
    topic: str | None = None
    answers: Answers = field(default_factory=dict, repr=False)
    phone: str | None = field(default=None, repr=False)
    wants_call: bool = False

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> "Journey":
        """The journey as `dump` stored it."""
        gate_items = values.get("gate")
        answers = dict(values.get("answers") or {})
        return cls(
            gate=None if gate_items is None else tuple(gate_items),
            own_words=answers.pop(OWN_WORDS, ""),
            topic=values.get("topic"),
            answers={
                key: tuple(value) if isinstance(value, list) else value for key, value in answers.items()
            },
            phone=values.get("phone"),
            wants_call=values.get("wants_call", False),
        )

    def dump(self) -> dict[str, Any]:
        """JSON for the store."""
        answers = {
            key: list(value) if isinstance(value, tuple) else value for key, value in self.answers.items()
        }
        if self.own_words:
            answers[OWN_WORDS] = self.own_words
        return {
            "gate": None if self.gate is None else list(self.gate),
            "topic": self.topic,
            "answers": answers,
            "phone": self.phone,
            "wants_call": self.wants_call,
        }

    def answer(self, question: str, value: Value) -> "Journey":
        """The journey with one more answer."""
        return replace(self, answers={**self.answers, question: value})

    @property
    def subject(self) -> Subject:
        """Whom it is about: known only from the answers, as nobody is identified here."""
        return Subject(age=None, age_months=None, sex="unknown")


def gate_result(content: Content, journey: Journey) -> GateResult:
    """What the emergency question came to."""
    return gate(content, frozenset(journey.gate or ()))


def result(content: Content, journey: Journey, *, finished: bool) -> Result | None:
    """What the answers come to, None before there is a topic."""
    if journey.topic is None:
        return None
    passed = gate_result(content, journey)
    return evaluate(content, journey.topic, journey.answers, journey.subject, gate=passed, finished=finished)


def is_emergency(found: Result | GateResult | None) -> bool:
    """Whether the way ends here, at the emergency page."""
    return found is not None and found.level is Urgency.EMERGENCY


def asked(content: Content, journey: Journey) -> tuple[Question, ...]:
    """Every question of the way, in order; whom it is about comes first."""
    who = content.common_question(WHO)
    first = (who,) if who is not None else ()
    if journey.topic is None:
        return first
    return first + questions(content, journey.topic, journey.answers, journey.subject)


def find(content: Content, journey: Journey, question: str) -> Question | None:
    """The question of that id, when it is on this way."""
    return next((each for each in asked(content, journey) if each.id == question), None)


def before(content: Content, journey: Journey, question: str) -> str | None:
    """The id of the question before, None for the first."""
    ids = [each.id for each in asked(content, journey)]
    place = ids.index(question) if question in ids else 0
    return ids[place - 1] if place else None


def left(content: Content, journey: Journey) -> tuple[int, int]:
    """The fewest and the most questions still to come after this one."""
    if journey.topic is None:
        return (0, 0)
    return remaining(content, journey.topic, journey.answers, journey.subject)


def next_path(content: Content, journey: Journey) -> str:
    """The page that comes next: the first that has not been answered."""
    if journey.gate is None:
        return "/kysely/hata"
    if not journey.own_words:
        return "/kysely/asia"
    if journey.topic is None:
        return "/kysely/aihe"
    if WHO not in journey.answers and content.common_question(WHO) is not None:
        return f"/kysely/kysymys/{WHO}"
    question = next_question(content, journey.topic, journey.answers, journey.subject)
    if question is not None:
        return f"/kysely/kysymys/{question.id}"
    return "/kysely/puhelin" if journey.phone is None else "/kysely/tarkista"


def restart(told: Journey) -> Journey:
    """The way to be gone again after a wrong answer: words and topic stay, the answers are asked again."""
    return Journey(own_words=told.own_words, topic=told.topic, phone=told.phone)
