"""The resident's answers before and after sending: sealed, versioned, immutable once sent.

Evaluates nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from core.db import columns, table
from core.errors import NotFound
from core.events import record
from core.models import DataKey
from core.store import Tx
from core.urgency import Urgency
from core.vault import WrappedKey
from router.errors import AnswersClosed
from router.events import AnswersSent
from router.models import ANSWERS, Answers
from router.stored import AnswersView, Json
from triage.definition import GateResult, Result

VALUES = "answers.values"
_TABLE = table(Answers)
_KEY = columns(DataKey)
# What every page of the questions asks, made once; the key that opens the values comes with them.
_WITH_KEYS: Select[Any] = select(*_TABLE.c, _KEY.kek, _KEY.wrapped).join(
    table(DataKey), _KEY.id == ANSWERS.data_key_id
)
_ONE = _WITH_KEYS.where(ANSWERS.id == bindparam("wanted"))
_SENT = _WITH_KEYS.where(ANSWERS.contact_id == bindparam("contact"), ANSWERS.sent_at.is_not(None)).order_by(
    ANSWERS.sent_at, ANSWERS.id
)
_KNOWN = select(ANSWERS.id).where(ANSWERS.client_id == bindparam("client"))
_CHANGE = update(_TABLE).where(ANSWERS.id == bindparam("wanted"))
_SAVE = _CHANGE.values(values_sealed=bindparam("sealed"), changed_at=bindparam("now"))


def start_answers(tx: Tx, *, client_id: str, language: str) -> int:
    """Begins a questionnaire; the same client id again gives the same answers."""
    known = tx.scalar(_KNOWN, {"client": client_id})
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
    sealed = tx.vault.seal_under(_key(row), VALUES, json.dumps(dict(values), ensure_ascii=False))
    tx.execute(_SAVE, {"wanted": answers, "sealed": sealed, "now": tx.now})


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
    found = _found(result, gate)
    tx.execute(_CHANGE.values(contact_id=contact, sent_at=tx.now, **found), {"wanted": answers})
    sent = AnswersSent(
        answers=answers, level=found.get("level", row.level), complete=found.get("complete", row.complete)
    )
    record(tx, sent, contact=contact, actor=actor)


def _found(result: Result | None, gate: GateResult | None) -> dict[str, Any]:
    if result is not None:
        return {
            "topic": result.topic,
            "version": result.version,
            "level": result.level.value,
            "queue": result.queue,
            "complete": result.complete,
            "fired": [rule.id for rule in result.fired],
            "tags": sorted(result.tags),
        }
    if gate is not None and gate.level is not None:
        return {
            "level": gate.level.value,
            "complete": gate.complete or gate.level is Urgency.EMERGENCY,
            "fired": list(gate.fired),
            "tags": sorted(gate.tags),
        }
    return {}


def newest_answers(tx: Tx, contact: int) -> AnswersView | None:
    """The answers that count for the contact, opened: those sent last; a draft counts for nothing."""
    sent = sent_answers(tx, contact)
    return sent[-1] if sent else None


def sent_answers(tx: Tx, contact: int) -> list[AnswersView]:
    """All answers sent for the contact, opened, oldest first."""
    return [_view(tx, row) for row in tx.run(_SENT, {"contact": contact}).all()]


def answers_view(tx: Tx, answers: int) -> AnswersView:
    """One questionnaire, opened; NotFound when there is none."""
    return _view(tx, _row(tx, answers))


def _row(tx: Tx, answers: int) -> Any:
    row = tx.run(_ONE, {"wanted": answers}).first()
    if row is None:
        raise NotFound
    return row


def _key(row: Any) -> WrappedKey:
    return WrappedKey(row.data_key_id, row.kek, row.wrapped)


def _view(tx: Tx, row: Any) -> AnswersView:
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


def _opened(tx: Tx, row: Any) -> Mapping[str, Json]:
    if row.values_sealed is None:
        return {}
    values: dict[str, Json] = json.loads(tx.vault.open_under(_key(row), VALUES, row.values_sealed))
    return values
