"""What one may do in a conversation: accept, say, note, read, come and go. Never commits, never drops a word.

Every text has its writer's id: sent again it is acknowledged again, with another text it is refused.
"""

from datetime import timedelta

from sqlalchemy import bindparam, update

from chat.conversation import (
    Kind,
    check_same,
    check_text,
    resident_says,
    staff_notes,
    staff_says,
)
from chat.events import ChatReplied
from chat.models import PARTICIPANT
from chat.presence import connected, disconnected, hidden, join_staff, leave, notice_absence, staff_in
from chat.transcript import add_line, message_at, message_sent, read_lines, talk_of
from chat.turns import ask_for_text, sweep_turns
from chat.views import Accepted, MessageView, Sent
from core.access import log_access
from core.events import record
from core.identity import SYSTEM, Actor
from core.models import Staff
from core.rights import authorize
from core.store import Tx
from queues import agents
from queues import service as queues
from queues.views import EntryView
from router import assessments
from router.estimating import wait_ended
from router.promising import Kind as Promised
from router.promising import keep_promise
from router.services import Services
from router.standing import check_holds, check_may, subject_of

__all__ = [
    "Accepted",
    "MessageView",
    "Sent",
    "accept",
    "ask_for_text",
    "connected",
    "disconnected",
    "hidden",
    "history",
    "leave",
    "message_at",
    "note",
    "opened",
    "seen",
    "send",
    "staff_in",
    "sweep",
    "take",
    "transfer",
    "wrap",
]

RESIDENT = "resident"
WRITTEN = ("chat", "message")
HAS_SEEN = (
    update(PARTICIPANT)
    .where(PARTICIPANT.c.contact_id == bindparam("contact"), PARTICIPANT.c.who_key == bindparam("who"))
    .where(PARTICIPANT.c.seen_seq < bindparam("highest"))
    .values(seen_seq=bindparam("highest"))
)


def accept(tx: Tx, actor: Actor, entry: int, assignment: int, services: Services) -> Accepted:
    """Takes the offer under `assignment`: the first wins, the same again is the same answer, others get
    409.
    """
    authorize(actor, "offer.accept", subject_of(queues.entry(tx, entry)))
    return opened(
        tx, actor, queues.hold(tx, entry, actor.id, assignment, services.catalogue.limits), "offer.accept"
    )


def take(tx: Tx, actor: Actor, contact: int, reason: str, services: Services) -> Accepted:
    """Takes a waiting contact from the list by hand; an overtake with a reason, measured."""
    waiting = check_may(tx, actor, "entry.take", contact)
    held = queues.take(tx, waiting.id, actor.id, reason=reason, limits=services.catalogue.limits)
    return opened(tx, actor, held, "entry.take")


def opened(tx: Tx, actor: Actor, held: EntryView, action: str) -> Accepted:
    """Opens a held contact to its holder: she joins, the resident is told once, the access is logged."""
    log_access(tx, actor, contact=held.contact, action=action)
    join_staff(tx, actor, held)
    wait_ended(tx, held.contact)
    once = f"joined-{held.assignment}"
    if message_sent(tx, held.contact, actor.key, once) is None:
        key = "chat.system.joined"
        _say(tx, held, actor, text_key=key, client_id=once, name=_name(tx, actor))
    lines = read_lines(tx, held.contact, after=0, notes=True)
    return Accepted(entry=queues.entry(tx, held.id), messages=tuple(lines))


def send(
    tx: Tx,
    actor: Actor,
    contact: int,
    *,
    client_id: str,
    text: str,
    seen_seq: int = 0,
    assignment: int = 0,
    services: Services,
) -> Sent:
    """Stores a text as the next line, once per (writer, client id); a professional's needs her assignment.

    Raises MessageIdReused, ConversationEnded, StaleAssignment or NewerMessages; then nothing is stored.
    """
    check_text(text)
    if actor.kind == RESIDENT:
        own = check_may(tx, actor, "message.send", contact)
    duplicate = _sent_before(tx, actor, contact, client_id, text)
    if duplicate is not None:
        return duplicate
    if actor.kind == RESIDENT:
        return _resident_sends(tx, actor, own, client_id, text)
    entry = check_holds(tx, actor, "message.send", contact, assignment, staff_in(tx, contact))
    return _staff_sends(tx, actor, entry, client_id, text, seen_seq)


def note(
    tx: Tx, actor: Actor, contact: int, *, assignment: int, client_id: str, text: str, services: Services
) -> Sent:
    """Stores a professional's note, which residents never see; idempotent like a text."""
    check_text(text)
    duplicate = _sent_before(tx, actor, contact, client_id, text)
    if duplicate is not None:
        return duplicate
    entry = check_holds(tx, actor, "message.note", contact, assignment, staff_in(tx, contact))
    said = staff_notes(talk_of(tx, entry), staff=actor.id, assignment=assignment)
    name = _name(tx, actor)
    return add_line(tx, contact, said.seq, actor, kind=Kind.NOTE, text=text, client_id=client_id, name=name)


def history(tx: Tx, contact: int, after: int, actor: Actor) -> list[MessageView]:
    """The lines after `after` in their one order; residents get no notes, a professional's reading is
    logged.
    """
    check_may(tx, actor, "message.read", contact, staff_in(tx, contact))
    if actor.kind != RESIDENT:
        log_access(tx, actor, contact=contact, action="message.read")
    return read_lines(tx, contact, after=after, notes=actor.kind != RESIDENT)


def seen(tx: Tx, actor: Actor, contact: int, seq: int) -> None:
    """Keeps the highest line the reader has seen; never moves back, never above what there is."""
    entry = check_may(tx, actor, "message.seen", contact, staff_in(tx, contact))
    highest = min(seq, talk_of(tx, entry).newest)
    tx.execute(HAS_SEEN, {"contact": contact, "who": actor.key, "highest": highest})


def wrap(tx: Tx, actor: Actor, contact: int, assignment: int, services: Services) -> EntryView:
    """The professional ends the conversation: the resident is told and may come back until the outcome."""
    entry = check_holds(tx, actor, "contact.wrap", contact, assignment, staff_in(tx, contact))
    if entry.state == "held" and entry.channel in WRITTEN:
        _say(tx, entry, SYSTEM, text_key="chat.system.ended")
    wrap_up = timedelta(seconds=services.catalogue.queue(entry.queue).wrap_up_s)
    return queues.wrap(tx, entry.id, actor.id, assignment, tx.now + wrap_up)


def transfer(
    tx: Tx,
    actor: Actor,
    contact: int,
    *,
    assignment: int,
    queue: str,
    note: str = "",
    services: Services,
) -> EntryView:
    """Passes the contact to another queue's line with its due time and a note; the resident is told."""
    entry = check_holds(tx, actor, "contact.transfer", contact, assignment, staff_in(tx, contact))
    if note:
        seq = talk_of(tx, entry).newest + 1
        text = check_text(note)
        add_line(tx, contact, seq, actor, kind=Kind.NOTE, text=text, name=_name(tx, actor))
    if entry.channel in WRITTEN:
        _say(tx, entry, SYSTEM, text_key="chat.system.transferred")
    return assessments.transfer(tx, contact, actor, assignment=assignment, queue=queue, services=services)


def sweep(tx: Tx, services: Services) -> int:
    """What time alone does to conversations: silent pages are gone, turns are texted. Harmless twice."""
    return notice_absence(tx, services) + sweep_turns(tx, services)


def _sent_before(tx: Tx, actor: Actor, contact: int, client_id: str, text: str) -> Sent | None:
    earlier = message_sent(tx, contact, actor.key, client_id)
    if earlier is None:
        return None
    check_same(earlier.text or "", text)
    return Sent(contact=contact, seq=earlier.seq, at=earlier.at, duplicate=True)


def _resident_sends(tx: Tx, actor: Actor, entry: EntryView, client_id: str, text: str) -> Sent:
    talk = talk_of(tx, entry)
    said = resident_says(talk)
    if said.returns:
        _come_back(tx, actor, entry)
    if talk.newest_staff > talk.newest_resident:
        agents.mark_idle(tx, entry.contact, None)
    return add_line(tx, entry.contact, said.seq, actor, kind=Kind.TEXT, text=text, client_id=client_id)


def _come_back(tx: Tx, actor: Actor, entry: EntryView) -> None:
    if entry.state == "wrapping" and entry.agent is not None:
        queues.unwrap(tx, entry.id, entry.agent, entry.assignment)
    else:
        queues.resume(tx, entry.contact, actor.key)


def _staff_sends(tx: Tx, actor: Actor, entry: EntryView, client_id: str, text: str, seen_seq: int) -> Sent:
    said = staff_says(talk_of(tx, entry), staff=actor.id, assignment=entry.assignment, seen_seq=seen_seq)
    name = _name(tx, actor)
    sent = add_line(
        tx, entry.contact, said.seq, actor, kind=Kind.TEXT, text=text, client_id=client_id, name=name
    )
    agents.mark_idle(tx, entry.contact, tx.now)
    if said.first_reply:
        record(tx, ChatReplied(agent=actor.id, seq=said.seq), contact=entry.contact, actor=actor.key)
        keep_promise(tx, entry.contact, Promised.MESSAGE, tx.now, actor.key)
        keep_promise(tx, entry.contact, Promised.CALLBACK, tx.now, actor.key)  # she moved to the chat
    return sent


def _say(
    tx: Tx, entry: EntryView, actor: Actor, *, text_key: str, client_id: str | None = None, name: str = ""
) -> Sent:
    seq = talk_of(tx, entry).newest + 1
    return add_line(
        tx,
        entry.contact,
        seq,
        actor,
        kind=Kind.SYSTEM,
        text_key=text_key,
        client_id=client_id,
        name=name,
    )


def _name(tx: Tx, actor: Actor) -> str:
    row = tx.get(Staff, actor.id)
    return row.display_name if row is not None else ""
