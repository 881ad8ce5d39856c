"""How contacts end: by a professional, with a code, and never in silence. Outcomes are append-only; the
newest counts.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from core.county import OutcomeCode, UnknownId
from core.errors import Invalid
from core.events import read_events, record
from core.failpoints import failpoint
from core.identity import Actor
from core.models import Event
from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from queues.views import EntryView
from router.acting import acting_of
from router.arrivals import Arrival, Channel, Received
from router.errors import (
    AlreadyClosed,
    AttemptsLeft,
    MessageOwed,
    OutcomeUnknown,
    SecondNeeded,
    TooLate,
)
from router.events import OutcomeRecorded
from router.intake import asked_of, receive
from router.matters import contacts_of
from router.models import ANSWERS, OUTCOME, Outcome
from router.parties import Purpose, can_reach, phone_of, the_party
from router.promising import open_promises, settle_elsewhere, text_resident
from router.rules import CALLED_TO_ALL, SELF_HARM
from router.services import Services
from router.standing import check_holds, check_may, the_contact

_NEWEST = (
    select(Outcome).where(OUTCOME.contact_id == bindparam("contact")).order_by(OUTCOME.id.desc()).limit(1)
)
_TAGS = select(ANSWERS.tags).where(ANSWERS.contact_id == bindparam("contact"))
NOTE = "outcome.note"
NOTE_CHARS = 4000
UNREACHED = "UNREACHED"
DUPLICATE = "DUPLICATE"
WITHDRAWN = "WITHDRAWN"  # by the resident herself
WHY = re.compile(r"[A-Za-z0-9_.-]{1,60}")
# Results of attempts (callbacks.results) by which the resident was spoken with, or truly tried in vain.
TALKED = frozenset({"reached", "refused"})
TRIED = frozenset({"no_answer", "busy", "voicemail"})
URGENT = frozenset({Urgency.EMERGENCY, Urgency.ED})  # given up by nobody alone


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """One recorded outcome; `siblings` are the contacts of the matter that were ended with it."""

    id: int
    contact: int
    code: str
    by: int | None
    at: datetime
    supersedes: int | None
    siblings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another open contact of the same matter, to be ended with this one unless the professional unticks
    it.
    """

    contact: int
    channel: str
    queue: str
    state: str
    arrived_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the attempts on a contact came to."""

    talked: bool
    tries: int


def close(
    tx: Tx,
    contact: int,
    actor: Actor,
    *,
    code: str,
    assignment: int,
    services: Services,
    note: str = "",
    why: str = "",
    siblings: Collection[int] = (),
) -> OutcomeView:
    """Ends a held contact with an outcome, and with it the ticked siblings of its matter.

    A callback nobody was reached by ends only with a message to the resident, or with `why` none may be sent;
    an urgent one by another professional than the one who rang in vain.
    """
    entry = check_holds(tx, actor, "contact.close", contact, assignment)
    if outcome_of(tx, contact) is not None:
        raise AlreadyClosed(contact=contact)
    chosen = _fitting(tx, code, entry, actor, services)
    owed = _owes_word(tx, entry)
    row = record_outcome(tx, contact, chosen, by=actor.id, actor=actor.key, note=note, why=why)
    failpoint("outcome.after_insert")
    if owed:
        _tell_or_explain(tx, contact, row.id, why)
    queues.finish(tx, entry.id, actor.id, assignment)
    settle_elsewhere(tx, contact, by=contact, actor=actor.key)
    open_ones = {sibling.contact for sibling in siblings_of(tx, contact)}
    if not open_ones >= set(siblings):
        raise Invalid(field="siblings")
    for sibling in sorted(siblings):
        _end_sibling(tx, sibling, contact, actor, services)
    if services.catalogue.site.survey and chosen.survey and not was_in_danger(tx, entry):
        text_resident(tx, contact, key=f"survey:{contact}", text="sms.survey", purpose=Purpose.SURVEY)
    return replace(row, siblings=tuple(sorted(siblings)))


def correct(tx: Tx, contact: int, actor: Actor, *, code: str, why: str, services: Services) -> OutcomeView:
    """Records another outcome over the newest one; both stay, `why` is a code."""
    check_may(tx, actor, "contact.open", contact)
    old = outcome_of(tx, contact)
    if old is None or not why:
        raise Invalid(field="why" if old else "contact")
    chosen = _by_professional(code, queues.entry_of(tx, contact).queue, services)
    return record_outcome(tx, contact, chosen, by=actor.id, actor=actor.key, why=why, supersedes=old.id)


def record_outcome(
    tx: Tx,
    contact: int,
    code: OutcomeCode,
    *,
    by: int | None,
    actor: str,
    note: str = "",
    why: str = "",
    supersedes: int | None = None,
) -> OutcomeView:
    """Adds an outcome row and its event; the caller has checked the right and the fit."""
    if len(note) > NOTE_CHARS:
        raise Invalid(field="note")
    if why and not WHY.fullmatch(why):
        raise Invalid(field="why")
    key = the_contact(tx, contact).data_key_id
    row = tx.add(
        Outcome(
            contact_id=contact,
            code=code.id,
            by_staff=by,
            at=tx.now,
            supersedes=supersedes,
            why=why,
            note_sealed=tx.vault.seal(tx, key, NOTE, note) if note else None,
        )
    )
    fact = OutcomeRecorded(
        outcome=row.id or 0,
        code=code.id,
        resolved=code.resolved,
        counts=code.counts,
        by=by,
        supersedes=supersedes,
    )
    record(tx, fact, contact=contact, actor=actor)
    return _view(row)


def outcome_of(tx: Tx, contact: int) -> OutcomeView | None:
    """The outcome that counts, if there is one."""
    row = tx.one(_NEWEST, {"contact": contact})
    return _view(row) if row is not None else None


def siblings_of(tx: Tx, contact: int) -> list[Sibling]:
    """The other contacts of the matter whose entry is open and in nobody's hands."""
    row = the_contact(tx, contact)
    found = []
    for other in contacts_of(tx, row.matter_id):
        entry = queues.entry_of(tx, other.id or 0)
        if other.id != contact and entry.state in ("waiting", "scheduled", "left", "offered"):
            found.append(
                Sibling(
                    contact=entry.contact,
                    channel=entry.channel,
                    queue=entry.queue,
                    state=entry.state,
                    arrived_at=entry.arrived_at,
                )
            )
    return found


def reach_of(tx: Tx, contact: int) -> Reach:
    """Whether the resident was spoken with by telephone, and how many attempts were in vain."""
    results: dict[int, str] = {}
    told = select(Event).where(Event.contact_id == contact, Event.type == "attempt.ended").order_by(Event.n)  # type: ignore[arg-type]
    for event in tx.all(told):
        results[int(event.data["n"])] = str(event.data["result"])
    return Reach(
        talked=bool(TALKED & set(results.values())),
        tries=sum(result in TRIED for result in results.values()),
    )


def was_in_danger(tx: Tx, entry: EntryView) -> bool:
    """Whether the contact is or was an emergency, or any of its answers told of self-harm."""
    if entry.tier == CALLED_TO_ALL:
        return True
    return any(SELF_HARM in tags for (tags,) in tx.rows(_TAGS, {"contact": entry.contact}))


def needs_second(tx: Tx, entry: EntryView, staff: int) -> bool:
    """Whether this call is urgent and nobody but this professional has rung."""
    return entry.urgency in URGENT and tried_by(tx, entry.contact) <= {staff}


def tried_by(tx: Tx, contact: int) -> frozenset[int]:
    """The professionals who asked to be connected to the resident."""
    asked = read_events(tx, contact=contact, types=("attempt.requested",))
    return frozenset(int(event.data["agent"]) for event in asked)


def reopen(tx: Tx, contact: int, *, client_id: str, actor: Actor, services: Services) -> Received:
    """A return to a closed contact: a new contact of the same matter, offered first to the same professional.

    TooLate after the county's time for it; the matter is then a new one. Not a first contact.
    """
    if actor.kind != "system":
        check_may(tx, actor, "contact.own", contact)
    row, entry, ended = the_contact(tx, contact), queues.entry_of(tx, contact), outcome_of(tx, contact)
    window = timedelta(hours=services.catalogue.limits.reopen_hours)
    if entry.state != "done" or entry.ended_at is None or tx.now - entry.ended_at > window:
        raise TooLate(contact=contact)
    phone = phone_of(tx, row.asker_id)
    arrival = Arrival(
        client_id=client_id,
        channel=Channel(row.channel) if row.channel != Channel.CALL else Channel.FORM,
        arrived_at=tx.now,
        line=row.line,
        door=row.door,
        language=row.language,
        phone=phone,
        safe_contact=the_party(tx, row.asker_id).safe_contact,
        acting=acting_of(row.acting),
        matter=row.matter_id,
        callback=entry.channel == "callback" and phone is not None,
        urgency=entry.urgency,
        topic=row.topic,
        queue=entry.queue,
        prefer_agent=ended.by if ended else _last_holder(tx, contact),
    )
    return receive(tx, arrival, services, actor.key)


def _fitting(tx: Tx, code: str, entry: EntryView, actor: Actor, services: Services) -> OutcomeCode:
    chosen = _by_professional(code, entry.queue, services)
    if entry.channel != "callback":
        return chosen
    if not chosen.ends_callback:
        raise OutcomeUnknown(field="code")
    asked = asked_of(the_contact(tx, entry.contact).line, entry.queue, services)
    least = services.catalogue.tries(asked).attempts
    if chosen.id == UNREACHED and reach_of(tx, entry.contact).tries < least:
        raise AttemptsLeft(contact=entry.contact)
    if chosen.id == UNREACHED and needs_second(tx, entry, actor.id):
        raise SecondNeeded(contact=entry.contact)
    return chosen


def _by_professional(code: str, queue: str, services: Services) -> OutcomeCode:
    try:
        chosen = services.catalogue.outcome(code)
    except UnknownId:
        raise OutcomeUnknown(field="code") from None
    if not chosen.by_professional or chosen.queue not in (None, queue):
        raise OutcomeUnknown(field="code")
    return chosen


def _owes_word(tx: Tx, entry: EntryView) -> bool:
    if entry.channel == "callback":
        return not reach_of(tx, entry.contact).talked
    return bool(open_promises(tx, entry.contact))


def _tell_or_explain(tx: Tx, contact: int, outcome: int, why: str) -> None:
    if why:
        return
    if not text_resident(tx, contact, key=f"sms:ended:{outcome}", text="sms.callback_ended"):
        raise MessageOwed(field="why")


def _end_sibling(tx: Tx, sibling: int, by: int, actor: Actor, services: Services) -> None:
    settle_elsewhere(tx, sibling, by=by, actor=actor.key)
    queues.end_elsewhere(tx, sibling, actor.key)
    code = services.catalogue.outcome(DUPLICATE)
    row = record_outcome(tx, sibling, code, by=actor.id, actor=actor.key, why="answered_elsewhere")
    if can_reach(tx, the_contact(tx, sibling).asker_id, Purpose.SMS):
        text_resident(tx, sibling, key=f"sms:ended:{row.id}", text="sms.answered_elsewhere")


def _last_holder(tx: Tx, contact: int) -> int | None:
    held = read_events(tx, contact=contact, types=("entry.held",))
    return int(held[-1].data["agent"]) if held else None


def _view(row: Outcome) -> OutcomeView:
    return OutcomeView(
        id=row.id or 0,
        contact=row.contact_id,
        code=row.code,
        by=row.by_staff,
        at=row.at,
        supersedes=row.supersedes,
    )
