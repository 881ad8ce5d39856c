"""What came of a simulated day: the county's own figures over its facts, and waits by channel and urgency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from core.urgency import Urgency
from ensilinja.reporting import kpis
from ensilinja.reporting.facts import SECOND, Fact
from ensilinja.reporting.kpis import Period, Terms
from ensilinja.reporting.numbers import Delay, Share, Spread, spread
from ensilinja.simulation.running import Played
from ensilinja.simulation.visits import helsinki

SHARES = (
    "service_level",
    "callback_share",
    "answered_directly",
    "callback_in_promise",
    "callback_same_day",
    "assessed_same_day",
    "abandonment",
)
DELAYS = ("chat_reply_delay", "callback_first_attempt")
LIVE = ("chat", "call")
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One day in figures. `kept` are first promises of all kinds, `second` those made beside a first one;
    `waits` are of those who were answered, in service time, by channel and urgency.
    """

    name: str
    contacts: int
    shares: Mapping[str, Share]
    delays: Mapping[str, Spread]
    kept: Share
    second: Share
    waits: Mapping[Key, Spread]
    worst_live_s: float
    starved: int
    arrived_at: tuple[datetime, ...] = field(repr=False)
    waited: tuple[tuple[datetime, float], ...] = field(repr=False)


def outcome(played: Played) -> Outcome:
    """The figures of a day, by the functions the board and the reports use."""
    facts, scenario = played.facts, played.scenario
    day, ends = scenario.days[-1], played.world.now
    period = Period(start=helsinki(scenario.days[0], 0), end=kpis.helsinki_day(day).end)
    terms = Terms(catalogue=scenario.services.catalogue, period=period, now=ends)
    kept = kpis.promise_kept(facts, terms)
    return Outcome(
        name=scenario.name,
        contacts=len(facts),
        shares={name: share_of(name, facts, terms) for name in SHARES},
        delays={name: delay_of(name, facts, terms) for name in DELAYS},
        kept=together(share for kind, share in kept.items() if kind != SECOND),
        second=kept.get(SECOND, together(())),
        waits=waits(facts, terms),
        worst_live_s=max((live_wait(fact, ends) for fact in facts), default=0.0),
        starved=sum(is_starved(fact, played, ends) for fact in facts),
        arrived_at=tuple(fact.arrived_at for fact in facts if fact.arrived_at),
        waited=tuple(
            (fact.queued_at, live_wait(fact, ends)) for fact in facts if fact.queued_at and is_live(fact)
        ),
    )


def together(shares: Iterable[Share]) -> Share:
    """One share of all."""
    each = list(shares)
    n, count = sum(one.n for one in each), sum(one.count for one in each)
    return Share(n=n, count=count, percent=100 * count / n if n else None)


def share_of(name: str, facts: list[Fact], terms: Terms) -> Share:
    """A share among the county's figures."""
    return cast(Share, kpis.FIGURES[name](facts, terms))


def delay_of(name: str, facts: list[Fact], terms: Terms) -> Spread:
    """A delay among the county's figures, in service time."""
    return cast(Delay, kpis.FIGURES[name](facts, terms)).service


def waits(facts: list[Fact], terms: Terms) -> Mapping[Key, Spread]:
    """From the first place in a queue until a person served the contact, in the queue's open time."""
    found: dict[Key, list[float | None]] = {}
    for fact in facts:
        if fact.queued_at is None or fact.answered_at is None:
            continue
        key = (fact.handled_by or "", fact.urgency_given or Urgency.NON_URGENT.value)
        seconds = kpis.service_seconds(terms, fact.first_queue, fact.queued_at, fact.answered_at)
        found.setdefault(key, []).append(seconds)
    return {key: spread(found[key]) for key in sorted(found)}


def is_live(fact: Fact) -> bool:
    """Whether a person waited at a page or on the line."""
    return fact.handled_by in LIVE


def live_wait(fact: Fact, now: datetime) -> float:
    """Seconds a person waited live, whether she was answered, left, or waits still."""
    if fact.queued_at is None or not is_live(fact):
        return 0.0
    return ((fact.accepted_at or fact.left_at or fact.closed_at or now) - fact.queued_at).total_seconds()


def is_starved(fact: Fact, played: Played, now: datetime) -> bool:
    """Whether it was due and nobody has served it by the day's end, though the resident did not leave."""
    if fact.answered_at is not None or fact.closed_at is not None or fact.left_at is not None:
        return False
    return played.doors.due_at(fact.contact_id) < now
