"""Where a contact stands and who may act on it now; every room asks here before a professional's act."""

from collections.abc import Collection

from core.errors import NotFound
from core.identity import Actor, Role
from core.rights import Subject, authorize
from core.store import Tx
from queues.errors import StaleAssignment
from queues.service import entry_of
from queues.views import EntryView
from router.models import Contact


def the_contact(tx: Tx, contact: int) -> Contact:
    """The row of a contact; NotFound otherwise."""
    row = tx.get(Contact, contact)
    if row is None:
        raise NotFound
    return row


def subject_of(entry: EntryView, participants: Collection[int] = ()) -> Subject:
    """What the rights need to know of the contact of an entry."""
    return Subject(
        contact=entry.contact,
        queue=entry.queue,
        holder=entry.agent,
        participants=frozenset(participants),
    )


def check_may(
    tx: Tx, actor: Actor, action: str, contact: int, participants: Collection[int] = ()
) -> EntryView:
    """The entry of the contact when the actor may do `action` to it; else NotFound or Forbidden.

    A contact that does not exist and one that is another's are the same answer.
    """
    entry = known_entry(tx, actor, action, contact)
    authorize(actor, action, subject_of(entry, participants))
    return entry


def check_holds(
    tx: Tx, actor: Actor, action: str, contact: int, assignment: int, participants: Collection[int] = ()
) -> EntryView:
    """The entry when the actor holds it under `assignment`; StaleAssignment for one who could hold it."""
    entry = known_entry(tx, actor, action, contact)
    near = entry.queue in actor.queues or actor.id in participants
    ours = actor.kind == "staff" and Role.AGENT in actor.roles and near
    if ours and (entry.agent != actor.id or entry.assignment != assignment):
        raise StaleAssignment(assignment=entry.assignment)
    authorize(actor, action, subject_of(entry, participants))
    if entry.assignment != assignment:
        raise StaleAssignment(assignment=entry.assignment)
    return entry


def known_entry(tx: Tx, actor: Actor, action: str, contact: int) -> EntryView:
    """The entry of a contact; one that is not there is asked for as another's, and answers so."""
    try:
        return entry_of(tx, contact)
    except NotFound:
        authorize(actor, action, Subject(contact=-1))
        raise NotFound from None
