"""The stored lines of a conversation: written once, sealed, in one order.

Decides nothing about who may write.
"""

from sqlalchemy import case, func, select

from chat.conversation import Kind, Talk
from chat.events import ChatMessage
from chat.models import MESSAGE, Message
from chat.views import MessageView, Sent
from core.errors import NotFound
from core.events import record
from core.failpoints import failpoint
from core.identity import Actor
from core.store import Tx
from queues.views import EntryView
from router.standing import the_contact

RESIDENT_PREFIX = "resident:"
STAFF_PREFIX = "staff:"


def add_line(
    tx: Tx,
    contact: int,
    seq: int,
    actor: Actor,
    *,
    kind: Kind,
    text: str | None = None,
    text_key: str | None = None,
    client_id: str | None = None,
    name: str = "",
) -> Sent:
    """Stores one line at `seq`; the unique numbers and ids refuse a second one."""
    key = the_contact(tx, contact).data_key_id
    tx.add(
        Message(
            contact_id=contact,
            seq=seq,
            sender_key=actor.key,
            sender_name=name,
            kind=kind,
            client_id=client_id,
            body_sealed=None if text is None else tx.vault.seal(tx, key, _place(contact, seq), text),
            text_key=text_key,
            at=tx.now,
        )
    )
    failpoint("chat.after_insert")
    sender = actor.kind
    record(tx, ChatMessage(seq=seq, sender=sender, kind=kind), contact=contact, actor=actor.key)
    return Sent(contact=contact, seq=seq, at=tx.now, duplicate=False)


def talk_of(tx: Tx, entry: EntryView) -> Talk:
    """The conversation as it stands, for the pure rules."""
    seq, sender = MESSAGE.c.seq, MESSAGE.c.sender_key
    resident = sender.startswith(RESIDENT_PREFIX)
    reply = sender.startswith(STAFF_PREFIX) & (MESSAGE.c.kind == Kind.TEXT.value)
    counts = select(
        func.coalesce(func.max(seq), 0),
        func.coalesce(func.max(case((resident, seq))), 0),
        func.coalesce(func.max(case((reply, seq))), 0),
    )
    newest, newest_resident, newest_staff = tx.rows(counts.where(MESSAGE.c.contact_id == entry.contact))[0]
    return Talk(
        state=entry.state,
        holder=entry.agent,
        assignment=entry.assignment,
        newest=newest,
        newest_resident=newest_resident,
        newest_staff=newest_staff,
    )


def message_sent(tx: Tx, contact: int, sender_key: str, client_id: str) -> MessageView | None:
    """The line this writer stored under this id, if any."""
    row = tx.one(
        select(Message).where(
            Message.contact_id == contact,  # type: ignore[arg-type]
            Message.sender_key == sender_key,  # type: ignore[arg-type]
            Message.client_id == client_id,  # type: ignore[arg-type]
        )
    )
    return _view(tx, row, opened=True) if row is not None else None


def message_at(tx: Tx, contact: int, seq: int) -> MessageView:
    """One line, opened, for viewers whose right to the conversation has been checked and logged."""
    row = tx.one(select(Message).where(Message.contact_id == contact, Message.seq == seq))  # type: ignore[arg-type]
    if row is None:
        raise NotFound
    return _view(tx, row, opened=True)


def read_lines(tx: Tx, contact: int, *, after: int, notes: bool, opened: bool = True) -> list[MessageView]:
    """The lines after `after` in order, with or without notes and texts."""
    statement = select(Message).where(Message.contact_id == contact, Message.seq > after)  # type: ignore[arg-type]
    if not notes:
        statement = statement.where(Message.kind != Kind.NOTE)  # type: ignore[arg-type]
    return [_view(tx, row, opened=opened) for row in tx.all(statement.order_by(Message.seq))]  # type: ignore[arg-type]


def _view(tx: Tx, row: Message, *, opened: bool) -> MessageView:
    text = None
    if opened and row.body_sealed is not None:
        key = the_contact(tx, row.contact_id).data_key_id
        text = tx.vault.open(tx, key, _place(row.contact_id, row.seq), row.body_sealed)
    return MessageView(
        contact=row.contact_id,
        seq=row.seq,
        kind=Kind(row.kind),
        sender=row.sender_key.partition(":")[0],
        name=row.sender_name,
        text=text,
        text_key=row.text_key,
        client_id=row.client_id,
        at=row.at,
    )


def _place(contact: int, seq: int) -> str:
    return f"message:{contact}:{seq}"
