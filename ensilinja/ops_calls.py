"""What a professional's console may ask of the telephone and of the calls she keeps.

Nothing here ends a call that a resident was promised.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from callbacks import service as callbacks
from callbacks.orders import Kind
from chat import service as chat
from core.errors import Invalid
from core.identity import Actor
from core.models import Staff
from core.store import Tx
from ensilinja.ops import Held, Id, Result, op
from ensilinja.ops_staff import contact
from queues import service as queues
from router import calling, outcomes
from router.errors import TooLate
from router.services import Services
from router.standing import check_holds


class Move(Held):
    """The beginning of one of the times that were given; as soon as possible without."""

    start: Annotated[str, Field(max_length=40)] | None = None


class CallTransfer(Held):
    """The colleague who is to take the call over."""

    to: Id


class Join(Held):
    """The chat of the same matter to go on in."""

    chat: Id


@op("staff", "callback.dial", Held, contact)
def dial(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """Asks for the call; the telephone rings after the commit."""
    attempt = callbacks.dial(tx, actor, body.contact, body.assignment, services)
    return {"attempt": attempt.id, "n": attempt.n}


@op("staff", "callback.result", Result, contact)
def result(tx: Tx, actor: Actor, body: Result, services: Services) -> Mapping[str, Any]:
    """The professional's word on an attempt the exchange could not tell of; a call to nobody is ended."""
    callbacks.say_result(
        tx,
        actor,
        body.contact,
        assignment=body.assignment,
        attempt=body.attempt,
        result=body.result,
        services=services,
    )
    return {}


@op("staff", "call.hold", Held, contact)
def hold(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """Has the resident hear music and nobody; the row tells when it is so. 409 `no_call` when none is on."""
    callbacks.order(tx, actor, body.contact, body.assignment, Kind.HOLD)
    return {}


@op("staff", "call.resume", Held, contact)
def resume(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """Has both talk on."""
    callbacks.order(tx, actor, body.contact, body.assignment, Kind.RESUME)
    return {}


@op("staff", "call.hang_up", Held, contact)
def hang_up(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """Has the connection ended, of a call that came in or that she dialled; the contact stays hers."""
    callbacks.order(tx, actor, body.contact, body.assignment, Kind.HANG_UP)
    return {}


@op("staff", "call.colleagues", Held, contact)
def colleagues(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """Who could take over the call now: ready, of the same queue, with nothing in hand."""
    entry = check_holds(tx, actor, "call.colleagues", body.contact, body.assignment)
    return {
        "colleagues": [
            {"id": one, "name": name_of(tx, one)} for one in callbacks.colleagues(tx, entry, actor.id)
        ]
    }


@op("staff", "call.transfer", CallTransfer, contact)
def transfer(tx: Tx, actor: Actor, body: CallTransfer, services: Services) -> Mapping[str, Any]:
    """Rings a colleague into the call; she has the contact when she answers. 409 `not_free`, `no_call`."""
    callbacks.transfer(tx, actor, body.contact, body.assignment, body.to)
    return {}


def name_of(tx: Tx, staff: int) -> str:
    """A colleague's name as consoles show it."""
    row = tx.get(Staff, staff)
    return row.display_name if row is not None else ""


@op("staff", "callback.times", Held, contact)
def times(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """The times at which the resident could be called instead."""
    entry = check_holds(tx, actor, "callback.times", body.contact, body.assignment)
    return {"times": [asdict(window) for window in calling.times(tx, entry, services)]}


@op("staff", "callback.move", Move, contact)
def move(tx: Tx, actor: Actor, body: Move, services: Services) -> Mapping[str, Any]:
    """Promises another time, which the resident is texted; the call leaves her hands until then."""
    calling.change_time_of(
        tx, body.contact, instant_of(body.start), actor, assignment=body.assignment, services=services
    )
    return {}


@op("staff", "callback.join", Join, contact)
def join(tx: Tx, actor: Actor, body: Join, services: Services) -> Mapping[str, Any]:
    """Goes on in the waiting chat of the same matter: the call waits beside it, and ends by its outcome."""
    entry = check_holds(tx, actor, "callback.join", body.contact, body.assignment)
    if body.chat not in {s.contact for s in outcomes.siblings_of(tx, body.contact) if s.channel == "chat"}:
        raise Invalid(field="chat")
    if calling.is_being_called(tx, body.contact):
        raise TooLate(contact=body.contact)
    queues.give_back(tx, entry.id, apart=timedelta(0), reason="joined", actor=actor.key)
    taken = chat.take(tx, actor, body.chat, "joined", services).entry
    return {"contact": body.chat, "assignment": taken.assignment}


def instant_of(text: str | None) -> datetime | None:
    """The instant a body names; Invalid for none."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(field="start") from None
    if at.tzinfo is None:
        raise Invalid(field="start")
    return at
