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
from router.errors import NotSure, QueueClosed
from router.events import AssessmentMade
from router.models import ASSESSMENT, Assessment
from router.promising import Kind, keep_promise
from router.rules import SELF_HARM, route, tier_of
from router.services import Services
from router.standing import check_holds, the_contact
from router.stored import AnswersView

REASON = "assessment.reason"
LIVE = ("chat", "call")
BY_ANSWERS, OTHER = "by_answers", "other"
# Why a level is changed, as codes for the figures; `by_answers` takes the level that the answers came to,
# `other` is told in words.
REASONS = (BY_ANSWERS, "told_more", "worse", "milder", "risk", "answered_wrong", "treated", OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentView:
    """One assessment with the level it found; its words are content and are read through the brief."""

    id: int
    contact: int
    assessed_at: datetime
    assessed_by: int
    urgency: Urgency
    before: Urgency | None
    reason: str | None


def assess(
    tx: Tx,
    contact: int,
    actor: Actor,
    *,
    assignment: int,
    urgency: Urgency,
    reason: str | None = None,
    words: str = "",
    sure: bool = False,
    services: Services,
) -> AssessmentView:
    """Confirms or changes the level, in both directions; a change needs a reason, both levels are kept.

    Only the holder may. NotSure when an emergency or a self-harm flag would be lowered and she has not been
    asked once more. Only this keeps the law's promise of an assessment on the same day.
    """
    entry = check_holds(tx, actor, "contact.assess", contact, assignment)
    answers = newest_answers(tx, contact)
    words = words.strip()
    if urgency != entry.urgency:
        _check_reason(urgency, reason, words, answers)
        _check_sure(entry, urgency, answers, sure=sure)
    else:
        reason = None
    key = the_contact(tx, contact).data_key_id
    row = tx.add(
        Assessment(
            contact_id=contact,
            assessed_at=tx.now,
            assessed_by=actor.id,
            urgency=urgency,
            urgency_before=entry.urgency,
            reason_code=reason,
            reason_sealed=tx.vault.seal(tx, key, REASON, words) if words else None,
        )
    )
    fact = AssessmentMade(
        assessment=row.id or 0, urgency=urgency, by=actor.id, before=entry.urgency, reason=reason
    )
    record(tx, fact, contact=contact, actor=actor.key)
    keep_promise(tx, contact, Kind.SAME_DAY_ASSESSMENT, tx.now, actor.key)
    if urgency != entry.urgency:
        reclassify(tx, entry, urgency, actor, services)
    return _view(row)


def _check_reason(urgency: Urgency, reason: str | None, words: str, answers: AnswersView | None) -> None:
    if reason not in REASONS or (reason == OTHER and not words):
        raise Invalid(field="reason")
    if reason == BY_ANSWERS and (answers is None or answers.level != urgency):
        raise Invalid(field="reason", reason="not_by_answers")


def _check_sure(entry: EntryView, urgency: Urgency, answers: AnswersView | None, *, sure: bool) -> None:
    is_grave = entry.urgency is Urgency.EMERGENCY or SELF_HARM in (answers.tags if answers else ())
    if is_grave and urgency.rank > entry.urgency.rank and not sure:
        raise NotSure


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
        weight=target.chat_weight if entry.channel == "chat" else 1,
    )


def reclassify(tx: Tx, entry: EntryView, urgency: Urgency, actor: Actor, services: Services) -> None:
    """Gives the entry the place of another level, never due later than it was."""
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
        before=Urgency(row.urgency_before) if row.urgency_before else None,
        reason=row.reason_code,
    )
