"""The one door: every contact comes in here, in one transaction, and has a place and a word before it is
acknowledged.

Refuses nobody for what they answered. The same client id again is the same contact.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from core.county import Line, Queue
from core.events import read_events, record
from core.failpoints import failpoint
from core.hours import Hours
from core.phone import normalise
from core.store import Tx
from core.urgency import Urgency, more_urgent
from queues import service as queues
from queues.views import EntryView
from router.answering import answers_view, bind_answers, newest_answers
from router.arrivals import Arrival, Channel, Received
from router.errors import AnswersClosed, IdReused, NoNumber
from router.estimating import newest_estimate, tell_estimate
from router.events import ContactReceived, FlagWithdrawn
from router.matters import join_confirmed, join_identified, open_matter
from router.models import CONTACT, PARTY, Contact, Matter, Party
from router.parties import new_party
from router.promises import callback_due, told_range
from router.promising import Kind, PromiseView, make_promise, open_promises, promises_of
from router.rules import CALLED_TO_ALL, Route, chat_route, route
from router.services import Services
from router.standing import the_contact
from triage.definition import GateResult, Result

_KNOWN = select(Contact).where(CONTACT.client_id == bindparam("client"))


def receive(tx: Tx, arrival: Arrival, services: Services, actor: str = "system") -> Received:
    """Takes a contact in: party, matter, contact, answers, route, place in the line, promise or estimate,
    events.
    """
    known = tx.one(_KNOWN, {"client": arrival.client_id})
    if known is not None:
        return _again(tx, known, arrival, services)
    handled = _handled_as(arrival, services, tx.now)
    decided = _route(arrival, handled, services, tx.now)
    contact, matter = _write(tx, arrival, decided)
    failpoint("intake.after_contact")
    _tell_received(tx, contact, arrival, decided, first=matter.joined_by == "new", actor=actor)
    if arrival.answers is not None:
        bind_answers(tx, arrival.answers, contact.id or 0, arrival.result, actor, arrival.gate)
    due_at = _promised_by(arrival, handled, decided, services)
    entry = _enqueue(tx, contact, handled, decided, services, arrival, due_at=due_at, actor=actor)
    promise = _promise(tx, contact, handled, decided, services, due_at=due_at, actor=actor)
    told = tell_estimate(tx, entry, services) if entry.state == "waiting" and promise is None else None
    return Received(
        contact=contact.id or 0,
        matter=contact.matter_id,
        entry=entry,
        route=decided,
        promise=promise,
        estimate=told,
    )


def withdraw_flag(
    tx: Tx, contact: int, *, answers: int, result: Result, actor: str, services: Services
) -> EntryView:
    """ "I answered wrong": new answers beside the old ones; the level follows them, but not below
    SAME_DAY.
    """
    if answers_view(tx, answers).contact == contact:
        return queues.entry_of(tx, contact)
    bind_answers(tx, answers, contact, result, actor)
    level = more_urgent(result.level, Urgency.SAME_DAY)
    if level is not Urgency.EMERGENCY:
        record(tx, FlagWithdrawn(answers=answers, urgency=level), contact=contact, actor=actor)
    row = the_contact(tx, contact)
    row.topic = result.topic
    tx.session.flush()
    return weigh_again(tx, row, level, result.tags, actor, services)


def weigh_again(
    tx: Tx, row: Contact, level: Urgency, tags: frozenset[str], actor: str, services: Services
) -> EntryView:
    """Gives the contact's entry the place of another level; arrival stays."""
    contact = row.id or 0
    entry = queues.entry_of(tx, contact)
    promised = [promise.due_at for promise in open_promises(tx, contact)]
    decided = route(
        urgency=level,
        topic_queue=entry.queue,
        channel=entry.channel,
        catalogue=services.catalogue,
        now=tx.now,
        line=_line(row.line, services),
        door=services.catalogue.door(row.door) if row.door else None,
        tags=tags,
        arrived_at=row.arrived_at,
        not_before=entry.not_before,
    )
    due_at = min([decided.due_at, *promised])  # a milder level moves no promise
    return queues.reclassify(tx, contact, urgency=level, tier=decided.tier, due_at=due_at, actor=actor)


def contact_of_number(
    tx: Tx, phone: str, *, queue: str, channel: str, since: datetime, states: Collection[str]
) -> int | None:
    """The newest contact of this number that arrived since and stands so in the queue; or None."""
    found = tx.all(
        select(CONTACT.id)
        .join(Party, PARTY.id == CONTACT.asker_id)
        .where(PARTY.phone_blind == tx.vault.blind(normalise(phone)), CONTACT.arrived_at >= since)
        .order_by(CONTACT.id.desc())
    )
    for contact in found:
        entry = queues.entry_of(tx, contact)
        if (entry.queue, entry.channel) == (queue, channel) and entry.state in states:
            return int(contact)
    return None


def received_again(tx: Tx, contact: int, services: Services) -> Received:
    """The contact as it stands, in the form it was received in."""
    row = the_contact(tx, contact)
    entry = queues.entry_of(tx, contact)
    first = read_events(tx, contact=contact, limit=1)
    at = first[0].at if first else row.arrived_at
    promised = [promise for promise in promises_of(tx, contact) if promise.ended_at is None]
    decided = route(
        urgency=entry.urgency,
        topic_queue=entry.queue,
        channel=entry.channel,
        catalogue=services.catalogue,
        now=at,
        line=_line(row.line, services),
        door=services.catalogue.door(row.door) if row.door else None,
        tags=_tags(tx, contact),
        arrived_at=row.arrived_at,
    )
    return Received(
        contact=contact,
        matter=row.matter_id,
        entry=entry,
        route=decided,
        promise=promised[-1] if promised else None,
        estimate=newest_estimate(tx, contact),
    )


def callback_promise(
    tx: Tx,
    contact: int,
    *,
    asked: Line | Queue,
    due_at: datetime,
    not_before: datetime | None = None,
    actor: str,
) -> PromiseView:
    """Promises a call back by `due_at`, told as a range of the asked one's own hours."""
    told = told_as(asked, max(tx.now, not_before or tx.now), due_at)
    return make_promise(tx, contact, kind=Kind.CALLBACK, due_at=due_at, told_as=told, actor=actor)


def told_as(asked: Line | Queue, now: datetime, due_at: datetime) -> Mapping[str, object]:
    """The text key and instants a call back is told with."""
    told = told_range(now, due_at, hours_of(asked))
    return {
        "key": "promise.callback",
        "on": told.on.isoformat(),
        "start": told.start.isoformat(),
        "end": told.end.isoformat(),
    }


def asked_of(line: str | None, queue: str, services: Services) -> Line | Queue:
    """Whose hours and promise hold: the line's in its own queue, otherwise the queue's."""
    rung = _line(line, services)
    return rung if rung is not None and rung.queue == queue else services.catalogue.queue(queue)


def hours_of(asked: Line | Queue) -> Hours:
    """The hours in which the asked one calls back."""
    return asked.hours if isinstance(asked, Line) else asked.service_hours


def _again(tx: Tx, row: Contact, arrival: Arrival, services: Services) -> Received:
    answers = newest_answers(tx, row.id or 0)
    same_answers = arrival.answers is None or (answers is not None and answers.id == arrival.answers)
    if row.channel != arrival.channel or row.line != arrival.line or not same_answers:
        raise IdReused
    return received_again(tx, row.id or 0, services)


def _handled_as(arrival: Arrival, services: Services, now: datetime) -> str:
    asked_back = arrival.callback or arrival.channel in (Channel.VOICEMAIL, Channel.TASK)
    if asked_back:
        if arrival.phone is None and arrival.channel != Channel.VOICEMAIL:
            raise NoNumber(field="phone")
        return "callback" if arrival.phone is not None else "message"
    if arrival.channel == Channel.CALL:
        return "call"
    if arrival.channel == Channel.FORM:
        return "message"
    decided = chat_route(**_known(arrival, services, now))
    # In danger and nobody at the chat: who left a number that may be called is called, first at the opening.
    may_be_called = arrival.phone is not None and arrival.safe_contact.get("call") is not False
    is_called = decided.channel == "message" and decided.tier == CALLED_TO_ALL and may_be_called
    return "callback" if is_called else decided.channel


def _route(arrival: Arrival, handled: str, services: Services, now: datetime) -> Route:
    line = _line(arrival.line, services)
    return route(**_known(arrival, services, now), channel=handled, line=line)


def _known(arrival: Arrival, services: Services, now: datetime) -> dict[str, Any]:
    result, gate = arrival.result, arrival.gate
    return {
        "urgency": _level(result, gate) or arrival.urgency,
        "topic_queue": result.queue if result else arrival.queue,
        "catalogue": services.catalogue,
        "now": now,
        "door": services.catalogue.door(arrival.door) if arrival.door else None,
        "tags": (result.tags if result else frozenset()) | (gate.tags if gate else frozenset()),
        "arrived_at": arrival.arrived_at,
        "not_before": arrival.not_before,
    }


def _level(result: Result | None, gate: GateResult | None) -> Urgency | None:
    levels = [found.level for found in (result, gate) if found is not None and found.level is not None]
    return min(levels, key=lambda level: level.rank, default=None)


def _line(line: str | None, services: Services) -> Line | None:
    return services.catalogue.line(line) if line else None


def _tags(tx: Tx, contact: int) -> frozenset[str]:
    answers = newest_answers(tx, contact)
    return answers.tags if answers else frozenset()


def _write(tx: Tx, arrival: Arrival, decided: Route) -> tuple[Contact, Matter]:
    if arrival.answers is not None and answers_view(tx, arrival.answers).sent_at is not None:
        raise AnswersClosed(answers=arrival.answers)
    key = tx.vault.new_key(tx)
    asker, subject = _people(tx, arrival, key)
    topic = arrival.result.topic if arrival.result else arrival.topic
    matter = None
    # Of the subject, never of the asker: a mother's and her child's needs are two matters.
    identity = arrival.identity if subject is asker else arrival.subject_identity
    if arrival.matter is not None:
        matter = join_confirmed(tx, arrival.matter)
    elif identity is not None:
        matter = join_identified(tx, identity, topic)
    matter = matter or open_matter(tx, subject.id or 0, topic)
    _identify(tx, asker, arrival.identity)
    _identify(tx, subject, identity)
    row = Contact(
        client_id=arrival.client_id,
        channel=arrival.channel,
        line=arrival.line,
        door=arrival.door,
        language=arrival.language,
        asker_id=asker.id or 0,
        subject_id=subject.id or 0,
        matter_id=matter.id or 0,
        data_key_id=key,
        topic=topic,
        arrived_at=arrival.arrived_at,
        born_of=arrival.born_of,
        acting=arrival.acting.record(tx.now) if arrival.acting else {},
        is_follow_up=matter.joined_by != "new",
    )
    return tx.add(row), matter


def _people(tx: Tx, arrival: Arrival, key: int) -> tuple[Party, Party]:
    """The asker, and the subject: another person without a number of her own when the asker acts for her."""
    asker = new_party(
        tx,
        key=key,
        language=arrival.language,
        phone=arrival.phone,
        name=arrival.name,
        safe=arrival.safe_contact,
    )
    if arrival.acting is None or not arrival.acting.for_another:
        return asker, asker
    return asker, new_party(tx, key=key, language=arrival.language)


def _identify(tx: Tx, party: Party, identity: str | None) -> None:
    if identity is not None:
        party.identity_blind, party.identified = tx.vault.blind(identity), True
        tx.session.flush()


def _tell_received(
    tx: Tx, contact: Contact, arrival: Arrival, decided: Route, *, first: bool, actor: str
) -> None:
    fact = ContactReceived(
        channel=arrival.channel,
        line=arrival.line,
        door=arrival.door,
        queue=decided.queue,
        topic=contact.topic,
        language=arrival.language,
        first_contact=first and arrival.born_of is None,
        born_of=arrival.born_of,
        matter=contact.matter_id,
        arrived_at=contact.arrived_at,
    )
    record(tx, fact, contact=contact.id, actor=actor)


def _promised_by(arrival: Arrival, handled: str, decided: Route, services: Services) -> datetime:
    if handled != "callback" or decided.tier == CALLED_TO_ALL:
        return decided.due_at
    asked = asked_of(arrival.line, decided.queue, services)
    start = max(arrival.arrived_at, arrival.not_before or arrival.arrived_at)
    return callback_due(asked, start, services.catalogue.calendar)


def _enqueue(
    tx: Tx,
    contact: Contact,
    handled: str,
    decided: Route,
    services: Services,
    arrival: Arrival,
    *,
    due_at: datetime,
    actor: str,
) -> EntryView:
    return queues.enqueue(
        tx,
        contact=contact.id or 0,
        matter=contact.matter_id,
        queue=decided.queue,
        channel=handled,
        urgency=decided.urgency,
        tier=decided.tier,
        due_at=min(decided.due_at, due_at),
        arrived_at=contact.arrived_at,
        language=contact.language,
        weight=services.catalogue.queue(decided.queue).chat_weight if handled == "chat" else 1,
        not_before=decided.opens_at,
        preferred_agent=arrival.prefer_agent,
        preferred_s=services.catalogue.limits.former_agent_s,
        actor=actor,
    )


def _promise(
    tx: Tx,
    contact: Contact,
    handled: str,
    decided: Route,
    services: Services,
    *,
    due_at: datetime,
    actor: str,
) -> PromiseView | None:
    if handled == "callback":
        asked = asked_of(contact.line, decided.queue, services)
        return callback_promise(
            tx, contact.id or 0, asked=asked, due_at=due_at, not_before=decided.opens_at, actor=actor
        )
    if handled == "message":
        start = decided.opens_at or tx.now
        told = {"key": "promise.message", "start": start.isoformat(), "end": due_at.isoformat()}
        return make_promise(tx, contact.id or 0, kind=Kind.MESSAGE, due_at=due_at, told_as=told, actor=actor)
    return None
