"""The calls that keep a promise: asked for by a professional, rung once by the exchange, and what came of
them.

An unknown result is stored as unknown and nobody is rung again because of it. A person closes.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from callbacks.errors import DialInProgress, NotACallback
from callbacks.events import AttemptDialled, AttemptEnded, AttemptRequested, DecisionNeeded
from callbacks.models import ATTEMPT, Attempt
from callbacks.results import REAL, UNREACHED, Result, after, earliest, stronger
from callbacks.views import AttemptView, DialOrder
from core.access import log_access
from core.errors import Invalid, NotFound
from core.events import record
from core.hours import add_service_time
from core.identity import SYSTEM, Actor
from core.jobs import schedule
from core.phone import normalise
from core.store import Tx
from queues import agents
from queues import service as queues
from queues.views import EntryView
from router.errors import NoNumber
from router.intake import asked_of, hours_of
from router.parties import phone_of
from router.promising import Kind, keep_promise, text_resident
from router.services import Services
from router.standing import check_holds, the_contact

# Asked or rung this long without a word: nobody knows what happened, and a person is waiting (I12).
SILENCE = timedelta(seconds=60)
SWEPT = 50


def dial(tx: Tx, actor: Actor, contact: int, assignment: int, services: Services) -> AttemptView:
    """Asks for a call to the resident, to be rung after the commit; asked twice it is one attempt."""
    entry = check_holds(tx, actor, "callback.dial", contact, assignment)
    if entry.state != "held" or entry.channel not in ("callback", "call"):
        raise NotACallback(contact=contact)
    phone = phone_of(tx, the_contact(tx, contact).asker_id)
    if phone is None:
        raise NoNumber(field="phone")
    normalise(phone)
    going = _unsettled(tx, contact)
    if going is not None:
        if going.assignment != assignment:
            raise DialInProgress(contact=contact)
        return attempt_view(going)
    log_access(tx, actor, contact=contact, action="callback.dial")
    return attempt_view(_request(tx, actor, entry, services))


def dial_order(tx: Tx, key: str) -> DialOrder | None:
    """What to dial for this attempt, once; None when it was given out before, is settled, or came too
    late.
    """
    row = _row(tx, key)
    if row.sent_at is not None or row.result is not None or tx.now - row.requested_at > SILENCE:
        return None
    phone = phone_of(tx, the_contact(tx, row.contact_id).asker_id)
    if phone is None:
        return None
    row.sent_at = tx.now
    tx.session.flush()
    shift = agents.shift_of(tx, row.agent_id)
    return DialOrder(
        key=key, line=row.line, number=normalise(phone), agent_device=shift.device if shift else ""
    )


def ringing(tx: Tx, key: str, at: datetime) -> None:
    """The resident's telephone rings since `at`."""
    row = _row(tx, key)
    _rung(tx, row, at)


def heard(tx: Tx, key: str, result: Result, at: datetime, services: Services) -> AttemptView:
    """The exchange's word on an attempt; the strongest word stands, whatever order the news comes in."""
    row = _row(tx, key)
    if result in REAL:
        _rung(tx, row, at)
    if result == Result.REACHED:
        row.answered_at = earliest(row.answered_at, at)
    elif result != Result.UNKNOWN:
        row.ended_at = earliest(row.ended_at, at)
    if row.said_at is None:
        _settle(tx, row, stronger(_result(row), result), services)
    tx.session.flush()
    return attempt_view(row)


def ended(tx: Tx, key: str, at: datetime) -> None:
    """The line of the attempt is down since `at`; what came of it is told by other news."""
    row = _row(tx, key)
    row.ended_at = earliest(row.ended_at, at)
    tx.session.flush()


def say_result(
    tx: Tx,
    actor: Actor,
    contact: int,
    *,
    assignment: int,
    attempt: int,
    result: str,
    services: Services,
) -> AttemptView:
    """The professional's word on an attempt, which stands over the exchange's."""
    check_holds(tx, actor, "callback.result", contact, assignment)
    row = tx.get(Attempt, attempt)
    if row is None or row.contact_id != contact:
        raise NotFound
    word = _word(result)
    if word in REAL:
        _rung(tx, row, row.sent_at or row.requested_at)
    row.said_at, row.ended_at = tx.now, row.ended_at or tx.now
    _settle(tx, row, word, services, actor)
    tx.session.flush()
    return attempt_view(row)


def dial_unknown(tx: Tx, key: str, services: Services) -> None:
    """Nobody knows whether this attempt rang: stored as unknown, the professional decides."""
    heard(tx, key, Result.UNKNOWN, tx.now, services)


def give_up_silent(tx: Tx, services: Services) -> int:
    """Ends the silence of attempts nothing was heard of in time: failed if never asked for, else unknown."""
    limit = tx.now - SILENCE
    silent = tx.all(
        select(Attempt)
        .where(
            ATTEMPT.result.is_(None),
            ATTEMPT.requested_at < limit,
            or_(ATTEMPT.sent_at.is_(None), ATTEMPT.sent_at < limit),
            or_(ATTEMPT.dialled_at.is_(None), ATTEMPT.dialled_at < limit),
        )
        .limit(SWEPT)
    )
    for row in silent:
        heard(tx, row.key, Result.UNKNOWN if row.sent_at else Result.FAILED, tx.now, services)
    return len(silent)


def attempts_of(tx: Tx, contact: int) -> list[AttemptView]:
    """Every attempt of the contact, oldest first."""
    return [attempt_view(row) for row in _rows(tx, contact)]


def attempt_view(row: Attempt) -> AttemptView:
    """The frozen form of a stored attempt."""
    return AttemptView(
        id=row.id or 0,
        contact=row.contact_id,
        n=row.n,
        key=row.key,
        agent=row.agent_id,
        requested_at=row.requested_at,
        dialled_at=row.dialled_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        result=_result(row),
    )


def _request(tx: Tx, actor: Actor, entry: EntryView, services: Services) -> Attempt:
    contact = entry.contact
    n = 1 + int(tx.scalar(select(func.count()).where(ATTEMPT.contact_id == contact)) or 0)
    key = f"{contact}-{n}"
    row = tx.add(
        Attempt(
            contact_id=contact,
            n=n,
            agent_id=actor.id,
            assignment=entry.assignment,
            line=_line(tx, entry, services),
            key=key,
            requested_at=tx.now,
        )
    )
    fact = AttemptRequested(attempt=row.id or 0, n=n, agent=actor.id)
    record(tx, fact, contact=contact, actor=actor.key)
    schedule(tx, key=f"dial:{key}", kind="dial", args={"attempt": key})
    return row


def _line(tx: Tx, entry: EntryView, services: Services) -> str:
    rung = the_contact(tx, entry.contact).line
    own = [line.id for line in services.catalogue.lines if line.queue == entry.queue]
    return rung or next(iter(own), services.catalogue.lines[0].id)


def _rung(tx: Tx, row: Attempt, at: datetime) -> None:
    first = row.dialled_at is None
    row.dialled_at = earliest(row.dialled_at, at)
    tx.session.flush()
    if first:
        fact = AttemptDialled(attempt=row.id or 0, n=row.n, dialled_at=at)
        record(tx, fact, contact=row.contact_id, actor=SYSTEM.key)


def _settle(tx: Tx, row: Attempt, result: Result, services: Services, actor: Actor = SYSTEM) -> None:
    if result == _result(row):
        return
    row.result = result
    tx.session.flush()
    fact = AttemptEnded(attempt=row.id or 0, n=row.n, result=result, dialled_at=row.dialled_at)
    record(tx, fact, contact=row.contact_id, actor=actor.key)
    if result in REAL and row.dialled_at is not None:
        # The first real attempt by its due keeps the promise, whoever answered (design.md 4).
        keep_promise(tx, row.contact_id, Kind.CALLBACK, row.dialled_at, actor.key)
    if result in UNREACHED:
        text_resident(tx, row.contact_id, key=f"sms:tried:{row.id}", text="sms.callback_tried")
    _follow(tx, row, services)


def _follow(tx: Tx, row: Attempt, services: Services) -> None:
    entry = queues.entry_of(tx, row.contact_id)
    if entry.state != "held" or (entry.agent, entry.assignment) != (row.agent_id, row.assignment):
        return
    limits = services.catalogue.limits
    results = [_result(each) for each in _rows(tx, row.contact_id)]
    next_at = _spaced(tx, entry, services)
    then = after(results, limit=limits.attempts, retry_at=next_at)
    if then.decision:
        tries = sum(each in UNREACHED for each in results)
        record(tx, DecisionNeeded(tries=tries), contact=entry.contact, actor=SYSTEM.key)
    elif then.retry_at is not None:
        queues.schedule(tx, entry.id, row.agent_id, row.assignment, then.retry_at, "not_reached")


def _spaced(tx: Tx, entry: EntryView, services: Services) -> datetime:
    line = the_contact(tx, entry.contact).line
    hours = hours_of(asked_of(line, entry.queue, services))
    spacing = timedelta(minutes=services.catalogue.limits.attempt_spacing_minutes)
    return add_service_time(hours, tx.now, spacing)


def _word(result: str) -> Result:
    try:
        return Result(result)
    except ValueError:
        raise Invalid(field="result") from None


def _unsettled(tx: Tx, contact: int) -> Attempt | None:
    return next((row for row in _rows(tx, contact) if row.result is None), None)


def _rows(tx: Tx, contact: int) -> list[Attempt]:
    return tx.all(select(Attempt).where(ATTEMPT.contact_id == contact).order_by(ATTEMPT.n))


def _row(tx: Tx, key: str) -> Attempt:
    row: Attempt | None = tx.one(select(Attempt).where(ATTEMPT.key == key))
    if row is None:
        raise NotFound
    return row


def _result(row: Attempt) -> Result | None:
    return Result(row.result) if row.result else None
