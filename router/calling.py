"""What a resident may change of the call she asked for: its time, its number, or a chat instead of it.

Each is her own act on her own contact or, of the time, of its holder; it ends nothing. Nothing is moved while
she is being called.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, type_coerce

from core.county import ChatDoor, Line, Queue
from core.db import UtcTime, columns
from core.hours import is_open, next_opening
from core.identity import Actor
from core.models import Event
from core.phone import normalise
from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from queues.dispatch import settings_of
from queues.line import PROMISED
from queues.models import ENTRY, in_states
from queues.staffing import staffed
from queues.views import EntryView
from router.capacity import Promised, Slot, kept, room
from router.doorway import stops
from router.errors import TooLate, WindowFull
from router.estimating import tell_estimate
from router.intake import asked_of, hours_of, told_as
from router.models import PROMISE, Promise
from router.outcomes import reach_of
from router.parties import change_phone
from router.promises import callback_due
from router.promising import (
    Kind,
    PromiseView,
    make_promise,
    open_promise,
    replace_promise,
    text_resident,
)
from router.rules import CALLED_TO_ALL
from router.services import Services
from router.standing import check_holds, check_may, the_contact
from router.windows import Window, slots, windows

BOUND = (
    Urgency.EMERGENCY,
    Urgency.ED,
    Urgency.SAME_DAY,
)  # the law's day is not lengthened, not by a wish either
IN_HAND = ("held", "wrapping")
_EVENT = columns(Event)
TOLD = select(_EVENT.type, _EVENT.data).where(_EVENT.type.in_(("attempt.requested", "attempt.ended")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What of the call can be changed now; `times` are not full, `chat` is whether one is open."""

    times: tuple[Window, ...] = ()
    number: bool = False
    cancel: bool = False
    chat: bool = False


def choices(tx: Tx, contact: int, services: Services) -> Choices:
    """What the resident may change now."""
    entry = queues.entry_of(tx, contact)
    if entry.channel != "callback" or not _is_movable(tx, entry, services):
        return Choices()
    return Choices(
        times=tuple(times(tx, entry, services)),
        number=True,
        cancel=entry.state not in IN_HAND,
        chat=entry.state not in IN_HAND and open_door(tx, entry, services) is not None,
    )


def times(tx: Tx, entry: EntryView, services: Services) -> list[Window]:
    """The times that are offered: foreseen to be kept, and by the same day for what the law wants assessed
    on it. `window_calls` is the most of one time whatever is foreseen, and alone where nothing is.
    """
    if entry.tier == CALLED_TO_ALL:
        return []
    asked = asked_of(the_contact(tx, entry.contact).line, entry.queue, services)
    promise = open_promise(tx, entry.contact, Kind.CALLBACK)
    last = callback_due(asked, tx.now, services.catalogue.calendar)
    bound = max(last, promise.due_at) if promise is not None else last
    until = bound if entry.urgency in BOUND else None
    most = services.catalogue.limits.window_calls
    found = windows(hours_of(asked), tx.now, until=until)
    return [
        window
        for window in kept(expected(tx, entry, asked, services), promised(tx, entry), found)
        if queues.in_window(tx, entry.queue, window.start, window.end) < most
    ]


def expected(tx: Tx, entry: EntryView, asked: Line | Queue, services: Services) -> list[Slot]:
    """The open time ahead, and how many calls those expected at work make of the queue's promised work."""
    queue, settings = services.catalogue.queue(entry.queue), settings_of(services.catalogue)
    ahead = slots(hours_of(asked), tx.now)
    spans = [(window.start, window.end) for window in ahead]
    times = staffed(tx, entry.queue, spans, is_open=is_open(queue.service_hours, tx.now))
    share, minutes = settings.share(entry.queue), settings.work_minutes
    return [
        Slot(window=window, room=room(time, share, minutes))
        for window, time in zip(ahead, times, strict=True)
    ]


def promised(tx: Tx, entry: EntryView) -> list[Promised]:
    """The promised work of the queue that nobody has in hand yet, besides this entry's own."""
    due = func.coalesce(func.min(PROMISE.due_at), ENTRY.c.due_at)
    is_open = (PROMISE.kept_at.is_(None), PROMISE.ended_at.is_(None))
    of = and_(PROMISE.contact_id == ENTRY.c.contact_id, *is_open)
    read = select(ENTRY.c.not_before, type_coerce(due, UtcTime())).select_from(ENTRY.outerjoin(Promise, of))
    here = (ENTRY.c.queue == entry.queue, ENTRY.c.channel.in_(sorted(PROMISED)), ENTRY.c.id != entry.id)
    waits = read.where(*here, in_states(ENTRY, "waiting", "offered", "scheduled"))
    rows = tx.rows(waits.group_by(ENTRY.c.id, ENTRY.c.not_before, ENTRY.c.due_at))
    return [Promised(ready_at=max(ready or tx.now, tx.now), due_at=due_at) for ready, due_at in rows]


def change_time(
    tx: Tx, contact: int, start: datetime | None, actor: Actor, services: Services
) -> PromiseView | None:
    """Calls at the time that begins at `start`, or as soon as possible; promised anew and texted.

    WindowFull for a time that is not offered any more, TooLate while she is being called. A promise that was
    broken stays so. As soon as possible, where nothing was put off, changes nothing.
    """
    return _move(tx, _movable(tx, contact, actor, services), start, actor, services)


def change_time_of(
    tx: Tx, contact: int, start: datetime | None, actor: Actor, *, assignment: int, services: Services
) -> PromiseView | None:
    """The same by the professional who holds the contact, which leaves her hands; TooLate during a call."""
    entry = check_holds(tx, actor, "callback.move", contact, assignment)
    if entry.channel != "callback" or entry.state != "held" or is_being_called(tx, contact):
        raise TooLate(contact=contact)
    return _move(tx, entry, start, actor, services)


def _move(
    tx: Tx, entry: EntryView, start: datetime | None, actor: Actor, services: Services
) -> PromiseView | None:
    if start is None:
        return _soon(tx, entry, actor, services)
    found = next((each for each in times(tx, entry, services) if each.start == start), None)
    if found is None:
        raise WindowFull(contact=entry.contact)
    return _at(tx, entry, found, actor, services)


def rung_again(tx: Tx, contact: int, actor: Actor, services: Services) -> PromiseView | None:
    """Who rings again while her call is to come finds it as it is promised; after a try in vain she is
    called as soon as possible. None while she is being called.
    """
    entry = queues.entry_of(tx, contact)
    promise = open_promise(tx, contact, Kind.CALLBACK)
    if promise is not None or not _is_movable(tx, entry, services):
        return promise
    return _soon(tx, entry, actor, services)


def _soon(tx: Tx, entry: EntryView, actor: Actor, services: Services) -> PromiseView | None:
    if entry.not_before is None or entry.not_before <= tx.now:
        promise = open_promise(tx, entry.contact, Kind.CALLBACK)
        if promise is not None:
            return promise
    asked = asked_of(the_contact(tx, entry.contact).line, entry.queue, services)
    due_at = callback_due(asked, tx.now, services.catalogue.calendar)
    start = next_opening(hours_of(asked), tx.now) or tx.now
    return _at(tx, entry, Window(start=start, end=due_at), actor, services)


def _at(tx: Tx, entry: EntryView, window: Window, actor: Actor, services: Services) -> PromiseView:
    contact = entry.contact
    asked = asked_of(the_contact(tx, contact).line, entry.queue, services)
    queues.give_window(tx, contact, start=window.start, until=window.end, due_at=window.end, actor=actor.key)
    told = dict(told_as(asked, window.start, window.end))
    renew = replace_promise if open_promise(tx, contact, Kind.CALLBACK) is not None else make_promise
    return renew(tx, contact, kind=Kind.CALLBACK, due_at=window.end, told_as=told, actor=actor.key)


def check_number(phone: str) -> str:
    """The number as it will be rung, to be read back; PhoneFault for one that may not be dialled."""
    return normalise(phone)


def change_number(tx: Tx, contact: int, phone: str, actor: Actor, services: Services) -> None:
    """Calls another number from now on, and texts it; PhoneFault, or TooLate while she is being called."""
    _movable(tx, contact, actor, services)
    change_phone(tx, the_contact(tx, contact).asker_id, phone)
    key = f"sms:number:{contact}:{int(tx.now.timestamp() * 1000)}"
    text_resident(tx, contact, key=key, text="sms.callback_promised")


def change_to_chat(tx: Tx, contact: int, actor: Actor, services: Services) -> EntryView:
    """Waits in the chat instead, with the arrival and the due time kept. The promise stands until a
    professional has answered there: whoever leaves the chat before is called.

    TooLate when no chat is open for it, or while she is being called.
    """
    entry = _movable(tx, contact, actor, services)
    if entry.state in IN_HAND or open_door(tx, entry, services) is None:
        raise TooLate(contact=contact)
    weight = services.catalogue.queue(entry.queue).chat_weight
    moved = queues.change_channel(tx, contact, channel="chat", weight=weight, actor=actor.key)
    tell_estimate(tx, moved, services)
    return moved


def open_door(tx: Tx, entry: EntryView, services: Services) -> ChatDoor | None:
    """The chat in which the contact could go on now, if one is open and takes more."""
    queue = services.catalogue.queue(entry.queue)
    for door in services.catalogue.doors:
        is_there = entry.queue in door.queues and is_open(door.service_hours, tx.now)
        if is_there and is_open(queue.service_hours, tx.now) and entry.queue not in stops(tx, door, services):
            return door
    return None


def _movable(tx: Tx, contact: int, actor: Actor, services: Services) -> EntryView:
    entry = check_may(tx, actor, "contact.callback", contact)
    if entry.channel != "callback" or not _is_movable(tx, entry, services):
        raise TooLate(contact=contact)
    return entry


def _is_movable(tx: Tx, entry: EntryView, services: Services) -> bool:
    """Not ended and not being called; also out of the hands of who only decides what follows the last try."""
    if entry.ended_at is not None:
        return False
    return entry.state not in IN_HAND or (entry.state == "held" and needs_decision(tx, entry, services))


def needs_decision(tx: Tx, entry: EntryView, services: Services) -> bool:
    """Whether every try was in vain and none is going on."""
    asked = asked_of(the_contact(tx, entry.contact).line, entry.queue, services)
    in_vain = reach_of(tx, entry.contact).tries >= services.catalogue.tries(asked).attempts
    return in_vain and not is_being_called(tx, entry.contact)


def is_being_called(tx: Tx, contact: int) -> bool:
    """Whether a call to the resident was asked for of which nothing is known yet."""
    happened = tx.rows(TOLD.where(_EVENT.contact_id == contact).order_by(_EVENT.n))
    going: set[int] = set()
    for kind, data in happened:
        (going.add if kind == "attempt.requested" else going.discard)(int(data["n"]))
    return bool(going)
