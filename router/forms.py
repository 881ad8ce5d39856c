"""The form that a professional fills for a contact she holds: one sealed draft a contact until it is saved.

A draft outlives reloads, crashes and hand-overs; saved it is answers like the resident's own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from core.access import log_access
from core.db import columns
from core.identity import Actor
from core.models import AccessLog
from core.store import Tx
from core.urgency import Urgency
from queues.views import EntryView
from router.answering import VALUES, bind_answers, newest_answers, read_answers
from router.assessments import reclassify
from router.errors import AnswersClosed, FormEmpty, IdReused
from router.form import Form, FormView, Given, fill, gate_of, result_of, view_of
from router.models import ANSWERS, Answers
from router.rules import tier_of
from router.services import Services
from router.standing import check_holds, the_contact

OPEN = "form.open"
_LOG = columns(AccessLog)
_DRAFT = select(Answers).where(
    ANSWERS.contact_id == bindparam("contact"), ANSWERS.sent_at.is_(None), ANSWERS.filled_by.is_not(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """That there is an unsaved form, not what is in it."""

    answers: int
    client_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The saved form's answers and the level they came to, for the professional to confirm or change."""

    answers: int
    level: Urgency
    complete: bool


def draft_of(tx: Tx, contact: int) -> Draft | None:
    """The contact's unsaved form, if there is one."""
    row = _draft_row(tx, contact)
    return Draft(answers=row.id or 0, client_id=row.client_id, changed_at=row.changed_at) if row else None


def open_form(tx: Tx, contact: int, actor: Actor, *, assignment: int, services: Services) -> FormView:
    """The form as it stands: the draft, or a new one that begins with the newest answers."""
    check_holds(tx, actor, OPEN, contact, assignment)
    log_access(tx, actor, contact=contact, action=OPEN)
    row = _draft_row(tx, contact)
    form = _form(tx, row, services) if row else _beginning(tx, contact, services)
    return view_of(form, services.content, actor.lang, row.client_id if row else None)


def fill_form(
    tx: Tx,
    contact: int,
    actor: Actor,
    *,
    assignment: int,
    client_id: str,
    given: Mapping[str, Given],
    topic: str | None = None,
    others_no: bool = False,
    services: Services,
) -> tuple[FormView, Mapping[str, str]]:
    """Keeps what was filled and judges it anew; what does not fit is told and not kept. The same again
    changes nothing; AnswersClosed once the form has been saved.
    """
    check_holds(tx, actor, "form.fill", contact, assignment)
    _log_once(tx, actor, contact)
    row = _row_to_fill(tx, contact, client_id, actor, services)
    form, faults = fill(_form(tx, row, services), services.content, given, topic=topic, others_no=others_no)
    _keep(tx, row, form, actor)
    return view_of(form, services.content, actor.lang, row.client_id), faults


def save_form(
    tx: Tx, contact: int, actor: Actor, *, assignment: int, client_id: str, services: Services
) -> Saved:
    """Makes the form the contact's answers, once; FormEmpty when there is nothing to judge by.

    A more urgent level moves the contact at once; a milder one waits for the professional's assessment.
    """
    entry = check_holds(tx, actor, "form.save", contact, assignment)
    row = _known(tx, contact, client_id)
    if row is None:
        raise FormEmpty(field="topic")
    if row.sent_at is None:
        _send(tx, row, entry, actor, services)
    return Saved(answers=row.id or 0, level=Urgency(row.level or entry.urgency), complete=bool(row.complete))


def _send(tx: Tx, row: Answers, entry: EntryView, actor: Actor, services: Services) -> None:
    form = _form(tx, row, services)
    gate, result = gate_of(form, services.content), result_of(form, services.content)
    level = result.level if result else gate.level
    if level is None:
        raise FormEmpty(field="topic")
    row.filled_by = actor.id
    tx.session.flush()
    bind_answers(tx, row.id or 0, entry.contact, result, actor.key, gate)
    if result is not None:
        the_contact(tx, entry.contact).topic = result.topic
        tx.session.flush()
    tier, _ = tier_of(level, row.tags)
    if level.rank < entry.urgency.rank or tier < entry.tier:
        raised = min(level, entry.urgency, key=lambda each: each.rank)
        reclassify(tx, entry, raised, actor, services)


def _row_to_fill(tx: Tx, contact: int, client_id: str, actor: Actor, services: Services) -> Answers:
    known = _known(tx, contact, client_id)
    if known is not None and known.sent_at is not None:
        raise AnswersClosed(answers=known.id)
    found = known or _draft_row(tx, contact)  # one draft a contact, whichever window began it
    return found or _start(tx, contact, client_id, actor, services)


def _start(tx: Tx, contact: int, client_id: str, actor: Actor, services: Services) -> Answers:
    row: Answers = tx.add(
        Answers(
            client_id=client_id,
            data_key_id=tx.vault.new_key(tx),
            contact_id=contact,
            language=the_contact(tx, contact).language,
            started_at=tx.now,
            changed_at=tx.now,
            fired=[],
            tags=[],
            filled_by=actor.id,
        )
    )
    _keep(tx, row, _beginning(tx, contact, services), actor)
    return row


def _beginning(tx: Tx, contact: int, services: Services) -> Form:
    filled = newest_answers(tx, contact)
    return Form.load(filled.values, services.content) if filled else Form()


def _form(tx: Tx, row: Answers, services: Services) -> Form:
    return Form.load(read_answers(tx, row.id or 0), services.content)


def _keep(tx: Tx, row: Answers, form: Form, actor: Actor) -> None:
    values = json.dumps(form.dump(), ensure_ascii=False)
    row.values_sealed = tx.vault.seal(tx, row.data_key_id, VALUES, values)
    row.changed_at, row.filled_by = tx.now, actor.id
    tx.session.flush()


def _known(tx: Tx, contact: int, client_id: str) -> Answers | None:
    row: Answers | None = tx.one(select(Answers).where(ANSWERS.client_id == client_id))
    if row is not None and (row.contact_id != contact or row.filled_by is None):
        raise IdReused
    return row


def _draft_row(tx: Tx, contact: int) -> Answers | None:
    found: Answers | None = tx.one(_DRAFT, {"contact": contact})
    return found


def _log_once(tx: Tx, actor: Actor, contact: int) -> None:
    """Filling shows what is filled: who has not opened the form is logged as one who opens it."""
    opened = select(_LOG.id).where(_LOG.contact_id == contact, _LOG.actor == actor.key, _LOG.action == OPEN)
    if tx.scalar(opened.limit(1)) is None:
        log_access(tx, actor, contact=contact, action=OPEN)
