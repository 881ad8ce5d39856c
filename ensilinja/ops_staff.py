"""What a professional's console may ask over the socket. Acts carry the assignment number; each is one
transaction."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from callbacks import service as callbacks
from callbacks.orders import Kind
from chat import service as chat
from chat.presence import staff_in
from core.errors import NotFound
from core.identity import Actor
from core.rights import Subject
from core.store import Tx
from ensilinja.notify.sending import texts_of
from ensilinja.ops import (
    ACCEPT,
    SEND,
    Assess,
    Body,
    Close,
    Decline,
    Held,
    Look,
    Note,
    Nothing,
    OfContact,
    Seen,
    ShiftStart,
    ShiftState,
    StaffSays,
    Take,
    Transfer,
    acknowledged,
    level,
    op,
)
from ensilinja.rows import rows, shift_wire
from queues import agents, dispatch
from queues import service as queues
from queues.machine import State
from queues.views import EntryView
from router import assessments, briefs, outcomes
from router.services import Services
from router.standing import subject_of

CALLS = ("callback", "call")


def nothing(tx: Tx, actor: Actor, body: Body) -> None:
    """About no contact."""


def contact(tx: Tx, actor: Actor, body: Any) -> Subject:
    """The contact a body names, where it stands and who takes part."""
    try:
        return subject_of(queues.entry_of(tx, body.contact), staff_in(tx, body.contact))
    except NotFound:
        return Subject(contact=-1)  # answers as another's would


@op("staff", "shift.start", ShiftStart, nothing, action="shift.change")
def start_shift(tx: Tx, actor: Actor, body: ShiftStart, services: Services) -> Mapping[str, Any]:
    """Begins the shift, or finds the one that is on."""
    shift = agents.start_shift(
        tx,
        actor.id,
        capacity=body.capacity,
        languages=frozenset(body.languages),
        device=body.device,
        limits=services.catalogue.limits,
    )
    return {"shift": shift_wire(shift)}


@op("staff", "shift.state", ShiftState, nothing, action="shift.change")
def shift_state(tx: Tx, actor: Actor, body: ShiftState, services: Services) -> Mapping[str, Any]:
    """Ready for offers, or on a break."""
    agents.set_state(tx, actor.id, body.state, body.reason)
    return {"shift": shift_wire(agents.shift_of(tx, actor.id))}


@op("staff", "shift.end", Nothing, nothing, action="shift.change")
def end_shift(tx: Tx, actor: Actor, body: Nothing, services: Services) -> Mapping[str, Any]:
    """Ends the shift; 409 `still_holding` while anything is in her hands."""
    agents.end_shift(tx, actor.id)
    return {"shift": None}


def renew(tx: Tx, staff: int, services: Services) -> None:
    """Renews the lease of the professional's shift, if one is on."""
    agents.beat(tx, staff, services.catalogue.limits)


@op("staff", "offer.shown", Held, contact)
def shown(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """The console shows the offer: only then is silence an answer."""
    queues.offer_shown(tx, queues.entry_of(tx, body.contact).id, actor.id, body.assignment)
    return {}


@op("staff", "offer.accept", Held, contact, doing=ACCEPT)
def accept(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """Takes the offer; the first wins."""
    entry = queues.entry_of(tx, body.contact)
    accepted = room_of(entry).accept(tx, actor, entry.id, body.assignment, services)
    return {"assignment": accepted.entry.assignment}


@op("staff", "offer.decline", Decline, contact)
def decline(tx: Tx, actor: Actor, body: Decline, services: Services) -> Mapping[str, Any]:
    """Passes the offer on, with a reason."""
    queues.decline(tx, queues.entry_of(tx, body.contact).id, actor.id, body.assignment, body.reason)
    return {}


@op("staff", "entry.take", Take, contact)
def take(tx: Tx, actor: Actor, body: Take, services: Services) -> Mapping[str, Any]:
    """Takes a contact from the list by hand."""
    entry = queues.entry_of(tx, body.contact)
    return {
        "assignment": room_of(entry).take(tx, actor, body.contact, body.reason, services).entry.assignment
    }


@op("staff", "entry.next", Nothing, nothing)
def take_next(tx: Tx, actor: Actor, body: Nothing, services: Services) -> Mapping[str, Any]:
    """Takes what is first for this professional: her offer, or the head of her line."""
    for entry in queues.own(tx, actor.id):
        if entry.state == State.OFFERED:
            offered = Held(contact=entry.contact, assignment=entry.assignment)
            return {"contact": entry.contact, **accept(tx, actor, offered, services)}
    taken = dispatch.take_next(tx, actor.id, services.catalogue)
    if taken is None:
        return {"contact": None}
    room_of(taken).opened(tx, actor, taken, "entry.next")
    return {"contact": taken.contact, "assignment": taken.assignment}


def room_of(entry: EntryView) -> Any:
    """The room in which an entry is talked about."""
    return callbacks if entry.channel in CALLS else chat


@op("staff", "contact.open", Look, contact)
def open_contact(tx: Tx, actor: Actor, body: Look, services: Services) -> Mapping[str, Any]:
    """The content of a contact; leaves its row in the access log."""
    brief = briefs.brief(tx, body.contact, actor, services, again=body.again)
    messages = chat.history(tx, body.contact, 0, actor)
    row = rows(tx, [body.contact], services.catalogue).get(body.contact)
    if messages:
        chat.seen(tx, actor, body.contact, messages[-1].seq)
    return {
        "brief": asdict(brief),
        "messages": messages,
        "recordings": [asdict(each) for each in callbacks.recordings_of(tx, body.contact)],
        "texts": [asdict(text) for text in texts_of(tx, body.contact)],
        "row": row.wire(actor.id, actor.lang, services) if row else None,
    }


@op("staff", "message.send", StaffSays, contact, doing=SEND)
def send(tx: Tx, actor: Actor, body: StaffSays, services: Services) -> Mapping[str, Any]:
    """Stores the professional's message; 409 `newer_messages` when the resident has written since."""
    sent = chat.send(
        tx,
        actor,
        body.contact,
        client_id=body.client_id,
        text=body.text,
        seen_seq=body.seen_seq,
        assignment=body.assignment,
        services=services,
    )
    return acknowledged(sent)


@op("staff", "message.note", Note, contact)
def note(tx: Tx, actor: Actor, body: Note, services: Services) -> Mapping[str, Any]:
    """Stores a note that residents never see."""
    sent = chat.note(
        tx,
        actor,
        body.contact,
        assignment=body.assignment,
        client_id=body.client_id,
        text=body.text,
        services=services,
    )
    return acknowledged(sent)


@op("staff", "message.seen", Seen, contact)
def seen(tx: Tx, actor: Actor, body: Seen, services: Services) -> Mapping[str, Any]:
    """Keeps how far the professional has read."""
    chat.seen(tx, actor, body.contact, body.seq)
    return {}


@op("staff", "contact.assess", Assess, contact)
def assess(tx: Tx, actor: Actor, body: Assess, services: Services) -> Mapping[str, Any]:
    """The professional's assessment of the need of care."""
    assessments.assess(
        tx,
        body.contact,
        actor,
        assignment=body.assignment,
        urgency=level(body.urgency),
        reason=body.reason,
        words=body.words,
        sure=body.sure,
        services=services,
    )
    return {}


@op("staff", "contact.transfer", Transfer, contact)
def transfer(tx: Tx, actor: Actor, body: Transfer, services: Services) -> Mapping[str, Any]:
    """To another queue, due time kept."""
    if body.release:
        callbacks.order(tx, actor, body.contact, body.assignment, Kind.RELEASE)
    chat.transfer(
        tx,
        actor,
        body.contact,
        assignment=body.assignment,
        queue=body.queue,
        note=body.note,
        services=services,
    )
    return {}


@op("staff", "contact.wrap", Held, contact)
def wrap(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """The conversation is over, its outcome not yet chosen."""
    chat.wrap(tx, actor, body.contact, body.assignment, services)
    return {}


@op("staff", "contact.close", Close, contact)
def close(tx: Tx, actor: Actor, body: Close, services: Services) -> Mapping[str, Any]:
    """Ends the contact with its outcome."""
    outcome = outcomes.close(
        tx,
        body.contact,
        actor,
        code=body.code,
        note=body.note,
        why=body.why,
        assignment=body.assignment,
        siblings=tuple(body.siblings),
        services=services,
    )
    return {"outcome": outcome.id}


@op("staff", "entry.explain", OfContact, contact)
def explain(tx: Tx, actor: Actor, body: OfContact, services: Services) -> Mapping[str, Any]:
    """Why here, why not yet, why me: codes the console words."""
    return asdict(dispatch.explain(tx, queues.entry_of(tx, body.contact).id, services.catalogue))
