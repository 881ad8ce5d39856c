"""When simulated people come and what they do: choices of a seeded generator over the load profile. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from core.county import OutcomeCode
from ensilinja.people import lines
from triage.answers import check_answer
from triage.definition import UNKNOWN, Content, Kind, Question, Subject, Value
from triage.engine import next_question

HELSINKI = ZoneInfo("Europe/Helsinki")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STAY = 45.0  # seconds a person stays at least: with it, the rate that fills the demo in the busiest hour
QUIETEST = 0.5  # of the busiest hour: somebody who looks at the demo in the evening sees it live too
PEOPLE_A_NURSE = 6
LONGEST_FORM = 60
WHO = "who"
NEVER_CHOSEN = frozenset({"UNREACHED", "ABANDONED", "DUPLICATE", "TRANSFERRED_QUEUE", "TRANSFERRED_OWN_TEAM"})
LEFT_TO_HUMANS = 0.5  # of the offers a signed-in professional could have had

EMERGENCIES, CALLBACKS, HOLDS = 0.04, 0.22, 0.1  # shares of those who come; the others chat
ANSWERING = (("answers", 0.75), ("no_answer", 0.15), ("busy", 0.1))


class Way(StrEnum):
    """How a person comes: a chat, a call that presses 1, a call that waits."""

    CHAT = "chat"
    CALLBACK = "callback"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Shares of contacts by Helsinki hour and by weekday, Monday first."""

    hours: Mapping[int, float]
    weekdays: tuple[float, ...]

    def shape(self, at: datetime) -> float:
        """The load of that hour, as a part of the busiest hour's of the week."""
        local = at.astimezone(HELSINKI)
        load = self.hours.get(local.hour, 0.0) * self.weekdays[local.weekday()]
        return load / (max(self.hours.values()) * max(self.weekdays))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One invented resident; `patience` is seconds in the line, then she leaves or asks for a call."""

    way: Way
    number: str = field(repr=False)
    answers_phone: str
    topic: str
    own_words: str
    said: tuple[str, ...]
    emergency: bool
    patience: float
    then: Literal["leave", "callback"]


def read_profile(text: str) -> Profile:
    """The profile of the shipped file."""
    shares = json.loads(text)
    return Profile(
        hours={int(hour): share for hour, share in shares["hour_public"].items()},
        weekdays=tuple(shares["weekday_public"][day] for day in WEEK),
    )


def next_arrival(
    rng: Random, profile: Profile, at: datetime, count: int, *, quietest: float = QUIETEST
) -> datetime:
    """When the next person comes after `at`: `count / STAY` a second in the busiest hour, else by shape."""
    while True:
        at += timedelta(seconds=rng.expovariate(count / STAY))
        if rng.random() < max(quietest, profile.shape(at)):
            return at


def draw_person(rng: Random, topics: Sequence[str]) -> Person:
    """A person with a harmless matter of one of the topics."""
    roll = rng.random()
    way = Way.CALLBACK if roll < CALLBACKS else Way.HOLD if roll < CALLBACKS + HOLDS else Way.CHAT
    known = [topic for topic in topics if topic in lines.MATTERS] or list(topics)
    topic = rng.choice(known)
    emergency = way is Way.CHAT and rng.random() < EMERGENCIES
    return Person(
        way=way,
        number=f"+35840123{rng.randrange(10_000):04}",
        answers_phone=weighed(rng, ANSWERING),
        topic=topic,
        own_words=rng.choice(lines.MATTERS.get(topic, lines.ANY_MATTER)),
        said=tuple(rng.sample(lines.RESIDENT, k=rng.randint(2, 4))),
        emergency=emergency,
        patience=rng.uniform(40, 240),
        then="callback" if rng.random() < 0.45 else "leave",
    )


def weighed(rng: Random, choices: Sequence[tuple[str, float]]) -> str:
    """One of the choices by weight."""
    return rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]


def fill(rng: Random, content: Content, topic: str) -> dict[str, Value]:
    """A filled questionnaire: every question the engine asks, answered at random but mildly."""
    answers: dict[str, Value] = {}
    who = content.common_question(WHO)
    if who is not None:
        answers[WHO] = who.options[0].code
    for _ in range(LONGEST_FORM):
        question = next_question(content, topic, answers, Subject())
        if question is None:
            break
        answers[question.id] = mild_answer(rng, question)
    return answers


def mild_answer(rng: Random, question: Question) -> Value:
    """A valid answer, seldom an alarming one."""
    if question.id == "age":
        return check_answer(question, str(rng.randint(20, 80)))
    if question.kind is Kind.BOOLEAN:
        return check_answer(question, weighed(rng, (("false", 0.91), ("true", 0.04), (UNKNOWN, 0.05))))
    if question.kind in (Kind.CHOICE, Kind.MULTICHOICE):
        return check_answer(question, mild_choice(rng, question))
    if question.kind in (Kind.INTEGER, Kind.DECIMAL):
        return check_answer(question, str(mild_number(rng, question)))
    return lines.NOTHING_MORE if question.kind is Kind.TEXT and not question.optional else UNKNOWN


def mild_choice(rng: Random, question: Question) -> str:
    """An option; the first ones, which are the mild ones in scales, more often."""
    codes = [option.code for option in question.options]
    return rng.choices(codes, [len(codes) - place for place in range(len(codes))])[0]


def mild_number(rng: Random, question: Question) -> int:
    """A number near the lower end of what may be answered."""
    low = int(question.minimum or 0)
    high = min(int(question.maximum if question.maximum is not None else low + 10), low + 10)
    return int(rng.triangular(low, high, low + (high - low) / 4))


def draw_replies(rng: Random) -> tuple[str, ...]:
    """What a nurse writes: a greeting, up to three lines between, a goodbye."""
    between = rng.sample(lines.NURSE, k=rng.randint(0, 3))
    return (rng.choice(lines.GREETINGS), *between, rng.choice(lines.GOODBYES))


def draw_outcome(rng: Random, outcomes: Sequence[OutcomeCode], channel: str) -> str:
    """The code of a plausible end: mostly resolved, sometimes booked or referred."""
    fitting = [
        (code.id, 6.0 if code.resolved else 1.0)
        for code in outcomes
        if code.by_professional
        and code.counts
        and code.id not in NEVER_CHOSEN
        and (channel != "callback" or code.ends_callback)
        and code.queue is None
    ]
    return weighed(rng, fitting)


def nurses_for(people: int) -> int:
    """How many nurses so many people need."""
    return max(1, -(-people // PEOPLE_A_NURSE))


def queues_of(place: int, nurses: int, queues: Sequence[str]) -> tuple[str, ...]:
    """The queues of the nurse at `place`: the first, and her part of the others; together all are served."""
    return tuple(dict.fromkeys([queues[0], *queues[place % len(queues) :: nurses]]))


def spread(rng: Random, profile: Profile, start: datetime, count: int, until: datetime) -> Iterator[datetime]:
    """Arrivals from `start` to `until` by the profile alone, without a floor."""
    at = next_arrival(rng, profile, start, count, quietest=0.0)
    while at < until:
        yield at
        at = next_arrival(rng, profile, at, count, quietest=0.0)
