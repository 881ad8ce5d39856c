"""The stored lines of a conversation: written once, sealed, in one order.

Decides nothing about who may write.
"""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import ColumnElement, Integer, ScalarSelect, bindparam, func, literal_column, select

from chat.conversation import Kind, Talk
from chat.events import ChatMessage
from chat.models import MESSAGE, PARTICIPANT, REPLY, Message
from chat.views import MessageView, Sent
from core.db import columns, table
from core.errors import NotFound
from core.events import record
from core.failpoints import failpoint
from core.identity import Actor
from core.models import DataKey, Event
from core.store import Tx
from core.vault import WrappedKey
from queues.models import ENTRY
from queues.views import EntryView
from router.models import CONTACT, Contact
from router.standing import the_contact

BY_RESIDENT = MESSAGE.c.sender_key.startswith("resident:")


def _newest(*conditions: ColumnElement[bool]) -> Callable[[ColumnElement[int]], ColumnElement[int]]:
    """The number of the newest such line of a contact, 0 when there is none; one look into an index."""

    def of(contact: ColumnElement[int]) -> ColumnElement[int]:
        here = select(MESSAGE.c.seq).where(MESSAGE.c.contact_id == contact, *conditions)
        return func.coalesce(here.order_by(MESSAGE.c.seq.desc()).limit(1).scalar_subquery(), 0)

    return of


# Of any line, of the resident's, of the professionals' texts: what a `Talk` needs.
NEWEST = (_newest(), _newest(BY_RESIDENT), _newest(literal_column(REPLY)))


def unread(contact: ColumnElement[int]) -> ScalarSelect[int]:
    """Residents' messages after the newest that any professional has seen, beside a contact's entry."""
    who = PARTICIPANT.alias().c  # the statement around may have the resident's own
    seen = select(func.coalesce(func.max(who.seen_seq), 0)).where(
        who.contact_id == contact, who.role != "resident"
    )
    newer = MESSAGE.c.seq > seen.correlate(ENTRY).scalar_subquery()
    return (
        select(func.count())
        .select_from(MESSAGE)
        .where(MESSAGE.c.contact_id == contact, BY_RESIDENT, newer)
        .correlate(ENTRY)
        .scalar_subquery()
    )


_NEWEST_OF = select(*(newest(bindparam("contact", type_=Integer)) for newest in NEWEST))


_KEY = columns(DataKey)

# Lines with the key of their contact, read in the same transaction: what is erased cannot be opened.
_LINE = (
    "contact_id",
    "seq",
    "sender_key",
    "sender_name",
    "kind",
    "client_id",
    "body_sealed",
    "text_key",
    "at",
)
_LINES = (
    select(*(MESSAGE.c[name] for name in _LINE), _KEY.id.label("key"), _KEY.kek, _KEY.wrapped)
    .join(table(Contact), CONTACT.id == MESSAGE.c.contact_id)
    .join(table(DataKey), _KEY.id == CONTACT.data_key_id)
)
_SENT = _LINES.where(
    MESSAGE.c.contact_id == bindparam("contact"),
    MESSAGE.c.sender_key == bindparam("sender"),
    MESSAGE.c.client_id == bindparam("client"),
)
_EVENT = columns(Event)
_TOLD = _LINES.join(
    table(Event),
    (_EVENT.contact_id == MESSAGE.c.contact_id) & (_EVENT.data["seq"].as_integer() == MESSAGE.c.seq),
).where(_EVENT.id > bindparam("after"), _EVENT.id <= bindparam("upto"), _EVENT.type == "chat.message")


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
            body_sealed=None if text is None else tx.vault.seal(tx, key, place(contact, seq), text),
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
    found: Any = tx.run(_NEWEST_OF, {"contact": entry.contact}).one()
    newest, newest_resident, newest_staff = found
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
    mine = {"contact": contact, "sender": sender_key, "client": client_id}
    found = tx.run(_SENT, mine).first()
    return _view(tx, found, opened=True) if found else None


def message_at(tx: Tx, contact: int, seq: int) -> MessageView:
    """One line, opened, for viewers whose right to the conversation has been checked and logged."""
    found = tx.rows(_LINES.where(MESSAGE.c.contact_id == contact, MESSAGE.c.seq == seq))
    if not found:
        raise NotFound
    return _view(tx, found[0], opened=True)


def told(tx: Tx, after: int, upto: int, contacts: Collection[int]) -> dict[tuple[int, int], MessageView]:
    """The lines of `contacts` told by events after `after` up to `upto`, opened like `message_at`.

    What has been erased meanwhile is left out.
    """
    found = tx.run(_TOLD, {"after": after, "upto": upto})
    lines = [_view(tx, row, opened=True) for row in found if row.contact_id in contacts and row.wrapped]
    return {(line.contact, line.seq): line for line in lines}


def read_lines(tx: Tx, contact: int, *, after: int, notes: bool, opened: bool = True) -> list[MessageView]:
    """The lines after `after` in order, with or without notes and texts."""
    statement = _LINES.where(MESSAGE.c.contact_id == contact, MESSAGE.c.seq > after)
    if not notes:
        statement = statement.where(MESSAGE.c.kind != Kind.NOTE)
    return [_view(tx, row, opened=opened) for row in tx.rows(statement.order_by(MESSAGE.c.seq))]


def _view(tx: Tx, row: Any, *, opened: bool) -> MessageView:
    contact, seq, sender, name, kind, client_id, sealed, text_key, at, key, kek, wrapped = row
    text = None
    if opened and sealed is not None:
        text = tx.vault.open_under(WrappedKey(key, kek, wrapped), place(contact, seq), sealed)
    return MessageView(
        contact=contact,
        seq=seq,
        kind=Kind(kind),
        sender=sender.partition(":")[0],
        name=name,
        text=text,
        text_key=text_key,
        client_id=client_id,
        at=at,
    )


def place(contact: int, seq: int) -> str:
    """Where a line stands, to which its sealed text is bound."""
    return f"message:{contact}:{seq}"
