"""Changing how a contact is handled: to a call back, or ended by the resident herself.

Arrival and place are kept.
"""

from core.hours import add_service_time
from core.identity import Actor
from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from queues.views import EntryView
from router.errors import NoNumber, TooLate
from router.estimating import tell_estimate
from router.intake import asked_of, callback_promise, hours_of
from router.outcomes import WITHDRAWN, record_outcome
from router.parties import Purpose, allow_calls, can_reach, change_phone
from router.promises import callback_due
from router.promising import (
    Kind,
    PromiseView,
    Why,
    end_promise,
    open_promise,
    open_promises,
    point_to,
    promises_of,
    withdraw_promise,
)
from router.rules import CALLED_TO_ALL, route
from router.services import Services
from router.standing import check_may, the_contact


def change_to_callback(
    tx: Tx, contact: int, phone: str | None, actor: Actor, services: Services
) -> PromiseView:
    """The resident will be called instead: the due time and so the place are kept, a promise is made.

    Asked again it only takes the new number. NoNumber or PhoneFault when nobody could be called.
    """
    if actor.kind != "system":
        check_may(tx, actor, "contact.callback", contact)
    row = the_contact(tx, contact)
    if phone is not None:
        change_phone(tx, row.asker_id, phone)
    if actor.kind == "resident":
        allow_calls(tx, row.asker_id)
    if not can_reach(tx, row.asker_id, Purpose.CALL):
        raise NoNumber(field="phone")
    known = open_promise(tx, contact, Kind.CALLBACK)
    if known is not None:
        back_to_call(tx, contact, actor.key)
        return known
    until = queues.entry_of(tx, contact).not_before
    ahead = until if until is not None and until > tx.now else None
    entry = queues.change_channel(tx, contact, channel="callback", not_before=ahead, actor=actor.key)
    asked = asked_of(row.line, entry.queue, services)
    ready = ahead or tx.now
    due_at = callback_due(asked, ready, services.catalogue.calendar)
    if entry.tier == CALLED_TO_ALL:
        soon = services.catalogue.queue(entry.queue).target("callback", Urgency.EMERGENCY)
        due_at = min(due_at, add_service_time(hours_of(asked), ready, soon))
    replaced = [
        end_promise(tx, contact, old.kind, Why.REPLACED, actor.key) for old in open_promises(tx, contact)
    ]
    made = callback_promise(tx, contact, asked=asked, due_at=due_at, not_before=ready, actor=actor.key)
    for old in replaced:
        point_to(tx, old.id, made.id)
    return made


def change_to_line(tx: Tx, contact: int, actor: Actor, services: Services) -> EntryView:
    """One who will be called has rung again and waits on the line: in the same contact, due no later than
    another call. The promise stands until somebody has answered.
    """
    row = the_contact(tx, contact)
    moved = queues.change_channel(tx, contact, channel="call", actor=actor.key)
    decided = route(
        urgency=moved.urgency,
        topic_queue=moved.queue,
        channel="call",
        catalogue=services.catalogue,
        now=tx.now,
        line=services.catalogue.line(row.line) if row.line else None,
    )
    if decided.due_at < moved.due_at:
        moved = queues.reclassify(
            tx, contact, urgency=moved.urgency, tier=moved.tier, due_at=decided.due_at, actor=actor.key
        )
    tell_estimate(tx, moved, services)
    return moved


def back_to_call(tx: Tx, contact: int, actor: str) -> bool:
    """Whoever was promised a call and waits in the chat, or on the line, instead is called again; whether
    that was so.
    """
    entry = queues.entry_of(tx, contact)
    if entry.channel == "callback" or entry.state not in ("waiting", "offered", "scheduled", "left"):
        return False
    # Also when the promise is kept: after a try in vain the request is as open as before.
    if not any(promise.kind == Kind.CALLBACK for promise in promises_of(tx, contact)):
        return False
    queues.change_channel(tx, contact, channel="callback", actor=actor)
    return True


def cancel(tx: Tx, contact: int, actor: Actor, services: Services) -> EntryView:
    """The resident cancels: promises are withdrawn and the contact ends, unless a professional holds it.

    Cancelling twice is cancelling once.
    """
    entry = check_may(tx, actor, "contact.leave", contact)
    if entry.state == "done":
        return entry
    if entry.state in ("held", "wrapping"):
        raise TooLate(contact=contact)
    for promise in open_promises(tx, contact):
        withdraw_promise(tx, contact, promise.kind, actor.key)
    ended = queues.end_elsewhere(tx, contact, actor.key)
    record_outcome(tx, contact, services.catalogue.outcome(WITHDRAWN), by=None, actor=actor.key)
    return ended
