"""What comes back from the SMS gateway: delivery receipts, and residents' own messages. Each is heard once; a
message is kept in the sender's open contact, or answered that nobody reads it here."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl

from sqlalchemy import select

from chat import service as chat
from core import inbox
from core.errors import Malformed
from core.identity import Actor, Role
from core.jobs import schedule
from core.phone import PhoneFault, normalise
from core.store import Tx
from core.wire import strict_json
from ensilinja.notify import sending, survey
from ensilinja.notify.letters import NUMBER
from ensilinja.notify.models import NOTICE, Notice
from ensilinja.notify.plan import Plan, found
from ensilinja.notify.sending import State
from queues import service as queues
from router.models import CONTACT, PARTY, Party
from router.services import Services

SOURCE = "sms"
ANSWERED = timedelta(hours=24)  # one answer a day to a number: two machines must not write to each other
LONGEST = 1600
UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a text that we sent."""

    key: str
    gateway_id: str
    state: Literal[State.DELIVERED, State.FAILED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A message that a resident sent."""

    id: str
    number: str = field(repr=False)
    text: str = field(repr=False)


def read(body: bytes, plan: Plan) -> Receipt | Reply | None:
    """What the gateway tells; None for what is neither, or a status that is not final.

    Malformed for what is not of the plan's format.
    """
    tree = _tree(body, plan)
    if plan.receipt is not None and (status := found(tree, plan.receipt.status)):
        key, gateway_id = found(tree, plan.receipt.key), found(tree, plan.receipt.id)
        if status in plan.receipt.delivered:
            return Receipt(key=key, gateway_id=gateway_id, state=State.DELIVERED)
        if status in plan.receipt.failed:
            return Receipt(key=key, gateway_id=gateway_id, state=State.FAILED)
        return None
    if plan.reply is None:
        return None
    reply_id, number = found(tree, plan.reply.id)[:100], found(tree, plan.reply.number)
    if not reply_id or not number:
        return None
    return Reply(id=reply_id, number=number.removeprefix("tel:"), text=found(tree, plan.reply.text))


def hear(tx: Tx, told: Receipt | Reply, services: Services) -> bool:
    """Takes it, which may come twice; whether it belongs to a text or a contact that we know."""
    if isinstance(told, Receipt):
        return sending.receive(tx, key=told.key, gateway_id=told.gateway_id, state=told.state)
    if inbox.find(tx, SOURCE, told.id) is not None:
        return True
    inbox.keep(tx, SOURCE, told.id, None)
    try:
        number = normalise(told.number)
    except PhoneFault:
        return False
    words = UNSTORABLE.sub(" ", told.text[:LONGEST])
    if words.strip() and survey.hear(tx, tx.vault.blind(number), words):
        return True
    contact = open_contact(tx, tx.vault.blind(number))
    if contact is None or not words.strip():
        answer(tx, told.id, number)
        return False
    resident = Actor(kind="resident", id=contact, roles=frozenset({Role.RESIDENT}))
    said = f"SMS: {words}"
    chat.send(tx, resident, contact, client_id=f"sms:{told.id}", text=said, services=services)
    return True


def open_contact(tx: Tx, phone_blind: str) -> int | None:
    """The open contact of this number that was texted last; else its newest open one."""
    theirs = select(CONTACT.id).join(Party, PARTY.id == CONTACT.asker_id)
    hers = tx.all(theirs.where(PARTY.phone_blind == phone_blind).order_by(CONTACT.id.desc()).limit(20))
    texted = select(NOTICE.contact_id).where(NOTICE.phone_blind == phone_blind, NOTICE.contact_id.in_(hers))
    lately = tx.all(texted.order_by(NOTICE.id.desc()).limit(20))
    is_open = (contact for contact in (*lately, *hers) if queues.entry_of(tx, contact).ended_at is None)
    return next(is_open, None)


def answer(tx: Tx, reply_id: str, number: str) -> None:
    """Schedules the answer that nobody reads here, once a day to a number."""
    blind = tx.vault.blind(number)
    lately = (NOTICE.phone_blind == blind, NOTICE.text == "sms.reply", NOTICE.created_at > tx.now - ANSWERED)
    if tx.scalar(select(NOTICE.id).where(*lately).limit(1)) is not None:
        return
    key, data_key = f"reply:{reply_id}", tx.vault.new_key(tx)
    row = Notice(key=key, text="sms.reply", state=State.WAITING, created_at=tx.now, phone_blind=blind)
    row.data_key_id = data_key
    row.number_sealed = tx.vault.seal(tx, data_key, NUMBER, number)
    tx.add(row)
    schedule(tx, key=key, kind="reply", args={})


def _tree(body: bytes, plan: Plan) -> Any:
    try:
        text = body.decode("utf-8")
        return dict(parse_qsl(text)) if plan.format == "form" else strict_json(text)
    except UnicodeDecodeError:
        raise Malformed(reason="json") from None
