"""One contact's facts as a pure fold over its events. Holds no person and no words.

Any prefix of a contact's events folds; an event of a type that no fact rests on changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from callbacks.results import REAL, Result
from core.store import Recorded

CALLBACK = "callback"
SECOND = "callback_second"
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFact:
    """A promise as it stands. A second one is a `SECOND` with the id of the first: they settle together."""

    id: int
    kind: str
    made_at: datetime
    due_at: datetime
    kept_at: datetime | None = None
    ended_at: datetime | None = None
    ended_why: str | None = None

    @property
    def is_open(self) -> bool:
        """Neither kept nor ended."""
        return self.kept_at is None and self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFact:
    """One try to reach the resident, with the strongest word heard of it so far."""

    n: int
    dialled_at: datetime | None = None
    result: str | None = None
    heard_at: datetime | None = None

    @property
    def is_real(self) -> bool:
        """The resident's telephone was rung and nothing says that it was not."""
        return self.result in REAL or (self.result is None and self.dialled_at is not None)

    @property
    def rung_at(self) -> datetime | None:
        """When it rang; where the exchange could not tell, when the professional said so."""
        return self.dialled_at or self.heard_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What the figures need to know of one contact. Instants are UTC; None is "has not happened"."""

    contact_id: int = 0
    matter_id: int | None = None
    channel: str | None = None
    handled_by: str | None = None
    line: str | None = None
    door: str | None = None
    first_queue: str | None = None
    queue: str | None = None
    topic: str | None = None
    language: str | None = None
    urgency_given: str | None = None
    urgency_confirmed: str | None = None
    is_first_contact: bool = True
    born_of: int | None = None
    arrived_at: datetime | None = None
    queued_at: datetime | None = None
    offered_at: datetime | None = None
    accepted_at: datetime | None = None
    bridged_at: datetime | None = None
    first_reply_at: datetime | None = None
    assessed_at: datetime | None = None
    requested_at: datetime | None = None
    first_attempt_at: datetime | None = None
    reached_at: datetime | None = None
    left_at: datetime | None = None
    has_abandoned: bool = False
    ended_elsewhere_at: datetime | None = None
    closed_at: datetime | None = None
    promises: tuple[PromiseFact, ...] = ()
    callback_made_at: datetime | None = None
    callback_due_at: datetime | None = None
    attempts: tuple[AttemptFact, ...] = ()
    attempts_count: int = 0
    transfers_count: int = 0
    offers_count: int = 0
    declined_count: int = 0
    expired_count: int = 0
    overtakes_count: int = 0
    outcome: str | None = None
    is_resolved: bool | None = None
    is_counted: bool | None = None
    survey_asked_at: datetime | None = None
    survey_score: int | None = None

    @property
    def answered_at(self) -> datetime | None:
        """When a person first served the contact: a human message, a bridged call or the first ring back."""
        return earliest(earliest(self.first_reply_at, self.bridged_at), self.first_attempt_at)


def fold(events: Sequence[Recorded]) -> Fact:
    """The fact of one contact's events, oldest first; the blank fact of no events."""
    fact = Fact()
    for event in events:
        step = STEPS.get(event.type)
        if step is not None:
            begun = replace(fact, contact_id=event.contact or 0, arrived_at=fact.arrived_at or event.at)
            fact = step(begun, event)
    return fact


def received(fact: Fact, event: Recorded) -> Fact:
    """The contact came in."""
    data = event.data
    return replace(
        fact,
        arrived_at=earliest(fact.arrived_at, when(data, "arrived_at")),
        channel=data.get("channel"),
        handled_by=fact.handled_by or data.get("channel"),
        line=data.get("line"),
        door=data.get("door"),
        first_queue=fact.first_queue or data.get("queue"),
        queue=fact.queue or data.get("queue"),
        topic=data.get("topic"),
        language=data.get("language"),
        is_first_contact=bool(data.get("first_contact", True)),
        born_of=data.get("born_of"),
        matter_id=data.get("matter"),
    )


def rang(fact: Fact, event: Recorded) -> Fact:
    """An inbound call became or joined the contact: its first ring is the arrival."""
    return replace(fact, arrived_at=earliest(fact.arrived_at, when(event.data, "rang_at")))


def joined(fact: Fact, event: Recorded) -> Fact:
    """The contact was tied to another matter."""
    return replace(fact, matter_id=event.data.get("matter", fact.matter_id))


def queued(fact: Fact, event: Recorded) -> Fact:
    """The contact got a place in a line; only the first one starts the clock."""
    queue, channel = event.data.get("queue"), event.data.get("channel")
    return replace(
        fact,
        queued_at=fact.queued_at or event.at,
        first_queue=fact.first_queue or queue,
        queue=queue or fact.queue,
        handled_by=channel or fact.handled_by,
        urgency_given=fact.urgency_given or event.data.get("urgency"),
        requested_at=requested(fact, event, channel),
    )


def channel_changed(fact: Fact, event: Recorded) -> Fact:
    """The contact is served in another way from now on."""
    channel = event.data.get("channel")
    return replace(
        returned(fact),
        handled_by=channel or fact.handled_by,
        requested_at=requested(fact, event, channel),
    )


def offered(fact: Fact, event: Recorded) -> Fact:
    """The contact was offered to a professional."""
    return replace(returned(fact), offered_at=fact.offered_at or event.at, offers_count=fact.offers_count + 1)


def declined(fact: Fact, event: Recorded) -> Fact:
    """A professional said no to it."""
    return replace(fact, declined_count=fact.declined_count + 1)


def expired(fact: Fact, event: Recorded) -> Fact:
    """An offer ran out."""
    return replace(fact, expired_count=fact.expired_count + 1)


def held(fact: Fact, event: Recorded) -> Fact:
    """A professional took it; a waiting call is bridged by that."""
    bridges = fact.handled_by == "call"
    return replace(
        returned(fact),
        accepted_at=fact.accepted_at or event.at,
        bridged_at=fact.bridged_at or (event.at if bridges else None),
        queue=event.data.get("queue") or fact.queue,
        overtakes_count=fact.overtakes_count + (event.data.get("overtook", 0) > 0),
    )


def transferred(fact: Fact, event: Recorded) -> Fact:
    """The contact went to another queue; its first clock goes on."""
    return replace(
        fact, queue=event.data.get("queue") or fact.queue, transfers_count=fact.transfers_count + 1
    )


def left(fact: Fact, event: Recorded) -> Fact:
    """The resident went; she may come back."""
    return replace(fact, left_at=event.at)


def returned(fact: Fact, event: Recorded | None = None) -> Fact:
    """The resident is in the line again."""
    return replace(fact, left_at=None) if fact.left_at is not None and not fact.has_abandoned else fact


def done(fact: Fact, event: Recorded) -> Fact:
    """The entry ended; a resident who did not come back, or who ended it herself, has left for good."""
    elsewhere = event.data.get("why") == ELSEWHERE
    ended_it = elsewhere and event.actor.startswith("resident")
    return replace(
        fact,
        closed_at=fact.closed_at or event.at,
        left_at=fact.left_at or (event.at if ended_it else None),
        has_abandoned=ended_it or (fact.left_at is not None and not elsewhere),
        ended_elsewhere_at=event.at if elsewhere and not ended_it else fact.ended_elsewhere_at,
    )


def promised(fact: Fact, event: Recorded) -> Fact:
    """The resident was told by when."""
    due_at = when(event.data, "due_at")
    if due_at is None:
        return fact
    made = PromiseFact(
        id=event.data.get("promise", 0), kind=event.data.get("kind", ""), made_at=event.at, due_at=due_at
    )
    asked = requested(fact, event, made.kind)
    return with_promises(replace(fact, requested_at=asked), (*fact.promises, made))


def seconded(fact: Fact, event: Recorded) -> Fact:
    """The resident was told a second time beside the first, which stays what it is."""
    due_at = when(event.data, "due_at")
    if due_at is None:
        return fact
    made = PromiseFact(id=event.data.get("promise", 0), kind=SECOND, made_at=event.at, due_at=due_at)
    return with_promises(fact, (*fact.promises, made))


def kept(fact: Fact, event: Recorded) -> Fact:
    """The promised act was done."""
    return settle(fact, event, kept_at=when(event.data, "kept_at") or event.at)


def ended(fact: Fact, event: Recorded) -> Fact:
    """The promise ended unkept."""
    return settle(fact, event, ended_at=event.at, ended_why=event.data.get("why"))


def dialled(fact: Fact, event: Recorded) -> Fact:
    """The resident's telephone was rung."""
    return with_attempt(fact, event, when(event.data, "dialled_at") or event.at, None)


def attempted(fact: Fact, event: Recorded) -> Fact:
    """A word on how the attempt ended; a later word replaces an earlier one."""
    return with_attempt(fact, event, when(event.data, "dialled_at"), event.data.get("result"))


def assessed(fact: Fact, event: Recorded) -> Fact:
    """A professional assessed the need of care: the newest urgency counts, the first act keeps the day."""
    return replace(
        fact,
        assessed_at=fact.assessed_at or event.at,
        urgency_confirmed=event.data.get("urgency") or fact.urgency_confirmed,
    )


def replied(fact: Fact, event: Recorded) -> Fact:
    """The first human message: greetings, the claim and automatic lines are no such event."""
    return replace(fact, first_reply_at=fact.first_reply_at or event.at)


def concluded(fact: Fact, event: Recorded) -> Fact:
    """An outcome was recorded; the newest counts, the first one closed the contact."""
    return replace(
        fact,
        closed_at=fact.closed_at or event.at,
        outcome=event.data.get("code"),
        is_resolved=bool(event.data.get("resolved")),
        is_counted=bool(event.data.get("counts")),
    )


def surveyed(fact: Fact, event: Recorded) -> Fact:
    """The resident was asked how the service did."""
    return replace(fact, survey_asked_at=fact.survey_asked_at or event.at)


def scored(fact: Fact, event: Recorded) -> Fact:
    """She answered; only the first number counts."""
    if fact.survey_score is not None:
        return fact
    return replace(surveyed(fact, event), survey_score=event.data.get("score"))


def requested(fact: Fact, event: Recorded, way: str | None) -> datetime | None:
    """When a callback was first asked for; unchanged when this is not about one."""
    return fact.requested_at or (event.at if way == CALLBACK else None)


def settle(fact: Fact, event: Recorded, **changes: Any) -> Fact:
    """The fact with the promise of the event settled, once."""
    wanted = event.data.get("promise")
    return with_promises(
        fact,
        tuple(replace(p, **changes) if p.id == wanted and p.is_open else p for p in fact.promises),
    )


def with_promises(fact: Fact, promises: tuple[PromiseFact, ...]) -> Fact:
    """The fact with these promises, and the open callback promise's instants beside them for the board."""
    open_one = next((p for p in reversed(promises) if p.kind == CALLBACK and p.is_open), None)
    return replace(
        fact,
        promises=promises,
        callback_made_at=open_one.made_at if open_one else None,
        callback_due_at=open_one.due_at if open_one else None,
    )


def with_attempt(fact: Fact, event: Recorded, dialled_at: datetime | None, result: str | None) -> Fact:
    """The fact with the news of one attempt, and what follows from all of them."""
    n = event.data.get("n", 0)
    known = {attempt.n: attempt for attempt in fact.attempts}
    old = known.get(n, AttemptFact(n=n))
    known[n] = AttemptFact(
        n=n,
        dialled_at=earliest(old.dialled_at, dialled_at),
        result=result or old.result,
        heard_at=old.heard_at if result in (None, old.result) else event.at,
    )
    attempts = tuple(known[each] for each in sorted(known))
    real = [attempt.rung_at for attempt in attempts if attempt.is_real]
    reached = [attempt.rung_at for attempt in attempts if attempt.result == Result.REACHED]
    return replace(
        fact,
        attempts=attempts,
        attempts_count=len(real),
        first_attempt_at=min((at for at in real if at), default=None),
        reached_at=min((at for at in reached if at), default=None),
    )


def when(data: Mapping[str, Any], key: str) -> datetime | None:
    """The instant of an event's field, in UTC; None when it has none."""
    value = data.get(key)
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def earliest(old: datetime | None, new: datetime | None) -> datetime | None:
    """The earlier of the instants that are known."""
    return min((at for at in (old, new) if at is not None), default=None)


STEPS: Mapping[str, Callable[[Fact, Recorded], Fact]] = MappingProxyType(
    {
        "contact.received": received,
        "call.arrived": rang,
        "matter.joined": joined,
        "entry.queued": queued,
        "entry.channel": channel_changed,
        "entry.offered": offered,
        "entry.declined": declined,
        "entry.expired": expired,
        "entry.held": held,
        "entry.transferred": transferred,
        "entry.left": left,
        "entry.resumed": returned,
        "entry.done": done,
        "promise.made": promised,
        "promise.second": seconded,
        "promise.kept": kept,
        "promise.ended": ended,
        "attempt.dialled": dialled,
        "attempt.ended": attempted,
        "assessment.made": assessed,
        "chat.replied": replied,
        "outcome.recorded": concluded,
        "survey.asked": surveyed,
        "survey.answered": scored,
    }
)
"""The events that facts rest on, and what each does to the fact."""
