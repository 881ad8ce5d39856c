"""Who takes part in a conversation and who is there now: coming, going, and being gone without a word."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    bindparam,
    cast,
    exists,
    false,
    literal,
    or_,
    select,
    update,
)

from chat.events import ChatPresence
from chat.models import PARTICIPANT, Participant
from core.db import UtcTime, among, given_rows, insert_given, type_big
from core.events import record
from core.identity import Actor
from core.store import Tx
from queues import service as queues
from queues.views import EntryView
from router.moves import back_to_call
from router.services import Services
from router.standing import check_may

RESIDENT = "resident"
STAFF = "staff"
# A page renews its presence; one that stopped without a word is taken for gone after three renewals.
RENEWAL = timedelta(seconds=15)
STALE = 3 * RENEWAL
SWEPT = 50
NOW = bindparam("now", type_=UtcTime())
STAFF_HERE = select(PARTICIPANT.c.who_key).where(
    PARTICIPANT.c.contact_id == bindparam("contact"),
    PARTICIPANT.c.role == STAFF,
    PARTICIPANT.c.left_at.is_(None),
)
_PARTICIPANT = select(Participant).where(
    PARTICIPANT.c.contact_id == bindparam("contact"), PARTICIPANT.c.who_key == bindparam("key")
)
OTHERS_LEAVE = (
    update(PARTICIPANT)
    .where(among(PARTICIPANT.c.contact_id, "contacts"), PARTICIPANT.c.role == STAFF)
    .where(PARTICIPANT.c.left_at.is_(None))
    .values(left_at=NOW)
)
JOIN_ALL = insert_given(
    PARTICIPANT,
    given_rows("holders", place=Integer(), contact_id=type_big, who_key=PARTICIPANT.c.who_key.type),
    role=literal(STAFF),
    joined_at=NOW,
    seen_seq=literal(0),
    wants_text=false(),
    texts_count=literal(0),
)
NOT_RENEWED = select(PARTICIPANT.c.contact_id).where(
    among(PARTICIPANT.c.contact_id, "contacts"),
    PARTICIPANT.c.role == RESIDENT,
    or_(
        PARTICIPANT.c.connected_at.is_(None),
        PARTICIPANT.c.connected_at <= bindparam("since", type_=UtcTime()),
        PARTICIPANT.c.disconnected_at >= PARTICIPANT.c.connected_at,  # taken for gone, perhaps elsewhere
    ),
)
RENEW = (
    update(PARTICIPANT)
    .where(among(PARTICIPANT.c.contact_id, "contacts"), PARTICIPANT.c.role == RESIDENT)
    .values(connected_at=NOW)
)
SILENT = (
    select(PARTICIPANT.c.contact_id)
    .where(PARTICIPANT.c.role == RESIDENT, PARTICIPANT.c.disconnected_at.is_(None))
    .where(PARTICIPANT.c.connected_at < bindparam("since", type_=UtcTime()))
    .limit(SWEPT)
)


def staff_in(tx: Tx, contact: int) -> frozenset[int]:
    """The professionals who take part in the conversation."""
    keys = tx.once((staff_in, contact), lambda: tx.run(STAFF_HERE, {"contact": contact}).scalars().all())
    return frozenset(int(key.partition(":")[2]) for key in keys)


def join_staff(tx: Tx, actor: Actor, held: EntryView) -> None:
    """The holder takes part; whoever held before her does no longer."""
    others = (PARTICIPANT.c.contact_id == held.contact, PARTICIPANT.c.role == STAFF)
    still = (PARTICIPANT.c.left_at.is_(None), PARTICIPANT.c.who_key != actor.key)
    tx.execute(update(PARTICIPANT).where(*others, *still).values(left_at=tx.now))
    row = _participant(tx, held.contact, actor.key)
    if row is None:
        tx.add(Participant(contact_id=held.contact, who_key=actor.key, role=STAFF, joined_at=tx.now))
        return
    row.left_at = None
    tx.session.flush()
    tx.known.clear()


def has_staff(contact: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a professional takes part in the contact, or did, as a column beside its others."""
    return exists().where(PARTICIPANT.c.contact_id == contact, PARTICIPANT.c.role == STAFF)


def has_been_in(contact: ColumnElement[int], staff: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether this professional takes part in the contact, or did, as a column beside its others."""
    key = literal(f"{STAFF}:") + cast(staff, Text)
    return exists().where(PARTICIPANT.c.contact_id == contact, PARTICIPANT.c.who_key == key)


def join_all(tx: Tx, holders: Sequence[tuple[int, str]], with_others: Sequence[int]) -> None:
    """`join_staff` of many that have taken part in nothing of these contacts: contact and key of each.

    `with_others`: the contacts that a professional has taken part in.
    """
    if with_others:
        tx.execute(OTHERS_LEAVE, {"contacts": with_others, "now": tx.now})
    rows = [[place, contact, key] for place, (contact, key) in enumerate(holders)]
    tx.run(JOIN_ALL, {"holders": rows, "now": tx.now})


def connected(tx: Tx, contact: int) -> None:
    """The resident is present, and renewed so while the page is open; one who had left is back in her
    place.
    """
    row = _resident(tx, contact)
    if not _is_here(row, tx):
        record(tx, ChatPresence(present=True), contact=contact, actor=row.who_key)
    row.connected_at, row.disconnected_at = tx.now, None
    row.hidden_since = row.texted_at = None
    tx.session.flush()
    entry = queues.entry_of(tx, contact)
    if entry.state == "left" and entry.resume_until is not None and entry.resume_until > tx.now:
        queues.resume(tx, contact, row.who_key)


def hidden(tx: Tx, contact: int) -> None:
    """The resident's page is open, but she is not looking at it."""
    row = _resident(tx, contact)
    row.hidden_since = row.hidden_since or tx.now
    tx.session.flush()


def wish_for_text(tx: Tx, contact: int, *, wanted: bool) -> None:
    """Keeps whether the resident wants to be texted when it is her turn."""
    _resident(tx, contact).wants_text = wanted
    tx.session.flush()


def wants_text(tx: Tx, contact: int) -> bool:
    """Whether the resident is texted when it is her turn."""
    row = _participant(tx, contact, f"{RESIDENT}:{contact}")
    return row is not None and row.wants_text


def disconnected(tx: Tx, contact: int, resume_until: datetime) -> None:
    """The resident's last page is gone: a chat in the line keeps its place until `resume_until`.

    An emergency stays on top of the list, promised work needs nobody at a page, and whoever is texted in her
    turn need not watch hers. Who was promised a call before she moved to the chat is called.
    """
    row = _resident(tx, contact)
    _absent(tx, row)
    entry = queues.entry_of(tx, contact)
    if entry.channel == "chat" and back_to_call(tx, contact, row.who_key):
        return
    stays = row.wants_text or entry.tier == 0
    if entry.channel == "chat" and not stays and entry.state in ("waiting", "offered"):
        queues.leave(tx, contact, resume_until=resume_until, actor=row.who_key)


def leave(tx: Tx, actor: Actor, contact: int, services: Services) -> EntryView:
    """The resident goes by her own word: out of the line with time to return, or out of the conversation.

    Promised work and emergencies stay where they are: only `router.moves.cancel` ends what was promised.
    """
    check_may(tx, actor, "contact.leave", contact)
    _resident(tx, contact).wants_text = False
    disconnected(tx, contact, tx.now + _resume(services))
    return queues.entry_of(tx, contact)


def not_renewed(tx: Tx, contacts: Collection[int]) -> list[int]:
    """Of these residents, whose pages are connected, those not noted as here for a while."""
    return tx.all(NOT_RENEWED, {"contacts": list(contacts), "since": tx.now - RENEWAL})


def renew(tx: Tx, contacts: Collection[int]) -> None:
    """Notes that these residents' pages are still connected."""
    tx.execute(RENEW, {"contacts": list(contacts), "now": tx.now})


def notice_absence(tx: Tx, services: Services) -> int:
    """Takes those for gone whose page stopped renewing without a word; returns how many."""
    silent = tx.all(SILENT, {"since": tx.now - STALE})
    for contact in silent:
        disconnected(tx, contact, tx.now + _resume(services))
    return len(silent)


def _resident(tx: Tx, contact: int) -> Participant:
    key = f"{RESIDENT}:{contact}"
    row = _participant(tx, contact, key)
    return row or tx.add(Participant(contact_id=contact, who_key=key, role=RESIDENT, joined_at=tx.now))


def _participant(tx: Tx, contact: int, key: str) -> Participant | None:
    row: Participant | None = tx.one(_PARTICIPANT, {"contact": contact, "key": key})
    return row


def _is_here(row: Participant, tx: Tx) -> bool:
    return row.connected_at is not None and row.disconnected_at is None and tx.now - row.connected_at < STALE


def _absent(tx: Tx, row: Participant) -> None:
    if row.disconnected_at is None:
        row.disconnected_at = tx.now
        tx.session.flush()
        record(tx, ChatPresence(present=False), contact=row.contact_id, actor=row.who_key)


def _resume(services: Services) -> timedelta:
    return timedelta(seconds=services.catalogue.limits.resume_chat_s)
