"""The lists' rows.

What staff see of a contact without opening it. No name, no number, no words of anybody.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select

from callbacks.models import Attempt
from chat.models import Message, Participant
from chat.presence import STALE
from core.county import Catalogue
from core.db import columns
from core.events import last_numbers
from core.models import Staff
from core.store import Tx
from queues.models import Entry
from router.models import Answers, Contact, Promise
from router.services import Services

RESIDENT_KEY = "resident:"
_ENTRY = columns(Entry)
_CONTACT = columns(Contact)
_STAFF = columns(Staff)
_PROMISE = columns(Promise)
_PARTICIPANT = columns(Participant)
_MESSAGE = columns(Message)
_ATTEMPT = columns(Attempt)
_ANSWERS = columns(Answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One contact in a list, the same for every viewer; names and `mine` are added when it is sent."""

    contact: int
    n: int
    entry: int
    assignment: int
    queue: str
    channel: str
    state: str
    urgency: str
    tier: int
    topic: str | None
    language: str
    arrived_at: datetime
    queued_here_at: datetime
    state_since: datetime
    due_at: datetime
    target_at: datetime
    promise_due_at: datetime | None
    expires_at: datetime | None
    not_before: datetime | None
    agent: int | None
    agent_name: str | None
    present: bool | None
    unread: int
    attempts: int
    overdue: bool
    decision: bool
    self_harm: bool

    def wire(self, viewer: int, lang: str, services: Services) -> dict[str, Any]:
        """The row as `viewer` gets it, with the names of queue and topic in her language."""
        topic = services.content.topics.get(self.topic or "")
        return asdict(self) | {
            "mine": self.agent == viewer,
            "queue_name": services.catalogue.queue(self.queue).name.get(lang),
            "topic_name": topic.name.get(lang) if topic else None,
        }


def open_entries(tx: Tx, contacts: Collection[int]) -> list[Entry]:
    """The entries of these contacts that are not ended."""
    return tx.all(select(Entry).where(_ENTRY.contact_id.in_(contacts), _ENTRY.ended_at.is_(None)))


def rows(tx: Tx, contacts: Collection[int], catalogue: Catalogue) -> dict[int, ListRow]:
    """The rows of those contacts that are in the line.

    A fixed number of queries, whatever the number of contacts.
    """
    entries = open_entries(tx, contacts)
    found = [entry.contact_id for entry in entries]
    facts = _Facts(tx, found, [e.agent_id for e in entries if e.agent_id])
    return {entry.contact_id: _row(entry, facts, tx.now, catalogue) for entry in entries}


class _Facts:
    """What the rows need of the other tables, by contact."""

    def __init__(self, tx: Tx, contacts: list[int], staff: list[int]) -> None:
        self.numbers = last_numbers(tx, contacts)
        self.topics = dict(_pairs(tx, select(_CONTACT.id, _CONTACT.topic).where(_CONTACT.id.in_(contacts))))
        self.names = dict(_pairs(tx, select(_STAFF.id, _STAFF.display_name).where(_STAFF.id.in_(staff))))
        self.promises = _promises(tx, contacts)
        self.presence = _presence(tx, contacts)
        self.unread = _unread(tx, contacts)
        self.attempts = _attempts(tx, contacts)
        self.tags = dict(
            _pairs(tx, select(_ANSWERS.contact_id, _ANSWERS.tags).where(_ANSWERS.contact_id.in_(contacts)))
        )


def _pairs(tx: Tx, statement: Any) -> list[tuple[int, Any]]:
    return [(row[0], row[1]) for row in tx.rows(statement)]


def _promises(tx: Tx, contacts: list[int]) -> dict[int, datetime]:
    statement = select(_PROMISE.contact_id, func.min(_PROMISE.due_at)).where(
        _PROMISE.contact_id.in_(contacts),
        _PROMISE.kept_at.is_(None),
        _PROMISE.ended_at.is_(None),
    )
    return dict(_pairs(tx, statement.group_by(_PROMISE.contact_id)))


def _presence(tx: Tx, contacts: list[int]) -> dict[int, bool]:
    statement = select(Participant).where(
        _PARTICIPANT.contact_id.in_(contacts),
        _PARTICIPANT.role == "resident",
    )
    return {row.contact_id: is_present(row, tx.now) for row in tx.all(statement)}


def is_present(row: Participant, now: datetime) -> bool:
    """Whether the resident's page is connected.

    Not gone, and renewed lately by the process that serves it.
    """
    gone = row.disconnected_at is not None and (
        row.connected_at is None or row.disconnected_at >= row.connected_at
    )
    return row.connected_at is not None and not gone and now - row.connected_at < STALE


def _unread(tx: Tx, contacts: list[int]) -> dict[int, int]:
    """Residents' messages after the newest that any professional has seen."""
    seen = (
        select(_PARTICIPANT.contact_id, func.max(_PARTICIPANT.seen_seq).label("seq"))
        .where(_PARTICIPANT.contact_id.in_(contacts), _PARTICIPANT.role != "resident")
        .group_by(_PARTICIPANT.contact_id)
        .subquery()
    )
    statement = (
        select(_MESSAGE.contact_id, func.count())
        .outerjoin(seen, seen.c.contact_id == _MESSAGE.contact_id)
        .where(
            and_(
                _MESSAGE.contact_id.in_(contacts),
                _MESSAGE.sender_key.startswith(RESIDENT_KEY),
                _MESSAGE.seq > func.coalesce(seen.c.seq, 0),
            )
        )
        .group_by(_MESSAGE.contact_id)
    )
    return dict(_pairs(tx, statement))


def _attempts(tx: Tx, contacts: list[int]) -> dict[int, int]:
    statement = select(_ATTEMPT.contact_id, func.count()).where(
        _ATTEMPT.contact_id.in_(contacts),
        _ATTEMPT.ended_at.is_not(None),
    )
    return dict(_pairs(tx, statement.group_by(_ATTEMPT.contact_id)))


def _row(entry: Entry, facts: _Facts, now: datetime, catalogue: Catalogue) -> ListRow:
    contact = entry.contact_id
    promise = facts.promises.get(contact)
    attempts = facts.attempts.get(contact, 0)
    return ListRow(
        contact=contact,
        n=facts.numbers.get(contact, 0),
        entry=entry.id or 0,
        assignment=entry.assignment,
        queue=entry.queue,
        channel=entry.channel,
        state=entry.state,
        urgency=entry.urgency,
        tier=entry.tier,
        topic=facts.topics.get(contact),
        language=entry.language,
        arrived_at=entry.arrived_at,
        queued_here_at=entry.queued_here_at,
        state_since=entry.state_since,
        due_at=entry.due_at,
        target_at=promise or entry.due_at,
        promise_due_at=promise,
        expires_at=entry.expires_at,
        not_before=entry.not_before,
        agent=entry.agent_id,
        agent_name=facts.names.get(entry.agent_id or 0),
        present=facts.presence.get(contact),
        unread=facts.unread.get(contact, 0),
        attempts=attempts,
        overdue=now > (promise or entry.due_at) and entry.state in ("waiting", "scheduled", "offered"),
        decision=entry.channel == "callback" and attempts >= catalogue.limits.attempts,
        self_harm="self_harm" in (facts.tags.get(contact) or ()),
    )


def in_line(tx: Tx, queues: Collection[str], agent: int, limit: int = 300) -> list[int]:
    """Contacts a professional sees.

    The open entries of her queues, and her own wherever they are; first in order first.
    """
    statement = (
        select(_ENTRY.contact_id)
        .where(
            _ENTRY.ended_at.is_(None),
            (_ENTRY.queue.in_(queues)) | (_ENTRY.agent_id == agent),
        )
        .order_by(_ENTRY.tier, _ENTRY.due_at, _ENTRY.arrived_at, _ENTRY.id)
        .limit(limit)
    )
    return tx.all(statement)


def grouped(
    found: Mapping[int, ListRow], viewer: int, lang: str, services: Services
) -> dict[str, list[dict[str, Any]]]:
    """The console's three lists."""
    lists: dict[str, list[dict[str, Any]]] = {"own": [], "waiting": [], "callbacks": []}
    for row in found.values():
        lists[list_of(row, viewer)].append(row.wire(viewer, lang, services))
    return lists


def list_of(row: ListRow, viewer: int) -> str:
    """Which list a row is in for this viewer."""
    if row.agent == viewer:
        return "own"
    return "callbacks" if row.channel == "callback" else "waiting"
