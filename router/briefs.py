"""What a professional gets to see of a resident when she opens a contact.

No look without its row in the access log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import bindparam, select

from core.access import log_access
from core.events import read_events
from core.identity import Actor
from core.models import Staff
from core.phone import mask
from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from queues.views import EntryView
from router.acting import acting_of
from router.answering import sent_answers
from router.assessments import REASON
from router.calling import needs_decision
from router.forms import draft_of
from router.history import AGAIN, OPENED, Changes, Happening, changes_of, happened, last_opened
from router.matters import Proposal, contacts_of, propose_matters
from router.models import ASSESSMENT, Assessment, Contact
from router.outcomes import Sibling, needs_second, outcome_of, siblings_of
from router.parties import name_of, phone_of, refused
from router.promising import PromiseView, open_promises
from router.reading import Fact, Flag, Line, Reading, Why, read_values
from router.services import Services
from router.standing import check_may, the_contact
from router.stored import AnswersView
from router.summary import summary
from triage.definition import AGE

_ASSESSED = select(Assessment).where(ASSESSMENT.contact_id == bindparam("contact")).order_by(ASSESSMENT.id)
ATTEMPTED = tuple(f"attempt.{what}" for what in ("requested", "dialled", "ended", "over"))


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
class Assessed:
    """One assessment: who, when, the level before and after, why as a code and in words."""

    at: datetime
    by: str
    before: str | None
    urgency: str
    reason: str | None
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The resident pane. The whole number is only for who holds the contact.

    `filled_by` names the professional who filled the answers for the resident; `draft_at` is when a form
    not yet saved was last changed. `asker_is` is what the asker told to be to the subject, None when untold;
    `not_safe` the ways in which she is not to be reached. Of a call that was tried in vain, `unreached` is
    whether the viewer may `end` it as that, or only a `second` professional.
    """

    contact: int
    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    phone_masked: str | None = field(repr=False)
    not_safe: tuple[str, ...]
    asker_is: str | None
    subject_age: int | None = field(repr=False)
    language: str
    own_words: str = field(repr=False)
    red_flags: tuple[Flag, ...] = field(repr=False)
    facts: tuple[Fact, ...] = field(repr=False)
    answers: tuple[Line, ...] = field(repr=False)
    level: Urgency | None
    fired: tuple[Why, ...] = field(repr=False)
    topic: str | None
    version: str | None
    approved: bool
    complete: bool | None
    answered_at: datetime | None
    filled_by: str | None
    draft_at: datetime | None
    changes: Changes | None = field(repr=False)
    happened: tuple[Happening, ...]
    assessed: tuple[Assessed, ...] = field(repr=False)
    earlier: tuple[Earlier, ...]
    siblings: tuple[Sibling, ...]
    matters: tuple[Proposal, ...]
    promise: Told | None
    attempts: tuple[Tried, ...]
    unreached: str | None
    summary: str = field(repr=False)


def brief(tx: Tx, contact: int, actor: Actor, services: Services, *, again: bool = False) -> Brief:
    """The content of a contact for one who may open it, with the access logged in the same transaction.

    `again` when an open screen fetches what has changed.
    """
    entry = check_may(tx, actor, "contact.open", contact)
    opened_at = last_opened(tx, contact, actor)
    log_access(tx, actor, contact=contact, action=OPENED, why=AGAIN if again else "")
    row = the_contact(tx, contact)
    sent = sent_answers(tx, contact)
    filled = sent[-1] if sent else None
    content = services.content
    read = read_values(filled, content, actor.lang) if filled else Reading()
    holds = entry.agent == actor.id and entry.state in ("held", "wrapping")
    phone = phone_of(tx, row.asker_id)
    promises, asker = open_promises(tx, contact), acting_of(row.acting)
    draft = draft_of(tx, contact)
    return Brief(
        contact=contact,
        name=name_of(tx, row.asker_id),
        phone=phone if holds else None,
        phone_masked=mask(phone) if phone else None,
        not_safe=refused(tx, row.asker_id),
        asker_is=asker.asker_is.value if asker else None,
        subject_age=_age(filled),
        language=row.language,
        own_words=read.own_words,
        red_flags=read.red_flags,
        facts=read.facts,
        answers=read.answers,
        level=filled.level if filled else None,
        fired=read.fired,
        topic=read.topic,
        version=filled.version if filled else None,
        approved=content.approved,
        complete=filled.complete if filled else None,
        answered_at=filled.sent_at if filled else None,
        filled_by=_name(tx, filled.filled_by) if filled and filled.filled_by else None,
        draft_at=draft.changed_at if draft else None,
        changes=changes_of(tx, row, actor, content, sent=sent, opened_at=opened_at),
        happened=happened(tx, contact, opened_at),
        assessed=_assessed(tx, row),
        earlier=_earlier(tx, row),
        siblings=tuple(siblings_of(tx, contact)),
        matters=tuple(propose_matters(tx, contact, actor)) if holds else (),
        promise=_told(promises[0]) if promises else None,
        attempts=_attempts(tx, contact),
        unreached=_unreached(tx, entry, actor, services),
        summary=summary(
            read,
            arrived_at=row.arrived_at,
            queue=services.catalogue.queue(entry.queue).name.get(actor.lang),
            level=filled.level if filled else None,
            version=filled.version if filled else None,
            approved=content.approved,
            lang=actor.lang,
        ),
    )


def _age(filled: AnswersView | None) -> int | None:
    """The subject's age in whole years, as it was answered."""
    answers = filled.values.get("answers") if filled else None
    age = answers.get(AGE) if isinstance(answers, dict) else None
    return age if isinstance(age, int) and not isinstance(age, bool) else None


def _told(promise: PromiseView) -> Told:
    return Told(kind=promise.kind, due_at=promise.told.due_at, told_as=promise.told.told_as)


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
    tried: dict[int, Tried] = {}
    for event in read_events(tx, contact=contact, types=ATTEMPTED):
        n = int(event.data["n"])
        known = tried.get(n, Tried(n=n, at=event.at, result=None))
        tried[n] = replace(known, result=event.data.get("result", known.result))
    return tuple(tried[n] for n in sorted(tried))


def _unreached(tx: Tx, entry: EntryView, actor: Actor, services: Services) -> str | None:
    if entry.channel != "callback" or not needs_decision(tx, entry, services):
        return None
    return "second" if needs_second(tx, entry, actor.id) else "end"


def _assessed(tx: Tx, row: Contact) -> tuple[Assessed, ...]:
    return tuple(
        Assessed(
            at=each.assessed_at,
            by=_name(tx, each.assessed_by),
            before=each.urgency_before,
            urgency=each.urgency,
            reason=each.reason_code,
            words=tx.vault.open(tx, row.data_key_id, REASON, each.reason_sealed)
            if each.reason_sealed
            else "",
        )
        for each in tx.all(_ASSESSED, {"contact": row.id})
    )


def _name(tx: Tx, staff: int) -> str:
    found = tx.get(Staff, staff)
    return found.display_name if found else ""
