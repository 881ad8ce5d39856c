"""The county's figures as pure functions over facts; the board, reports and exports all use these.

A contact belongs to the period of its arrival, a promise to that of its due instant.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

from core.county import Catalogue, Line, Queue, UnknownId
from core.hours import instant, is_open, local_date, service_time
from core.urgency import Urgency
from ensilinja.reporting.definitions import DEFINITIONS, Definition
from ensilinja.reporting.facts import CALLBACK, Fact, PromiseFact
from ensilinja.reporting.numbers import Delay, Mean, Recommended, Share, mean_of, recommended, share, spread

Facts = Iterable[Fact]
Span = tuple[str | None, datetime, datetime]
VolumeKey = tuple[str, str | None, str | None]
Value = Share | Delay | Mean | Recommended | Mapping[str, Share] | Mapping[VolumeKey, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From the instant `start` up to `end`."""

    start: datetime
    end: datetime

    def has(self, at: datetime | None) -> bool:
        """Whether the instant is in the period."""
        return at is not None and self.start <= at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a figure is asked under: the county's catalogue, the period, and the instant it is asked at.

    `memo` keeps service times already computed; it may be shared by terms of the same catalogue.
    """

    catalogue: Catalogue
    period: Period
    now: datetime
    memo: dict[Span, float | None] = field(default_factory=dict, compare=False, repr=False)

    def queue(self, queue_id: str | None) -> Queue | None:
        """The queue, or None when the county no longer has it."""
        try:
            return self.catalogue.queue(queue_id or "")
        except UnknownId:
            return None

    def line(self, line_id: str | None) -> Line | None:
        """The line, or None."""
        try:
            return self.catalogue.line(line_id or "")
        except UnknownId:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A definition with its value."""

    definition: Definition
    value: Value


def figure(figure_id: str, facts: Facts, terms: Terms) -> Figure:
    """The figure of that id over the facts; KeyError for an unknown id."""
    return Figure(definition=DEFINITIONS[figure_id], value=FIGURES[figure_id](facts, terms))


def helsinki_day(day: date) -> Period:
    """One date of the Helsinki calendar."""
    return Period(start=instant(day, 0), end=instant(day + timedelta(days=1), 0))


def today(now: datetime) -> Period:
    """The Helsinki date of the instant."""
    return helsinki_day(local_date(now))


def quarter(year: int, number: int) -> Period:
    """A quarter (1-4) of the Helsinki calendar."""
    first = date(year, 3 * number - 2, 1)
    after = date(year + 1, 1, 1) if number == 4 else date(year, 3 * number + 1, 1)
    return Period(start=instant(first, 0), end=instant(after, 0))


def callback_share(facts: Facts, terms: Terms) -> Share:
    """Calls first handled by a callback, of calls handled; calls handled in neither way have no verdict."""
    return share(by_callback(fact) for fact in calls(facts, terms))


def answered_directly(facts: Facts, terms: Terms) -> Share:
    """Calls bridged without a callback, of calls that did not leave within the short band."""
    return share(
        None if is_short(fact, terms) else by_callback(fact) is False for fact in calls(facts, terms)
    )


def callback_delay(facts: Facts, terms: Terms) -> Delay:
    """From the request until the resident was reached."""
    return delay(arrived(facts, terms), terms, lambda fact: (fact.requested_at, fact.reached_at))


def callback_first_attempt(facts: Facts, terms: Terms) -> Delay:
    """From the request until the first real attempt."""
    return delay(arrived(facts, terms), terms, lambda fact: (fact.requested_at, fact.first_attempt_at))


def callback_in_promise(facts: Facts, terms: Terms) -> Share:
    """Callback promises due in the period with a real attempt by their due instant."""
    return share(
        None if is_out(promise) else was_attempted(fact, promise)
        for fact in facts
        for promise in due(fact, terms)
        if promise.kind == CALLBACK
    )


def callback_same_day(facts: Facts, terms: Terms) -> Share:
    """Callbacks requested in opening hours that were reached on the same Helsinki date."""
    return share(
        same_day(fact.requested_at, fact.reached_at)
        for fact in arrived(facts, terms)
        if fact.requested_at is not None and in_hours(fact, fact.requested_at, terms)
    )


def chat_reply_delay(facts: Facts, terms: Terms) -> Delay:
    """From the first place in a queue until the first human message."""
    chats = (fact for fact in arrived(facts, terms) if fact.channel == "chat")
    return delay(chats, terms, lambda fact: (fact.queued_at, fact.first_reply_at))


def chat_reply_delay_services(facts: Facts, terms: Terms) -> Mean:
    """The mean over queues of their mean reply delay, in service time."""
    parts = by_queue(facts, lambda fact: fact.first_queue)
    return mean_of(chat_reply_delay(part, terms).service.mean_s for part in parts.values())


def resolution_declared(facts: Facts, terms: Terms) -> Share:
    """Resolved of the contacts whose newest outcome counts."""
    coded = (fact for fact in arrived(facts, terms) if fact.outcome is not None)
    return share(fact.is_resolved if fact.is_counted else None for fact in coded)


def resolution_declared_services(facts: Facts, terms: Terms) -> Mean:
    """The mean over closing queues of their resolution."""
    parts = by_queue(facts, lambda fact: fact.queue)
    return mean_of(resolution_declared(part, terms).percent for part in parts.values())


def abandonment(facts: Facts, terms: Terms) -> Share:
    """Contacts that left unanswered and for good, of those that did not leave within the short band."""
    return share(None if is_short(fact, terms) else is_abandoned(fact) for fact in in_line(facts, terms))


def service_level(facts: Facts, terms: Terms) -> Share:
    """Contacts answered within their queue's target, of those that did not leave within the short band."""
    return share(
        None if is_short(fact, terms) else is_in_target(fact, terms) for fact in in_line(facts, terms)
    )


def promise_kept(facts: Facts, terms: Terms) -> Mapping[str, Share]:
    """Promises kept by their due instant, of those due in the period, by kind."""
    verdicts: dict[str, list[bool | None]] = {}
    for fact in facts:
        for promise in due(fact, terms):
            kept_at = promise.kept_at
            in_time = kept_at is not None and kept_at <= promise.due_at
            verdicts.setdefault(promise.kind, []).append(None if is_out(promise) else in_time)
    return {kind: share(verdicts[kind]) for kind in sorted(verdicts)}


def assessed_same_day(facts: Facts, terms: Terms) -> Share:
    """Contacts received in opening hours that a professional assessed on the same Helsinki date."""
    return share(
        same_day(fact.arrived_at, fact.assessed_at)
        for fact in arrived(facts, terms)
        if is_under_the_law(fact, terms)
        and fact.arrived_at is not None
        and in_hours(fact, fact.arrived_at, terms)
    )


def ems_without_unit(facts: Facts, terms: Terms) -> Share:
    """Tasks of the emergency centre closed without a unit, of those whose outcome tells of one."""
    tasks = (fact for fact in arrived(facts, terms) if fact.channel == "task" and fact.outcome is not None)
    meaning = {code.id: code.without_unit for code in terms.catalogue.outcomes}
    return share(meaning.get(fact.outcome or "") for fact in tasks)


def nps(facts: Facts, terms: Terms) -> Recommended:
    """How likely those who were asked by text recommend the service."""
    asked = [fact for fact in arrived(facts, terms) if fact.survey_asked_at is not None]
    return recommended(len(asked), (fact.survey_score for fact in asked if fact.survey_score is not None))


def volume(facts: Facts, terms: Terms) -> Mapping[VolumeKey, int]:
    """Contacts by channel, line and first queue; another matter raised within a contact is not an arrival."""
    return Counter(
        (fact.channel or "", fact.line, fact.first_queue)
        for fact in arrived(facts, terms)
        if fact.born_of is None
    )


FIGURES: Mapping[str, Callable[[Facts, Terms], Value]] = MappingProxyType(
    {
        "callback_share": callback_share,
        "answered_directly": answered_directly,
        "callback_delay": callback_delay,
        "callback_first_attempt": callback_first_attempt,
        "callback_in_promise": callback_in_promise,
        "callback_same_day": callback_same_day,
        "chat_reply_delay": chat_reply_delay,
        "chat_reply_delay_services": chat_reply_delay_services,
        "resolution_declared": resolution_declared,
        "resolution_declared_services": resolution_declared_services,
        "abandonment": abandonment,
        "service_level": service_level,
        "promise_kept": promise_kept,
        "assessed_same_day": assessed_same_day,
        "ems_without_unit": ems_without_unit,
        "nps": nps,
        "volume": volume,
    }
)


def arrived(facts: Facts, terms: Terms) -> Iterable[Fact]:
    """The contacts that arrived in the period."""
    return (fact for fact in facts if terms.period.has(fact.arrived_at))


def calls(facts: Facts, terms: Terms) -> Iterable[Fact]:
    """The calls that arrived in the period."""
    return (fact for fact in arrived(facts, terms) if fact.channel == "call" and fact.born_of is None)


def in_line(facts: Facts, terms: Terms) -> Iterable[Fact]:
    """The contacts of the period that had a place in a queue of their own."""
    return (fact for fact in arrived(facts, terms) if fact.queued_at is not None and fact.born_of is None)


def by_queue(facts: Facts, queue: Callable[[Fact], str | None]) -> dict[str, list[Fact]]:
    """The facts apart by queue; ones without a queue are left out."""
    parts: dict[str, list[Fact]] = {}
    for fact in facts:
        name = queue(fact)
        if name is not None:
            parts.setdefault(name, []).append(fact)
    return parts


def delay(
    facts: Facts, terms: Terms, ends: Callable[[Fact], tuple[datetime | None, datetime | None]]
) -> Delay:
    """The delays of the facts that have both ends, by both clocks; a queue long gone has no service time."""
    service: list[float | None] = []
    wall: list[float] = []
    for fact in facts:
        start, end = ends(fact)
        if start is not None and end is not None:
            service.append(service_seconds(terms, fact.first_queue, start, end))
            wall.append((end - start).total_seconds())
    return Delay(service=spread(service), wall=spread(wall))


def service_seconds(terms: Terms, queue_id: str | None, start: datetime, end: datetime) -> float | None:
    """The open time of the queue between the instants, in seconds; None without a queue."""
    span = (queue_id, start, end)
    if span not in terms.memo:
        queue = terms.queue(queue_id)
        terms.memo[span] = (
            None if queue is None else service_time(queue.service_hours, start, end).total_seconds()
        )
    return terms.memo[span]


def by_callback(fact: Fact) -> bool | None:
    """Whether the call was first handled by a callback; None when it was not handled at all."""
    if fact.bridged_at is not None and (fact.requested_at is None or fact.bridged_at < fact.requested_at):
        return False
    if fact.requested_at is None:
        return None
    return True if fact.first_attempt_at is not None or not is_given_up(fact) else None


def is_given_up(fact: Fact) -> bool:
    """Whether the resident withdrew every callback that was promised."""
    ends = [promise.ended_why for promise in fact.promises if promise.kind == CALLBACK]
    return bool(ends) and all(why == "withdrawn_by_resident" for why in ends)


def is_abandoned(fact: Fact) -> bool:
    """Whether the contact left for good before anybody answered; one with a callback asked for has not."""
    return fact.has_abandoned and fact.answered_at is None and fact.requested_at is None


def is_short(fact: Fact, terms: Terms) -> bool:
    """Whether it left within the short-abandon band, which no figure counts as a contact offered."""
    limits = terms.catalogue.limits
    bands = {"call": limits.short_abandon_call_s, "chat": limits.short_abandon_chat_s}
    if not is_abandoned(fact) or fact.left_at is None or fact.queued_at is None:
        return False
    return (fact.left_at - fact.queued_at).total_seconds() <= bands.get(fact.channel or "", 0)


def is_in_target(fact: Fact, terms: Terms) -> bool | None:
    """Whether it was answered within the target; None while that is open, or if another contact answered."""
    queue = terms.queue(fact.first_queue)
    if queue is None or fact.queued_at is None or fact.ended_elsewhere_at is not None:
        return None
    target = queue.target(fact.handled_by or "chat", Urgency(fact.urgency_given or Urgency.NON_URGENT))
    gone = fact.has_abandoned or fact.closed_at is not None
    until = fact.answered_at or terms.now
    is_within = service_time(queue.service_hours, fact.queued_at, until) <= target
    if fact.answered_at is not None:
        return is_within
    return False if gone or not is_within else None


def due(fact: Fact, terms: Terms) -> Iterable[PromiseFact]:
    """The fact's promises whose due instant is in the period and has passed."""
    return (p for p in fact.promises if terms.period.has(p.due_at) and p.due_at <= terms.now)


def is_out(promise: PromiseFact) -> bool:
    """Whether it ended before its due instant; one that broke first stays broken."""
    return promise.kept_at is None and promise.ended_at is not None and promise.ended_at <= promise.due_at


def was_attempted(fact: Fact, promise: PromiseFact) -> bool:
    """Whether a real attempt was made after the promise was made and by its due instant."""
    rung = (attempt.rung_at for attempt in fact.attempts if attempt.is_real)
    return any(at is not None and promise.made_at <= at <= promise.due_at for at in rung)


def same_day(start: datetime | None, end: datetime | None) -> bool:
    """Whether both happened on one Helsinki date."""
    return start is not None and end is not None and local_date(start) == local_date(end)


def in_hours(fact: Fact, at: datetime, terms: Terms) -> bool:
    """Whether the contact's line, or else its first queue, was open at the instant."""
    line, queue = terms.line(fact.line), terms.queue(fact.first_queue)
    if line is not None:
        return is_open(line.hours, at)
    return queue is not None and is_open(queue.service_hours, at)


def is_under_the_law(fact: Fact, terms: Terms) -> bool:
    """Whether the same-day assessment of Terveydenhuoltolaki 51 § binds its line, or else its first queue."""
    line, queue = terms.line(fact.line), terms.queue(fact.first_queue)
    if line is not None:
        return line.same_day_law
    return queue is not None and queue.same_day_law
