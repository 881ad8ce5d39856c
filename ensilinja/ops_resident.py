"""What a resident's page may ask over the socket. Every operation is about the session's own contact; no id
is taken from the page."""

from collections.abc import Mapping
from typing import Any

from chat import service as chat
from core.identity import Actor
from core.rights import Subject
from core.store import Tx
from ensilinja.ops import SEND, Body, Nothing, ResidentSays, acknowledged, op
from router.services import Services


def own(tx: Tx, actor: Actor, body: Body) -> Subject:
    """The resident's own contact."""
    return Subject(contact=actor.id)


@op("resident", "message.send", ResidentSays, own, doing=SEND)
def send(tx: Tx, actor: Actor, body: ResidentSays, services: Services) -> Mapping[str, Any]:
    """Stores the resident's message; the answer is its place in the conversation."""
    sent = chat.send(
        tx,
        actor,
        actor.id,
        client_id=body.client_id,
        text=body.text,
        seen_seq=body.seen_seq,
        services=services,
    )
    return acknowledged(sent)


@op("resident", "contact.leave", Nothing, own)
def leave(tx: Tx, actor: Actor, body: Nothing, services: Services) -> Mapping[str, Any]:
    """The resident goes, with time to come back."""
    chat.leave(tx, actor, actor.id, services)
    return {}


@op("resident", "contact.resume", Nothing, own)
@op("resident", "contact.present", Nothing, own)
def present(tx: Tx, actor: Actor, body: Nothing, services: Services) -> Mapping[str, Any]:
    """The resident is here (again)."""
    chat.connected(tx, actor.id)
    return {}


@op("resident", "contact.hidden", Nothing, own)
def hidden(tx: Tx, actor: Actor, body: Nothing, services: Services) -> Mapping[str, Any]:
    """The resident's page is open behind others."""
    chat.hidden(tx, actor.id)
    return {}
