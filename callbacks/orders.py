"""What the holder's console orders of the call that is on: hold, talk on, end. Each is given once.

An order ends the connection at most, never the contact. What nobody knows is stored so, and she decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select

from callbacks.errors import NoCall, NotFree, OrderInHand
from callbacks.events import CallJoined, CallOrdered, CallOrderEnded
from callbacks.known import call_of
from callbacks.models import ATTEMPT, ORDER, Attempt, Call, CallOrder
from callbacks.results import Result
from callbacks.telephony.port import Talk
from core.access import log_access
from core.db import UtcTime
from core.errors import NotFound
from core.events import record
from core.identity import SYSTEM, Actor
from core.jobs import schedule
from core.store import Tx
from queues import agents, taking
from queues import service as queues
from queues.transitions import staff_key
from queues.views import EntryView
from router.standing import check_holds


class Kind(StrEnum):
    """What is ordered; `connect` follows from taking a call."""

    CONNECT = "connect"
    HOLD = "hold"
    RESUME = "resume"
    HANG_UP = "hang_up"
    RELEASE = "release"
    TRANSFER = "transfer"


class Outcome(StrEnum):
    """What became of an order."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


# After so long it is not given any more: who was to be held may have been told everything.
LATE = timedelta(seconds=5)
LATEST = {Kind.HANG_UP: timedelta(seconds=60)}  # a call that she has left is to end whenever it can
SILENCE = timedelta(seconds=30)  # without a word: longer than a telephone rings
SWEPT = 50
BEFORE = bindparam("before", type_=UtcTime())
SILENT = select(CallOrder).where(ORDER.result.is_(None), ORDER.asked_at < BEFORE).limit(SWEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the exchange is asked, given out once."""

    key: str
    kind: Kind
    talk: Talk
    device: str = ""


def order(tx: Tx, actor: Actor, contact: int, assignment: int, kind: Kind, to: int | None = None) -> None:
    """Has the exchange asked after the commit; asked for twice it is one order.

    NoCall when nobody is on the line. While another order is under way only the end may be ordered.
    """
    check_holds(tx, actor, f"call.{kind}", contact, assignment)
    call, attempt = call_of(tx, contact), _attempt_on(tx, contact)
    if call is None and attempt is None:
        raise NoCall(contact=contact)
    going = tx.all(select(CallOrder).where(*_ordered(contact), ORDER.result.is_(None)))
    if any((row.kind, row.assignment) == (kind, assignment) for row in going):
        return
    if going and kind != Kind.HANG_UP:
        raise OrderInHand(contact=contact)
    give(tx, kind, call=call, attempt=attempt, agent=actor.id, assignment=assignment, to=to)


def give(
    tx: Tx,
    kind: Kind,
    *,
    call: Call | None = None,
    attempt: Attempt | None = None,
    agent: int,
    assignment: int,
    to: int | None = None,
) -> None:
    """Stores the order and has it given, for the call that came in or else the one that was dialled."""
    row = _row(tx, kind, call, None if call else attempt, agent=agent, assignment=assignment)
    n = tx.scalar(select(func.count()).where(*_ordered(row.contact_id))) or 0
    row.key, row.agent_id = f"order-{row.contact_id}-{n + 1}", to or agent
    tx.add(row)
    record(tx, CallOrdered(order=row.id or 0, kind=kind), contact=row.contact_id, actor=staff_key(agent))
    schedule(tx, key=f"order:{row.id}", kind="order", args={"order": row.id})


def connecting(tx: Tx, call: Call, *, agent: int, assignment: int) -> str:
    """Notes that the call is to be joined to her telephone; the key under which it is."""
    key = f"bridge-{call.id}-{assignment}"
    if _by_key(tx, key) is None:
        row = _row(tx, Kind.CONNECT, call, None, agent=agent, assignment=assignment)
        row.key, row.sent_at = key, tx.now
        tx.add(row)
    return key


def colleagues(tx: Tx, entry: EntryView, but: int) -> list[int]:
    """Who could take over a call of this entry now: ready, of its queue, with nothing in hand."""
    free = (
        shift
        for shift in agents.on_shift(tx)
        if shift.state == "ready" and entry.queue in shift.queues and not shift.load and shift.staff != but
    )
    return sorted(shift.staff for shift in free)


def transfer(tx: Tx, actor: Actor, contact: int, assignment: int, to: int) -> None:
    """Rings a colleague, who has the contact when her telephone is in the call, and not before.

    NotFree for one who could not take it, NoCall unless a caller talks with her.
    """
    entry = check_holds(tx, actor, "call.transfer", contact, assignment)
    call = call_of(tx, contact)
    if call is None or not has_joined(tx, call, assignment):
        raise NoCall(contact=contact)
    if to not in colleagues(tx, entry, actor.id):
        raise NotFree(contact=contact)
    order(tx, actor, contact, assignment, Kind.TRANSFER, to)


def has_joined(tx: Tx, call: Call, assignment: int) -> bool:
    """Whether the telephone of who has the call under this number has been in it, as far as is known."""
    row = _by_key(tx, f"bridge-{call.id}-{assignment}")
    return row is None or row.result == Outcome.DONE


def not_joined(tx: Tx, key: str) -> None:
    """The colleague's telephone did not answer: the call is as it was."""
    row = _by_key(tx, key)
    if row is not None:
        _settle(tx, row, Outcome.FAILED)


def joined(tx: Tx, key: str, at: datetime) -> None:
    """A telephone has answered: of who took the call, or of who takes it over with the contact."""
    row = _by_key(tx, key)
    if row is not None and row.kind == Kind.TRANSFER:
        _hand_over(tx, row)
    elif row is not None and row.result != Outcome.DONE:
        row.result, row.ended_at = Outcome.DONE, at
        tx.session.flush()
        record(tx, CallJoined(order=row.id or 0), contact=row.contact_id, actor=SYSTEM.key)


def order_to_give(tx: Tx, order_id: int) -> Given | None:
    """What to ask for, once; None when it was given out before, has ended, or comes too late."""
    row = tx.get(CallOrder, order_id)
    if row is None or row.sent_at is not None or row.result is not None:
        return None
    kind = Kind(row.kind)
    if tx.now - row.asked_at > LATEST.get(kind, LATE):
        _settle(tx, row, Outcome.FAILED)
        return None
    row.sent_at = tx.now
    tx.session.flush()
    shift = agents.shift_of(tx, row.agent_id) if kind == Kind.TRANSFER else None
    return Given(key=row.key, kind=kind, talk=_talk(tx, row), device=shift.device if shift else "")


def settle(tx: Tx, order_id: int, outcome: Outcome) -> None:
    """What became of the order; the first word stands."""
    row = tx.get(CallOrder, order_id)
    if row is None:
        raise NotFound
    _settle(tx, row, outcome)


def give_up_orders(tx: Tx) -> int:
    """Ends the silence of orders: failed if never given out, else nobody knows."""
    silent = silent_orders(tx, tx.now - SILENCE)
    for row in silent:
        _settle(tx, row, Outcome.UNKNOWN if row.sent_at else Outcome.FAILED)
    return len(silent)


def silent_orders(tx: Tx, before: datetime) -> Sequence[CallOrder]:
    """Orders from before then of which nothing was heard, at most `SWEPT`."""
    return tx.all(SILENT, {"before": before})


def maybe_on(attempt: Attempt) -> bool:
    """Whether the exchange was asked for the attempt's call and has not said that it is over."""
    settled = attempt.result not in (None, Result.REACHED, Result.UNKNOWN)
    return attempt.sent_at is not None and attempt.ended_at is None and not settled


def _attempt_on(tx: Tx, contact: int) -> Attempt | None:
    newest: Attempt | None = tx.one(
        select(Attempt).where(ATTEMPT.contact_id == contact).order_by(ATTEMPT.n.desc()).limit(1)
    )
    return newest if newest is not None and maybe_on(newest) else None


def _ordered(contact: int) -> tuple[Any, ...]:
    """What was ordered of the contact's calls by hand."""
    return (ORDER.contact_id == contact, ORDER.kind != Kind.CONNECT)


def _row(
    tx: Tx, kind: Kind, call: Call | None, attempt: Attempt | None, *, agent: int, assignment: int
) -> CallOrder:
    line = call or attempt
    if line is None or line.contact_id is None:
        raise NoCall
    return CallOrder(
        contact_id=line.contact_id,
        call_id=call.id if call else None,
        attempt_id=attempt.id if attempt else None,
        agent_id=agent,
        assignment=assignment,
        kind=kind,
        key="",
        asked_at=tx.now,
    )


def _talk(tx: Tx, row: CallOrder) -> Talk:
    if row.call_id is not None:
        call = tx.get(Call, row.call_id)
        return Talk(call=call.provider_id if call else "")
    attempt = tx.get(Attempt, row.attempt_id or 0)
    return Talk(dial=attempt.key if attempt else "")


def _by_key(tx: Tx, key: str) -> CallOrder | None:
    row: CallOrder | None = tx.one(select(CallOrder).where(ORDER.key == key))
    return row


def _hand_over(tx: Tx, row: CallOrder) -> None:
    entry = queues.entry_of(tx, row.contact_id)
    is_hers = (entry.state, entry.assignment) == ("held", row.assignment)
    if row.result is not None or entry.agent is None or not is_hers:
        return
    if row.agent_id not in colleagues(tx, entry, entry.agent):
        _settle(tx, row, Outcome.FAILED)
        return
    taking.hand_over(tx, entry.id, entry.agent, row.assignment, row.agent_id)
    log_access(tx, Actor(kind="staff", id=row.agent_id), contact=row.contact_id, action="call.transfer")
    _settle(tx, row, Outcome.DONE)


def _settle(tx: Tx, row: CallOrder, outcome: Outcome) -> None:
    if row.result is not None:
        return
    row.result, row.ended_at = outcome, tx.now
    tx.session.flush()
    fact = CallOrderEnded(order=row.id or 0, kind=row.kind, result=outcome)
    record(tx, fact, contact=row.contact_id, actor=SYSTEM.key)
