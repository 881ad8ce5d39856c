"""What a professional gets to see of a resident when she opens a contact.

No look without its row in the access log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from core.access import log_access
from core.hours import HELSINKI
from core.identity import Actor
from core.models import Event
from core.phone import mask
from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from queues.views import EntryView
from router.answering import newest_answers
from router.matters import Proposal, contacts_of, propose_matters
from router.models import Contact
from router.outcomes import Sibling, outcome_of, siblings_of
from router.parties import name_of, phone_of
from router.promising import PromiseView, open_promises
from router.reading import Fact, Flag, Line, Reading, read_values
from router.services import Services
from router.standing import check_may, the_contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The open promise as the resident was told it."""

    kind: str
    due_at: datetime
    told_as: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt to reach the resident."""

    n: int
    at: datetime
    result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Another contact of the same matter."""

    at: datetime
    channel: str
    queue: str
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The resident pane. The whole number is only for who holds the contact."""

    contact: int
    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    phone_masked: str | None = field(repr=False)
    language: str
    own_words: str = field(repr=False)
    red_flags: tuple[Flag, ...] = field(repr=False)
    facts: tuple[Fact, ...] = field(repr=False)
    answers: tuple[Line, ...] = field(repr=False)
    level: Urgency | None
    fired: tuple[str, ...] = field(repr=False)
    topic: str | None
    version: str | None
    complete: bool | None
    earlier: tuple[Earlier, ...]
    siblings: tuple[Sibling, ...]
    matters: tuple[Proposal, ...]
    promise: Told | None
    attempts: tuple[Tried, ...]
    summary: str = field(repr=False)


def brief(tx: Tx, contact: int, actor: Actor, services: Services) -> Brief:
    """The content of a contact for one who may open it, with the access logged in the same transaction."""
    entry = check_may(tx, actor, "contact.open", contact)
    log_access(tx, actor, contact=contact, action="contact.open")
    row = the_contact(tx, contact)
    filled = newest_answers(tx, contact)
    content = services.content
    read = read_values(filled, content, actor.lang) if filled else Reading()
    holds = entry.agent == actor.id and entry.state in ("held", "wrapping")
    phone = phone_of(tx, row.asker_id)
    promises = open_promises(tx, contact)
    return Brief(
        contact=contact,
        name=name_of(tx, row.asker_id),
        phone=phone if holds else None,
        phone_masked=mask(phone) if phone else None,
        language=row.language,
        own_words=read.own_words,
        red_flags=read.red_flags,
        facts=read.facts,
        answers=read.answers,
        level=filled.level if filled else None,
        fired=read.fired,
        topic=read.topic,
        version=filled.version if filled else None,
        complete=filled.complete if filled else None,
        earlier=_earlier(tx, row),
        siblings=tuple(siblings_of(tx, contact)),
        matters=tuple(propose_matters(tx, contact, actor)) if holds else (),
        promise=_told(promises[0]) if promises else None,
        attempts=_attempts(tx, contact),
        summary=_summary(row, entry, read, services, actor.lang),
    )


def _told(promise: PromiseView) -> Told:
    return Told(kind=promise.kind, due_at=promise.due_at, told_as=promise.told_as)


def _earlier(tx: Tx, row: Contact) -> tuple[Earlier, ...]:
    found = []
    for other in contacts_of(tx, row.matter_id):
        if other.id == row.id:
            continue
        ended = outcome_of(tx, other.id or 0)
        found.append(
            Earlier(
                at=other.arrived_at,
                channel=other.channel,
                queue=queues.entry_of(tx, other.id or 0).queue,
                outcome=ended.code if ended else None,
            )
        )
    return tuple(found)


def _attempts(tx: Tx, contact: int) -> tuple[Tried, ...]:
    told = select(Event).where(Event.contact_id == contact, Event.type.startswith("attempt."))  # type: ignore[arg-type]
    tried: dict[int, Tried] = {}
    for event in tx.all(told.order_by(Event.n)):  # type: ignore[arg-type]
        n = int(event.data["n"])
        at = tried[n].at if n in tried else event.at
        tried[n] = Tried(n=n, at=at, result=event.data.get("result"))
    return tuple(tried[n] for n in sorted(tried))


def _summary(row: Contact, entry: EntryView, read: Reading, services: Services, lang: str) -> str:
    queue = services.catalogue.queue(entry.queue).name.get(lang)
    arrived = row.arrived_at.astimezone(HELSINKI)
    lines: list[str] = [f"{arrived.day}.{arrived.month}.{arrived.year} {arrived:%H.%M} {queue}"]
    lines += [read.topic_name] if read.topic_name else []
    lines += [f"{line.question} {line.answer}" for line in read.answers]
    lines += _listed(read.fired)
    return "\n".join(lines)


def _listed(items: Sequence[str]) -> list[str]:
    return [f"- {item}" for item in items]
