"""The calls that keep a promise: asked for by a professional, rung once by the exchange, and what came of
them.

An unknown result is stored as unknown and nobody is rung again because of it. A person closes.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, or_, select

from callbacks.errors import DialInProgress, NotACallback
from callbacks.events import AttemptDialled, AttemptEnded, AttemptOver, AttemptRequested, DecisionNeeded
from callbacks.models import ATTEMPT, Attempt
from callbacks.orders import Kind as Ordered
from callbacks.orders import give, maybe_on
from callbacks.results import REAL, UNREACHED, Result, after, earliest, stronger
from callbacks.views import AttemptView, DialOrder
from core.access import log_access
from core.db import UtcTime
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
from router.outcomes import URGENT, tried_by
from router.parties import phone_of
from router.promising import Kind, keep_promise, kept_earlier, text_resident
from router.services import Services
from router.standing import check_holds, the_contact

# Asked or rung this long without a word: nobody knows what happened, and a person is waiting (I12).
SILENCE = timedelta(seconds=60)
SWEPT = 50
LONGEST_CALL = timedelta(days=1)
APART = timedelta(minutes=10)  # an urgent one nobody answered is offered to another professional first
SINCE = bindparam("since", type_=UtcTime())
SILENT = (
    select(Attempt)
    .where(ATTEMPT.result.is_(None), ATTEMPT.requested_at < SINCE)
    .where(or_(ATTEMPT.sent_at.is_(None), ATTEMPT.sent_at < SINCE))
    .where(or_(ATTEMPT.dialled_at.is_(None), ATTEMPT.dialled_at < SINCE))
    .limit(SWEPT)
)


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
    before, row.ended_at = row.ended_at, earliest(row.ended_at, at)
    tx.session.flush()
    if before is None:
        fact = AttemptOver(attempt=row.id or 0, n=row.n)
        record(tx, fact, contact=row.contact_id, actor=SYSTEM.key)


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
    """The professional's word on an attempt, which stands over the exchange's.

    A call that reached nobody and is still on is ended: somebody's voicemail has answered, or it still rings.
    """
    check_holds(tx, actor, "callback.result", contact, assignment)
    row = tx.get(Attempt, attempt)
    if row is None or row.contact_id != contact:
        raise NotFound
    word = _word(result)
    if word in REAL and row.dialled_at is None:
        _rung(tx, row, row.sent_at or row.requested_at)
    if word != Result.REACHED and maybe_on(row):
        give(tx, Ordered.HANG_UP, attempt=row, agent=actor.id, assignment=assignment)
    row.said_at, row.ended_at = tx.now, row.ended_at or tx.now
    _settle(tx, row, word, services, actor)
    tx.session.flush()
    return attempt_view(row)


def dial_unknown(tx: Tx, key: str, services: Services) -> None:
    """Nobody knows whether this attempt rang: stored as unknown, the professional decides."""
    heard(tx, key, Result.UNKNOWN, tx.now, services)


def give_up_silent(tx: Tx, services: Services) -> int:
    """Ends the silence of attempts nothing was heard of in time: failed if never asked for, else unknown."""
    silent = silent_since(tx, tx.now - SILENCE)
    for row in silent:
        heard(tx, row.key, Result.UNKNOWN if row.sent_at else Result.FAILED, tx.now, services)
    return len(silent)


def over_but(tx: Tx, dials: Collection[str], at: datetime, services: Services) -> None:
    """Only these are on at the exchange: the others have ended, or nobody knows what came of them."""
    since = tx.now - LONGEST_CALL
    asked = select(Attempt).where(ATTEMPT.requested_at > since, ATTEMPT.sent_at.is_not(None))
    for row in tx.all(asked.where(ATTEMPT.ended_at.is_(None), ATTEMPT.said_at.is_(None))):
        if row.key in dials:
            continue
        if _result(row) is None:
            heard(tx, row.key, Result.UNKNOWN, at, services)
        elif _result(row) == Result.REACHED:
            ended(tx, row.key, at)


def silent_since(tx: Tx, since: datetime) -> Sequence[Attempt]:
    """Attempts without an end of which nothing was heard since then, at most `SWEPT`."""
    return tx.all(SILENT, {"since": since})


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
    before, row.dialled_at = row.dialled_at, earliest(row.dialled_at, at)
    tx.session.flush()
    if before == row.dialled_at:
        return
    fact = AttemptDialled(attempt=row.id or 0, n=row.n, dialled_at=at)
    record(tx, fact, contact=row.contact_id, actor=SYSTEM.key)
    if before is not None:  # what was heard of the attempt came before the news that it rang
        kept_earlier(tx, row.contact_id, Kind.CALLBACK, was=before, at=at, actor=SYSTEM.key)


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
    _follow(tx, row, services)


def _follow(tx: Tx, row: Attempt, services: Services) -> None:
    entry = queues.entry_of(tx, row.contact_id)
    asked = asked_of(the_contact(tx, row.contact_id).line, entry.queue, services)
    tries = services.catalogue.tries(asked)
    results = [_result(each) for each in _rows(tx, row.contact_id)]
    next_at = add_service_time(hours_of(asked), tx.now, tries.spacing)
    then = after(results, limit=tries.attempts, retry_at=next_at)
    if row.result in UNREACHED:
        text = "sms.callback_last" if then.decision else "sms.callback_tried"
        text_resident(tx, row.contact_id, key=f"sms:tried:{row.id}", text=text)
    if entry.state != "held" or (entry.agent, entry.assignment) != (row.agent_id, row.assignment):
        return
    if then.decision:
        made = sum(each in UNREACHED for each in results)
        record(tx, DecisionNeeded(tries=made), contact=entry.contact, actor=SYSTEM.key)
        if entry.urgency in URGENT and tried_by(tx, entry.contact) <= {row.agent_id}:
            queues.give_back(tx, entry.id, apart=APART, reason="second_professional", actor=SYSTEM.key)
    elif then.retry_at is not None:
        queues.schedule(tx, entry.id, row.agent_id, row.assignment, then.retry_at, "not_reached")


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
