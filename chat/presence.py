"""Who takes part in a conversation and who is there now: coming, going, and being gone without a word."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from chat.events import ChatPresence
from chat.models import PARTICIPANT, Participant
from core.events import record
from core.identity import Actor
from core.store import Tx
from queues import service as queues
from queues.views import EntryView
from router.services import Services
from router.standing import check_may

RESIDENT = "resident"
STAFF = "staff"
# A page renews its presence; one that stopped without a word is taken for gone after three renewals.
STALE = timedelta(seconds=45)
SWEPT = 50


def staff_in(tx: Tx, contact: int) -> frozenset[int]:
    """The professionals who take part in the conversation."""
    staff = (PARTICIPANT.c.role == STAFF, PARTICIPANT.c.left_at.is_(None))
    keys = tx.all(select(PARTICIPANT.c.who_key).where(PARTICIPANT.c.contact_id == contact, *staff))
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


def connected(tx: Tx, contact: int) -> None:
    """The resident is present, and renewed so while the page is open; one who had left is back in her
    place.
    """
    row = _resident(tx, contact)
    if not _is_here(row, tx):
        record(tx, ChatPresence(present=True), contact=contact, actor=row.who_key)
    row.connected_at, row.disconnected_at = tx.now, None
    tx.session.flush()
    entry = queues.entry_of(tx, contact)
    if entry.state == "left" and entry.resume_until is not None and entry.resume_until > tx.now:
        queues.resume(tx, contact, row.who_key)


def disconnected(tx: Tx, contact: int, resume_until: datetime) -> None:
    """The resident's last page is gone: a chat in the line keeps its place until `resume_until`.

    An emergency stays on top of the list, and promised work needs nobody at a page.
    """
    row = _resident(tx, contact)
    _absent(tx, row)
    entry = queues.entry_of(tx, contact)
    if entry.channel == "chat" and entry.tier > 0 and entry.state in ("waiting", "offered"):
        queues.leave(tx, contact, resume_until=resume_until, actor=row.who_key)


def leave(tx: Tx, actor: Actor, contact: int, services: Services) -> EntryView:
    """The resident goes by her own word: out of the line with time to return, or out of the conversation.

    Promised work and emergencies stay where they are: only `router.moves.cancel` ends what was promised.
    """
    check_may(tx, actor, "contact.leave", contact)
    disconnected(tx, contact, tx.now + _resume(services))
    return queues.entry_of(tx, contact)


def notice_absence(tx: Tx, services: Services) -> int:
    """Takes those for gone whose page stopped renewing without a word; returns how many."""
    there = (PARTICIPANT.c.role == RESIDENT, PARTICIPANT.c.disconnected_at.is_(None))
    stale = PARTICIPANT.c.connected_at < tx.now - STALE
    silent = tx.all(select(PARTICIPANT.c.contact_id).where(*there, stale).limit(SWEPT))
    for contact in silent:
        disconnected(tx, contact, tx.now + _resume(services))
    return len(silent)


def _resident(tx: Tx, contact: int) -> Participant:
    key = f"{RESIDENT}:{contact}"
    row = _participant(tx, contact, key)
    return row or tx.add(Participant(contact_id=contact, who_key=key, role=RESIDENT, joined_at=tx.now))


def _participant(tx: Tx, contact: int, key: str) -> Participant | None:
    mine = (PARTICIPANT.c.contact_id == contact, PARTICIPANT.c.who_key == key)
    row: Participant | None = tx.one(select(Participant).where(*mine))
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
