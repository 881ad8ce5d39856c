"""Promises that will break: the resident is told in time, once, with a second promise beside the first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, select

from core.identity import SYSTEM
from core.quiet import quiet_until
from core.store import Tx
from queues.foreseeing import foreseen
from queues.models import ENTRY, in_states
from router.intake import asked_of, hours_of, told_as
from router.models import PROMISE, Promise
from router.parties import Purpose, can_reach
from router.promises import second_range
from router.promising import Kind, promise_again, promise_view
from router.services import Services
from router.standing import the_contact

MOST = 10  # of those who are late looked at a sweep: the writer is everybody's, and next second is another
ALONE = (PROMISE.kept_at.is_(None), PROMISE.ended_at.is_(None), PROMISE.second_made_at.is_(None))
Late = TypeVar("Late")
IN_LINE = (
    ENTRY.c.ended_at.is_(None),
    ENTRY.c.channel == "callback",
    in_states(ENTRY, "waiting", "scheduled"),
)


def looking(alone: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The open promises of calls in the line, earliest due first."""
    read = select(PROMISE.id, PROMISE.contact_id, PROMISE.due_at, ENTRY.c.queue, ENTRY.c.not_before)
    joined = read.select_from(Promise).join(ENTRY, ENTRY.c.contact_id == PROMISE.contact_id)
    return joined.where(PROMISE.kind == Kind.CALLBACK, *alone, *IN_LINE).order_by(PROMISE.due_at, PROMISE.id)


SOON = looking(ALONE)


def sweep(tx: Tx, services: Services) -> int:
    """Tells those whom the line will not reach by the promised instant, `promise_alarm_minutes` before it.

    Returns how many. Harmless twice, also in two processes. Nobody is told at night, nor whom no text may
    reach: the supervisor has the alarm. The place in the line stays.
    """
    limits, now = services.catalogue.limits, tx.now
    before = now + timedelta(minutes=limits.promise_alarm_minutes)
    if quiet_until(now, limits) is not None:
        return 0
    soon = tx.rows(SOON.where(PROMISE.due_at > now, PROMISE.due_at <= before))
    begins = foreseen(tx, services.catalogue, before) if soon else {}
    late = []
    for promise, contact, due_at, queue, not_before in soon:
        if contact in begins:
            begin = begins[contact]
        elif not_before is not None and not_before > before:  # put off beyond its own promise
            begin = not_before
        else:
            continue
        if begin is None or begin > due_at:
            late.append((promise, queue, begin))
    return sum(tell(tx, *one, services) for one in in_turn(late, now))


def in_turn(late: Sequence[Late], now: datetime) -> list[Late]:
    """`MOST` of those who are late, others each second: whom no text may reach keeps nobody else from it."""
    first = int(now.timestamp()) * MOST % len(late) if len(late) > MOST else 0
    return [*late[first:], *late[:first]][:MOST]


def tell(tx: Tx, promise_id: int, queue: str, begin: datetime | None, services: Services) -> bool:
    """The second promise and its text; False for whom no text may reach, or who has one already."""
    row = tx.get(Promise, promise_id)
    if row is None:
        return False
    promise = promise_view(row)
    contact = the_contact(tx, promise.contact)
    if not can_reach(tx, contact.asker_id, Purpose.SMS):
        return False
    asked = asked_of(contact.line, queue, services)
    told = second_range(tx.now, begin, promise.due_at, hours_of(asked))
    if told is None:
        return False
    again = told_as(asked, told.start, told.end)
    return promise_again(tx, promise, due_at=told.end, told_as=again, actor=SYSTEM.key)
