"""The intake checks itself: no contact without a place, no promise that nobody will keep."""

from collections.abc import Collection, Iterator

from sqlalchemy import func, select

from core.checks import Finding
from core.store import Tx
from queues.models import ENTRY
from router.models import CONTACT, OUTCOME, PROMISE
from router.outcomes import WITHDRAWN
from router.promising import Kind

IN_LINE = ENTRY.c.ended_at.is_(None)


def newest_contact(tx: Tx) -> int:
    """The number of the newest contact, 0 when there is none."""
    return tx.scalar(select(func.max(CONTACT.id))) or 0


def arrived(tx: Tx, after: int) -> set[int]:
    """Contacts after `after`."""
    return {*tx.all(select(CONTACT.id).where(CONTACT.id > after))}


def placeless(tx: Tx, contacts: Collection[int]) -> Iterator[Finding]:
    """Those of these contacts that never got a place in the line (I7)."""
    there = tx.all(select(CONTACT.id).where(CONTACT.id.in_(contacts)))
    placed = tx.all(select(ENTRY.c.contact_id).where(ENTRY.c.contact_id.in_(there)))
    for contact in {*there} - {*placed}:
        yield Finding(check="conservation", what="contact", id=contact)


def unpersoned(tx: Tx, contacts: Collection[int]) -> Iterator[Finding]:
    """Those of these contacts that were promised a call and are ended without a person: a professional's
    outcome, or the resident's own cancelling (the Chancellor of Justice, OKV/1597/10/2020).
    """
    done = {*tx.all(select(ENTRY.c.contact_id).where(ENTRY.c.contact_id.in_(contacts), ~IN_LINE))}
    open_still = select(ENTRY.c.contact_id).where(ENTRY.c.contact_id.in_(done), IN_LINE)
    by_person = OUTCOME.by_staff.is_not(None) | (OUTCOME.code == WITHDRAWN)
    ended_well = select(OUTCOME.contact_id).where(OUTCOME.contact_id.in_(done), by_person)
    promised = select(PROMISE.contact_id).where(PROMISE.contact_id.in_(done), PROMISE.kind == Kind.CALLBACK)
    forsaken_too = promised.where(PROMISE.kept_at.is_(None), PROMISE.ended_at.is_(None))  # told by `forsaken`
    for contact in {*tx.all(promised)}.difference(*map(tx.all, (open_still, ended_well, forsaken_too))):
        yield Finding(check="promises", what="contact", id=contact)


def forsaken(tx: Tx, in_line: Collection[int]) -> Iterator[Finding]:
    """Open promises whose contact is not one of those in the line: nobody would keep them (I17)."""
    is_open = (PROMISE.kept_at.is_(None), PROMISE.ended_at.is_(None))
    for promise, contact in tx.rows(select(PROMISE.id, PROMISE.contact_id).where(*is_open)):
        if contact not in in_line:
            yield Finding(check="promises", what="promise", id=promise)
