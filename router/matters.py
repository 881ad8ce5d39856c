"""One subject's one need over its contacts. Joined only when it is surely the same person; else only
proposed.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from core.errors import NotFound
from core.identity import Actor
from core.rights import authorize
from core.store import Tx
from queues.service import entry_of
from router.models import CONTACT, MATTER, PARTY, Contact, Matter, Party
from router.standing import subject_of, the_contact

_OF_MATTER = select(Contact).where(CONTACT.matter_id == bindparam("matter")).order_by(CONTACT.id)
PROPOSED = 10  # a number shared by many people would fill the pane


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Another contact from the same number: perhaps the same matter, perhaps another person of the
    household.
    """

    matter: int
    contact: int
    channel: str
    topic: str | None
    arrived_at: datetime


def open_matter(tx: Tx, subject: int, topic: str | None) -> Matter:
    """A new matter of the subject."""
    return tx.add(Matter(subject_id=subject, topic=topic, opened_at=tx.now, joined_by="new"))


def join_confirmed(tx: Tx, matter: int) -> Matter:
    """The matter a resident confirmed as hers; whoever calls has checked that she owns a contact of it."""
    row = tx.get(Matter, matter)
    if row is None:
        raise NotFound
    row.joined_by = "resident"
    tx.session.flush()
    return row


def join_identified(tx: Tx, identity: str, topic: str | None) -> Matter | None:
    """The newest matter on this topic of the subject identified the same, or None."""
    row: Matter | None = tx.one(
        select(Matter)
        .join(Party, PARTY.id == MATTER.subject_id)
        .where(PARTY.identity_blind == tx.vault.blind(identity), MATTER.topic == topic)
        .order_by(MATTER.id.desc())
        .limit(1)
    )
    if row is not None:
        row.joined_by = "identified"
        tx.session.flush()
    return row


def contacts_of(tx: Tx, matter: int) -> list[Contact]:
    """The contacts of a matter, oldest first."""
    found: list[Contact] = tx.once((contacts_of, matter), lambda: tx.all(_OF_MATTER, {"matter": matter}))
    return found


def propose_matters(tx: Tx, contact: int, actor: Actor) -> list[Proposal]:
    """Contacts from the same number in other matters; only for the holder, so nothing shows before
    accepting.
    """
    row = the_contact(tx, contact)
    authorize(actor, "contact.close", subject_of(entry_of(tx, contact)))
    asker = tx.get(Party, row.asker_id)
    if asker is None or asker.phone_blind is None:
        return []
    others = tx.all(
        select(Contact)
        .join(Party, PARTY.id == CONTACT.asker_id)
        .where(PARTY.phone_blind == asker.phone_blind, CONTACT.matter_id != row.matter_id)
        .order_by(CONTACT.id.desc())
        .limit(PROPOSED)
    )
    return [
        Proposal(
            matter=other.matter_id,
            contact=other.id or 0,
            channel=other.channel,
            topic=other.topic,
            arrived_at=other.arrived_at,
        )
        for other in others
    ]
