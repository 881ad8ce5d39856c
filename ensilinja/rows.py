"""The lists' rows.

What staff see of a contact without opening it. No name, no number, no words of anybody.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from callbacks.models import Attempt
from callbacks.results import UNREACHED
from chat.models import Participant
from chat.presence import STALE
from chat.transcript import unread
from chat.views import TalkRow
from core.county import Catalogue
from core.db import among, columns, table
from core.events import newest_number
from core.models import Staff
from core.store import Tx
from ensilinja.row_calls import NOTHING, RowCall, Telephoned, telephoned
from queues.models import Entry
from queues.views import ShiftView
from router.models import Answers, Contact, Promise
from router.services import Services

CALLBACK = "callback"
BY_TELEPHONE = (CALLBACK, "call")
FREE = ("waiting", "scheduled", "offered", "left")  # states of an entry that nobody talks in yet
_ENTRY = columns(Entry)
_CONTACT = columns(Contact)
_STAFF = columns(Staff)
_PROMISE = columns(Promise)
_PARTICIPANT = columns(Participant)
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
    source: str
    tries: int
    tried_at: datetime | None
    call: RowCall | None

    def wire(self, viewer: int, lang: str, services: Services) -> dict[str, Any]:
        """The row as `viewer` gets it, with the names of queue and topic in her language."""
        topic = services.content.topics.get(self.topic or "")
        return {name: getattr(self, name) for name in _FIELDS} | {
            "mine": self.agent == viewer,
            "queue_name": services.catalogue.queue(self.queue).name.get(lang),
            "topic_name": topic.name.get(lang) if topic else None,
        }


_FIELDS = tuple(field.name for field in fields(ListRow))


_SHOWN = (
    *("id", "contact_id", "assignment", "queue", "channel", "state", "urgency", "tier", "language"),
    *("arrived_at", "queued_here_at", "state_since", "due_at", "expires_at", "not_before", "agent_id"),
)


def _rows_statement() -> Select[Any]:
    """Everything the rows need, in one statement: each contact's other facts are looks into an index."""
    contact = _ENTRY.contact_id
    page = (_PARTICIPANT.contact_id == contact) & (_PARTICIPANT.role == "resident")
    return (
        select(
            *(_ENTRY[name] for name in _SHOWN),
            _CONTACT.topic,
            _CONTACT.line,
            _CONTACT.channel.label("source"),
            _STAFF.display_name,
            _PARTICIPANT.who_key,
            _PARTICIPANT.connected_at,
            _PARTICIPANT.disconnected_at,
            newest_number(contact).label("n"),
            _promise_due(contact).label("promise_due_at"),
            unread(contact).label("unread"),
            _attempts(contact).label("attempts"),
            _tags(contact).label("tags"),
        )
        .join(table(Contact), _CONTACT.id == contact)
        .outerjoin(table(Staff), _STAFF.id == _ENTRY.agent_id)
        .outerjoin(table(Participant), page)
        .where(among(contact, "contacts"), _ENTRY.ended_at.is_(None))
    )


def rows(tx: Tx, contacts: Collection[int], catalogue: Catalogue) -> dict[int, ListRow]:
    """The rows of those contacts that are in the line, by one query, and two more for those by telephone."""
    if not contacts:
        return {}
    found = tx.run(_ROWS, {"contacts": list(contacts)}).all()
    phones = telephoned(
        tx, {row.contact_id: (row.agent_id, row.assignment) for row in found if row.channel in BY_TELEPHONE}
    )
    return {
        row.contact_id: _row(row, phones.get(row.contact_id, NOTHING), tx.now, catalogue) for row in found
    }


def talk_rows(tx: Tx, contacts: Collection[int]) -> dict[int, TalkRow]:
    """The same of contacts that were only talked in: the rest of their rows is as it was."""
    if not contacts:
        return {}
    return {row[0]: TalkRow(*row) for row in tx.run(_TALK_ROWS, {"contacts": list(contacts)})}


def _tags(contact: Any) -> ScalarSelect[Any]:
    """Of the answers that count: those sent last. A draft says nothing yet."""
    sent = select(_ANSWERS.tags).where(_ANSWERS.contact_id == contact, _ANSWERS.sent_at.is_not(None))
    return sent.order_by(_ANSWERS.sent_at.desc(), _ANSWERS.id.desc()).limit(1).scalar_subquery()


def _promise_due(contact: Any) -> ScalarSelect[Any]:
    is_open = (_PROMISE.kept_at.is_(None), _PROMISE.ended_at.is_(None))
    due = select(func.min(_PROMISE.due_at)).where(_PROMISE.contact_id == contact, *is_open)
    return due.scalar_subquery()


def is_present(row: Any, now: datetime) -> bool:
    """Whether the resident's page is connected.

    Not gone, and renewed lately by the process that serves it.
    """
    gone = row.disconnected_at is not None and (
        row.connected_at is None or row.disconnected_at >= row.connected_at
    )
    return row.connected_at is not None and not gone and now - row.connected_at < STALE


def _attempts(contact: Any) -> ScalarSelect[Any]:
    """Tries in vain: what the exchange could not do, or nobody knows of, uses none up."""
    made = select(func.count()).select_from(table(Attempt))
    return made.where(_ATTEMPT.contact_id == contact, _ATTEMPT.result.in_(UNREACHED)).scalar_subquery()


_ROWS = _rows_statement()
_TALK_ROWS = select(
    *(_ENTRY.contact_id, _ENTRY.queue, _ENTRY.channel, _ENTRY.state, _ENTRY.agent_id),
    unread(_ENTRY.contact_id),
).where(among(_ENTRY.contact_id, "contacts"), _ENTRY.ended_at.is_(None))


def _row(row: Any, phone: Telephoned, now: datetime, catalogue: Catalogue) -> ListRow:
    tries = _tries(row, catalogue)
    return ListRow(
        contact=row.contact_id,
        n=row.n,
        entry=row.id,
        assignment=row.assignment,
        queue=row.queue,
        channel=row.channel,
        state=row.state,
        urgency=row.urgency,
        tier=row.tier,
        topic=row.topic,
        language=row.language,
        arrived_at=row.arrived_at,
        queued_here_at=row.queued_here_at,
        state_since=row.state_since,
        due_at=row.due_at,
        target_at=row.promise_due_at or row.due_at,
        promise_due_at=row.promise_due_at,
        expires_at=row.expires_at,
        not_before=row.not_before,
        agent=row.agent_id,
        agent_name=row.display_name,
        present=is_present(row, now) if row.who_key is not None else None,
        unread=row.unread,
        attempts=row.attempts,
        overdue=now > (row.promise_due_at or row.due_at) and row.state in ("waiting", "scheduled", "offered"),
        decision=row.channel == "callback" and row.attempts >= tries,
        self_harm="self_harm" in (row.tags or ()),
        source=row.source,
        tries=tries,
        tried_at=phone.tried_at,
        call=phone.call,
    )


def _tries(row: Any, catalogue: Catalogue) -> int:
    rung = catalogue.line(row.line) if row.line else None
    asked = rung if rung is not None and rung.queue == row.queue else catalogue.queue(row.queue)
    return catalogue.tries(asked).attempts


def in_line(tx: Tx, queues: Collection[str], agent: int, limit: int = 300) -> list[int]:
    """Contacts a professional sees (`sees`), first in order first."""
    free = (_ENTRY.channel == CALLBACK) | _ENTRY.state.in_(FREE)
    statement = (
        select(_ENTRY.contact_id)
        .where(
            _ENTRY.ended_at.is_(None),
            (_ENTRY.queue.in_(queues) & free) | (_ENTRY.agent_id == agent),
        )
        .order_by(_ENTRY.tier, _ENTRY.due_at, _ENTRY.arrived_at, _ENTRY.id)
        .limit(limit)
    )
    return tx.all(statement)


def sees(viewer: int, queues: Collection[str], row: ListRow | TalkRow) -> bool:
    """Whether a row is in this professional's lists: hers, and of her queues those in nobody's hands and all
    callbacks.
    """
    return row.agent == viewer or (row.queue in queues and is_listed(row))


def is_listed(row: ListRow | TalkRow) -> bool:
    """Whether a row is in the lists of all who serve its queue, not only of who has it in hand."""
    return row.channel == CALLBACK or row.state in FREE


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
    return "callbacks" if row.channel == CALLBACK else "waiting"


def shift_wire(shift: ShiftView | None) -> dict[str, Any] | None:
    """A shift as consoles get it."""
    if shift is None:
        return None
    return {
        "state": shift.state,
        "since": shift.since,
        "capacity": shift.capacity,
        "load": shift.load,
        "reason": shift.reason,
        "languages": sorted(shift.languages),
    }
