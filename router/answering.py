"""The resident's answers before and after sending: sealed, versioned, immutable once sent.

Evaluates nothing.
"""

import json
from collections.abc import Mapping

from sqlalchemy import select

from core.errors import NotFound
from core.events import record
from core.store import Tx
from core.urgency import Urgency
from router.errors import AnswersClosed
from router.events import AnswersSent
from router.models import ANSWERS, Answers
from router.stored import AnswersView, Json
from triage.definition import GateResult, Result

VALUES = "answers.values"


def start_answers(tx: Tx, *, client_id: str, language: str) -> int:
    """Begins a questionnaire; the same client id again gives the same answers."""
    known = tx.scalar(select(ANSWERS.id).where(ANSWERS.client_id == client_id))
    if known is not None:
        return int(known)
    row = Answers(
        client_id=client_id,
        data_key_id=tx.vault.new_key(tx),
        language=language,
        started_at=tx.now,
        changed_at=tx.now,
        fired=[],
        tags=[],
    )
    return tx.add(row).id or 0


def save_answers(tx: Tx, answers: int, values: Mapping[str, Json]) -> None:
    """Replaces the stored values; AnswersClosed once they have been sent."""
    row = _row(tx, answers)
    if row.sent_at is not None:
        raise AnswersClosed(answers=answers)
    row.values_sealed = _seal(tx, row, values)
    row.changed_at = tx.now
    tx.session.flush()


def read_answers(tx: Tx, answers: int) -> Mapping[str, Json]:
    """The stored values, empty before the first save.

    Whoever shows them to a professional logs the access.
    """
    return _opened(tx, _row(tx, answers))


def bind_answers(
    tx: Tx, answers: int, contact: int, result: Result | None, actor: str, gate: GateResult | None = None
) -> None:
    """Sends the answers with the contact, once, with the level, rules and version behind it; before there is
    a topic, with what the emergency pages came to.
    """
    row = _row(tx, answers)
    if row.contact_id is not None and row.contact_id != contact:
        raise NotFound
    if row.sent_at is not None:
        raise AnswersClosed(answers=answers)
    row.contact_id, row.sent_at = contact, tx.now
    if result is not None:
        row.topic, row.version, row.level = result.topic, result.version, result.level.value
        row.queue, row.complete = result.queue, result.complete
        row.fired, row.tags = [rule.id for rule in result.fired], sorted(result.tags)
    elif gate is not None and gate.level is not None:
        row.level, row.complete = gate.level.value, gate.complete or gate.level is Urgency.EMERGENCY
        row.fired, row.tags = list(gate.fired), sorted(gate.tags)
    tx.session.flush()
    record(
        tx, AnswersSent(answers=answers, level=row.level, complete=row.complete), contact=contact, actor=actor
    )


def newest_answers(tx: Tx, contact: int) -> AnswersView | None:
    """The answers that count for the contact, opened: those sent last; a draft counts for nothing."""
    sent = sent_answers(tx, contact)
    return sent[-1] if sent else None


def sent_answers(tx: Tx, contact: int) -> list[AnswersView]:
    """All answers sent for the contact, opened, oldest first."""
    statement = select(Answers).where(ANSWERS.contact_id == contact, ANSWERS.sent_at.is_not(None))
    return [_view(tx, row) for row in tx.all(statement.order_by(ANSWERS.sent_at, ANSWERS.id))]


def answers_view(tx: Tx, answers: int) -> AnswersView:
    """One questionnaire, opened; NotFound when there is none."""
    return _view(tx, _row(tx, answers))


def _row(tx: Tx, answers: int) -> Answers:
    row = tx.get(Answers, answers)
    if row is None:
        raise NotFound
    return row


def _view(tx: Tx, row: Answers) -> AnswersView:
    return AnswersView(
        id=row.id or 0,
        contact=row.contact_id,
        language=row.language,
        topic=row.topic,
        version=row.version,
        values=_opened(tx, row),
        changed_at=row.changed_at,
        sent_at=row.sent_at,
        level=Urgency(row.level) if row.level else None,
        fired=tuple(row.fired),
        tags=frozenset(row.tags),
        complete=row.complete,
        filled_by=row.filled_by,
    )


def _seal(tx: Tx, row: Answers, values: Mapping[str, Json]) -> bytes:
    return tx.vault.seal(tx, row.data_key_id, VALUES, json.dumps(dict(values), ensure_ascii=False))


def _opened(tx: Tx, row: Answers) -> Mapping[str, Json]:
    if row.values_sealed is None:
        return {}
    values: dict[str, Json] = json.loads(tx.vault.open(tx, row.data_key_id, VALUES, row.values_sealed))
    return values
