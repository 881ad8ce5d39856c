"""Who comes, when, how and with what patience: choices of one seed over the load profile. Pure.

A visit is the same in every scenario of a seed, so that scenarios differ by what was changed and not by luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

from core.county import CallBack, Catalogue, Line
from core.hours import HELSINKI, is_open
from core.urgency import Urgency
from ensilinja.people.profile import ANSWERING, Profile, weighed

HOURS = tuple(range(7, 19))
NIGHT = 0.04  # of the messages: written before the lines open
CALLS, CHATS = 0.55, 0.3  # of all; the others are messages
PRESS_1 = 0.55  # of the calls
SHARES: Mapping[str, float] = {
    "nurse": 0.62,
    "dental": 0.12,
    "mental": 0.09,
    "physio": 0.07,
    "maternity": 0.05,
    "social": 0.03,
    "info": 0.02,
}
"""Of those who write, by queue. An assumption: the county publishes no such figures."""
LEVELS = (
    (Urgency.EMERGENCY, 0.005),
    (Urgency.ED, 0.03),
    (Urgency.SAME_DAY, 0.3),
    (Urgency.DAYS_1_3, 0.35),
    (Urgency.NON_URGENT, 0.25),
    (Urgency.SELF_CARE, 0.065),
)
LANGUAGES = (("fi", 0.95), ("sv", 0.02), ("en", 0.03))
PATIENCE = {"chat": (25.0, 0.6), "call": (8.0, 0.7)}  # minutes: the median, and how far people differ
TALK = {"call": (6.5, 0.6), "callback": (6.5, 0.6), "chat": (19.0, 0.5), "message": (4.5, 0.4)}
"""Minutes of serving, median and spread: means of about 8, 8, 22 and 5 (load profile)."""
IMPATIENT = (("leave", 0.55), ("callback", 0.45))


class Way(StrEnum):
    """How a resident comes: a chat, a call that presses 1, a call that waits, a written message."""

    CHAT = "chat"
    CALLBACK = "callback"
    HOLD = "hold"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One resident who comes once; the numbers are drawn before the day begins."""

    n: int
    at: datetime
    way: Way
    queue: str
    line: str | None = None
    urgency: Urgency | None = None
    language: str = "fi"
    number: str = field(repr=False, default="")
    answers_phone: str = "answers"
    patience_s: float = 1200.0
    then: str = "leave"
    returns: bool = False
    comes_again: bool = False
    also_writes: bool = False
    talk_s: Mapping[str, float] = field(default_factory=dict)


def a_day(seed: str, day: date, count: int, profile: Profile, catalogue: Catalogue) -> tuple[Visit, ...]:
    """`count` visits of one Helsinki date in order of arrival; the hours by the profile."""
    rng = Random(f"{seed}:{day}")  # noqa: S311 - invented people
    instants = sorted(_instant(rng, day, profile) for _ in range(count))
    return tuple(_visit(seed, n, at, catalogue) for n, at in enumerate(instants, start=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """An arrival without its person: all that is kept of a recorded day."""

    at: datetime
    way: Way
    queue: str
    line: str | None = None
    urgency: Urgency | None = None


def visit_of(seed: str, n: int, coming: Coming) -> Visit:
    """The visit of an arrival: the person is drawn."""
    return _person(Random(f"{seed}:{n}"), n, coming)  # noqa: S311


def calls_of_a_day(seed: str, day: date, per_hour: int, catalogue: Catalogue) -> tuple[Visit, ...]:
    """So many calls in every hour in which at least one line is open at its beginning; nobody writes."""
    rng = Random(f"{seed}:{day}:calls")  # noqa: S311
    hours = [hour for hour in range(24) if open_lines(catalogue, helsinki(day, hour))]
    instants = sorted(
        helsinki(day, hour) + timedelta(seconds=rng.randrange(3600))
        for hour in hours
        for _ in range(per_hour)
    )
    calls = (_call(Random(f"{seed}:{n}"), at, catalogue) for n, at in enumerate(instants, start=1))  # noqa: S311
    comings = [coming for coming in calls if coming is not None]
    return tuple(visit_of(seed, n, coming) for n, coming in enumerate(comings, start=1))


def open_lines(catalogue: Catalogue, at: datetime) -> list[Line]:
    """The lines that take calls at the instant."""
    return [line for line in catalogue.lines if is_open(line.hours, at)]


def _call(rng: Random, at: datetime, catalogue: Catalogue) -> Coming | None:
    """A call to one of the open lines, by the shares of their queues; None when all have closed meanwhile."""
    lines = open_lines(catalogue, at)
    if not lines:
        return None
    of = {queue: [line for line in lines if line.queue == queue] for queue in {line.queue for line in lines}}
    queue = weighed(rng, [(queue, SHARES.get(queue, 0.01)) for queue in sorted(of)])
    line = rng.choice(of[queue])
    presses = rng.random() < PRESS_1 and line.callback is CallBack.OFFERED
    return Coming(at=at, way=Way.CALLBACK if presses else Way.HOLD, queue=queue, line=line.id)


def _visit(seed: str, n: int, at: datetime, catalogue: Catalogue) -> Visit:
    rng = Random(f"{seed}:{n}")  # noqa: S311
    way, line, queue = _way(rng, catalogue, at)
    urgency = None if line else rng.choices([u for u, _ in LEVELS], [w for _, w in LEVELS])[0]
    return _person(rng, n, Coming(at=at, way=way, queue=queue, line=line, urgency=urgency))


def _way(rng: Random, catalogue: Catalogue, at: datetime) -> tuple[Way, str | None, str]:
    roll = rng.random()
    chosen = weighed(
        rng, [(queue.id, SHARES.get(queue.id, 0.01)) for queue in catalogue.queues if not queue.tasks]
    )
    presses = rng.random() < PRESS_1
    if roll >= CALLS:
        return (Way.CHAT if roll < CALLS + CHATS else Way.MESSAGE), None, chosen
    lines = [line for line in catalogue.lines if line.queue == chosen and is_open(line.hours, at)]
    if not lines:
        return Way.CHAT, None, chosen
    line = lines[min(int(rng.random() ** 2 * len(lines)), len(lines) - 1)]
    offers = line.callback is CallBack.OFFERED
    return (Way.CALLBACK if presses and offers else Way.HOLD), line.id, line.queue


def _person(rng: Random, n: int, coming: Coming) -> Visit:
    median, differ = PATIENCE["chat" if coming.way is Way.CHAT else "call"]
    return Visit(
        n=n,
        at=coming.at,
        way=coming.way,
        queue=coming.queue,
        line=coming.line,
        urgency=coming.urgency,
        language=weighed(rng, LANGUAGES),
        number=f"+35840{n:07}",
        answers_phone=weighed(rng, ANSWERING),
        patience_s=around(rng, median, differ),
        then=weighed(rng, IMPATIENT),
        returns=rng.random() < 0.25,
        comes_again=rng.random() < 0.04,
        also_writes=rng.random() < 0.03,
        talk_s={channel: around(rng, *minutes) for channel, minutes in TALK.items()},
    )


def around(rng: Random, median_minutes: float, differ: float) -> float:
    """Seconds, of a lognormal spread around the median."""
    return 60.0 * median_minutes * rng.lognormvariate(0.0, differ)


def _instant(rng: Random, day: date, profile: Profile) -> datetime:
    hour = rng.choices(HOURS, [profile.hours.get(hour, 0.0) for hour in HOURS])[0]
    return helsinki(day, hour) + timedelta(seconds=rng.randrange(3600))


def helsinki(day: date, hour: float) -> datetime:
    """The instant of a Helsinki wall-clock hour of the date; 7.5 is half past seven."""
    minutes = round(hour * 60)
    local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=HELSINKI)
    return local.astimezone(UTC)


def spoken_on(line: Line, visit: Visit) -> str:
    """The language of a call: the visit's own where the line asks and has it, else the line's first."""
    return visit.language if line.asks_language and visit.language in line.languages else line.languages[0]
