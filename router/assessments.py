"""A professional's acts on where a contact belongs: assessment of the need of care, and passing on to
another queue.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.county import UnknownId
from core.errors import Invalid
from core.events import record
from core.hours import is_open, next_opening
from core.identity import Actor
from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from queues.views import EntryView
from router.answering import newest_answers
from router.errors import QueueClosed
from router.events import AssessmentMade
from router.models import ASSESSMENT, Assessment
from router.promising import Kind, keep_promise
from router.rules import route, tier_of
from router.services import Services
from router.standing import check_holds, check_may, the_contact

REASON = "assessment.reason"
LIVE = ("chat", "call")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentView:
    """One assessment; its reason is content and is read through the brief."""

    id: int
    contact: int
    assessed_at: datetime
    assessed_by: int
    urgency: Urgency


def assess(
    tx: Tx, contact: int, actor: Actor, urgency: Urgency, reason: str, services: Services
) -> AssessmentView:
    """Confirms or changes the level, in both directions; a change needs a reason, both levels are kept.

    Only this keeps the law's promise of an assessment on the same day.
    """
    entry = check_may(tx, actor, "contact.assess", contact)
    changes = urgency != entry.urgency
    if changes and not reason.strip():
        raise Invalid(field="reason")
    key = the_contact(tx, contact).data_key_id
    row = tx.add(
        Assessment(
            contact_id=contact,
            assessed_at=tx.now,
            assessed_by=actor.id,
            urgency=urgency,
            reason_sealed=tx.vault.seal(tx, key, REASON, reason) if reason else None,
        )
    )
    fact = AssessmentMade(assessment=row.id or 0, urgency=urgency, by=actor.id)
    record(tx, fact, contact=contact, actor=actor.key)
    keep_promise(tx, contact, Kind.SAME_DAY_ASSESSMENT, tx.now, actor.key)
    if changes:
        _reclassify(tx, entry, urgency, actor, services)
    return _view(row)


def assessments_of(tx: Tx, contact: int) -> list[AssessmentView]:
    """Every assessment of the contact, oldest first."""
    rows = tx.all(select(Assessment).where(ASSESSMENT.contact_id == contact).order_by(ASSESSMENT.id))
    return [_view(row) for row in rows]


def transfer(
    tx: Tx, contact: int, actor: Actor, *, assignment: int, queue: str, services: Services
) -> EntryView:
    """Passes the contact to another queue: never due later than it was, never live to a closed queue."""
    entry = check_holds(tx, actor, "contact.transfer", contact, assignment)
    try:
        target = services.catalogue.queue(queue)
    except UnknownId:
        raise Invalid(field="queue") from None
    if entry.channel in LIVE and not is_open(target.service_hours, tx.now):
        opens_at = next_opening(target.service_hours, tx.now)
        raise QueueClosed(opens_at=opens_at.isoformat() if opens_at else None)
    decided = route(
        urgency=entry.urgency,
        topic_queue=queue,
        channel=entry.channel,
        catalogue=services.catalogue,
        now=tx.now,
        arrived_at=entry.arrived_at,
    )
    return queues.transfer(
        tx,
        entry.id,
        actor.id,
        assignment,
        queue=queue,
        due_at=min(entry.due_at, decided.due_at),
        urgency=entry.urgency,
        tier=entry.tier,
    )


def _reclassify(tx: Tx, entry: EntryView, urgency: Urgency, actor: Actor, services: Services) -> None:
    answers = newest_answers(tx, entry.contact)
    tier, _ = tier_of(urgency, answers.tags if answers else ())
    decided = route(
        urgency=urgency,
        topic_queue=entry.queue,
        channel=entry.channel,
        catalogue=services.catalogue,
        now=tx.now,
        arrived_at=entry.arrived_at,
    )
    # A milder level never lengthens what was promised or the time to the assessment.
    due_at = min(entry.due_at, decided.due_at)
    queues.reclassify(tx, entry.contact, urgency=urgency, tier=tier, due_at=due_at, actor=actor.key)


def _view(row: Assessment) -> AssessmentView:
    return AssessmentView(
        id=row.id or 0,
        contact=row.contact_id,
        assessed_at=row.assessed_at,
        assessed_by=row.assessed_by,
        urgency=Urgency(row.urgency),
    )
