"""Many texts at once: what `chat.service.send` does for each, with a few statements for all of them.

Only what is plain is done here: the rest keeps its place in the order and is left to be sent alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select

from chat.conversation import Kind, Said, Talk, check_text, resident_says, staff_says
from chat.events import ChatMessage
from chat.models import MESSAGE
from chat.transcript import NEWEST, place, unread
from chat.views import MessageView, Sent, TalkRow, Told
from core.db import Adding, among, columns, given_rows, table
from core.errors import EnsilinjaError
from core.events import Fact, record_all
from core.failpoints import failpoint
from core.identity import Actor
from core.models import DataKey, Staff
from core.rights import Subject, authorize
from core.store import Tx
from core.vault import WrappedKey
from queues import agents
from queues.models import ENTRY
from router.models import CONTACT, Contact

_KEY, _STAFF = columns(DataKey), columns(Staff)

# Where each conversation with an open entry stands, the newest of its lines and events, and its key.
_STANDING = (
    select(
        ENTRY.c.contact_id,
        ENTRY.c.state,
        ENTRY.c.agent_id,
        ENTRY.c.assignment,
        ENTRY.c.queue,
        ENTRY.c.channel,
        CONTACT.data_key_id,
        _KEY.kek,
        _KEY.wrapped,
        *(newest(ENTRY.c.contact_id) for newest in NEWEST),
        unread(ENTRY.c.contact_id),
    )
    .join(table(Contact), CONTACT.id == ENTRY.c.contact_id)
    .join(table(DataKey), _KEY.id == CONTACT.data_key_id)
    .where(among(ENTRY.c.contact_id, "contacts"), ENTRY.c.ended_at.is_(None))
)
_ID = (MESSAGE.c.contact_id, MESSAGE.c.sender_key, MESSAGE.c.client_id)
_SAID = given_rows("said", **{column.name: column.type for column in _ID})
_SENT = select(*_ID).join(_SAID, and_(*(column == _SAID.c[column.name] for column in _ID)))
_ADD_LINES = Adding(
    MESSAGE, "contact_id", "seq", "sender_key", "sender_name", "kind", "client_id", "body_sealed", "at"
)
_NAMES = select(_STAFF.id, _STAFF.display_name).where(among(_STAFF.id, "staff"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One text that somebody asks to have stored."""

    actor: Actor
    contact: int
    client_id: str
    text: str
    seen_seq: int = 0
    assignment: int = 0

    @property
    def identity(self) -> tuple[int, str, str]:
        """What may be stored once."""
        return self.contact, self.actor.key, self.client_id


@dataclass(slots=True)
class _Course:
    """A conversation as it stands after the texts taken so far."""

    talk: Talk
    queue: str
    channel: str
    key: WrappedKey
    unread: int

    def take(self, saying: Saying) -> Said:
        """What saying it means; raises when it may not be said."""
        check_text(saying.text)
        actor, talk = saying.actor, self.talk
        about = Subject(contact=saying.contact, queue=self.queue, holder=talk.holder)
        authorize(actor, "message.send", about)
        if actor.kind == "resident":
            return resident_says(talk)
        return staff_says(talk, staff=actor.id, assignment=saying.assignment, seen_seq=saying.seen_seq)

    def move(self, seq: int, *, by_resident: bool) -> None:
        """The line `seq` is there now."""
        talk = self.talk
        self.unread += by_resident
        self.talk = Talk(
            state=talk.state,
            holder=talk.holder,
            assignment=talk.assignment,
            newest=seq,
            newest_resident=seq if by_resident else talk.newest_resident,
            newest_staff=talk.newest_staff if by_resident else seq,
        )

    def row(self, contact: int) -> TalkRow:
        """What lists show of it."""
        talk = self.talk
        return TalkRow(contact, self.queue, self.channel, talk.state, talk.holder, self.unread)


def send_together(tx: Tx, sayings: Sequence[Saying]) -> list[Sent]:
    """Stores the first texts that are plain and returns their places; rights are judged here, for each.

    Not plain: what was sent before, what is refused, a professional's first reply, a return to the line.
    """
    courses = _courses(tx, sayings)
    identities = [saying.identity for saying in sayings]
    stored = _stored(tx, identities)
    names = _names(tx, sayings)
    lines: list[MessageView] = []
    rows: list[tuple[Any, ...]] = []
    actors: list[Actor] = []
    idle: dict[int, bool] = {}
    for saying, identity in zip(sayings, identities, strict=True):
        course = courses.get(saying.contact)
        if course is None or identity in stored:
            break
        try:
            said = course.take(saying)
        except EnsilinjaError:
            break
        if said.returns or said.first_reply:
            break
        stored.add(identity)
        by_resident = saying.actor.kind == "resident"
        if not by_resident or course.talk.newest_staff > course.talk.newest_resident:
            idle[saying.contact] = not by_resident
        line = _line(tx, saying, said.seq, names)
        lines.append(line)
        rows.append(_row(tx, saying, line, course.key))
        actors.append(saying.actor)
        course.move(said.seq, by_resident=by_resident)
    if lines:
        _store(tx, rows, [_fact(*said, courses) for said in zip(lines, actors, strict=True)], idle)
    return [Sent(contact=line.contact, seq=line.seq, at=line.at, duplicate=False) for line in lines]


def _store(tx: Tx, rows: list[tuple[Any, ...]], facts: list[Fact], idle: Mapping[int, bool]) -> None:
    _ADD_LINES.run(tx.session.connection(), rows)
    failpoint("chat.after_insert")
    record_all(tx, facts)
    for is_idle, since in ((True, tx.now), (False, None)):
        marked = [contact for contact, quiet in idle.items() if quiet is is_idle]
        if marked:
            agents.mark_all_idle(tx, marked, since)


def _line(tx: Tx, saying: Saying, seq: int, names: Mapping[int, str]) -> MessageView:
    actor = saying.actor
    return MessageView(
        contact=saying.contact,
        seq=seq,
        kind=Kind.TEXT,
        sender=actor.kind,
        name="" if actor.kind == "resident" else names.get(actor.id, ""),
        text=saying.text,
        text_key=None,
        client_id=saying.client_id,
        at=tx.now,
    )


def _row(tx: Tx, saying: Saying, line: MessageView, key: WrappedKey) -> tuple[Any, ...]:
    """The values of `_ADD_LINES`."""
    body = tx.vault.seal_under(key, place(line.contact, line.seq), saying.text)
    sender, kind = saying.actor.key, Kind.TEXT.value
    return line.contact, line.seq, sender, line.name, kind, line.client_id, body, line.at


def _fact(line: MessageView, actor: Actor, courses: Mapping[int, _Course]) -> Fact:
    """The event of a line, with what it changed for those who are shown it."""
    fact = ChatMessage(seq=line.seq, sender=line.sender, kind=line.kind)
    told = Told(line, courses[line.contact].row(line.contact))
    return Fact(contact=line.contact, fact=fact, actor=actor.key, beside=told)


def _courses(tx: Tx, sayings: Sequence[Saying]) -> dict[int, _Course]:
    contacts = list({saying.contact for saying in sayings})
    courses = {}
    for row in tx.run(_STANDING, {"contacts": contacts}):
        contact, state, agent, assignment, queue, channel, key, kek, wrapped, *newest, waiting = row
        if wrapped is None or kek != tx.vault.kek_id:
            continue
        talk = Talk(
            state=state,
            holder=agent,
            assignment=assignment,
            newest=newest[0],
            newest_resident=newest[1],
            newest_staff=newest[2],
        )
        courses[contact] = _Course(talk, queue, channel, WrappedKey(key, kek, wrapped), waiting)
    return courses


def _stored(tx: Tx, identities: Sequence[tuple[int, str, str]]) -> set[tuple[int, str, str]]:
    return set(map(tuple, tx.run(_SENT, {"said": identities})))


def _names(tx: Tx, sayings: Sequence[Saying]) -> dict[int, str]:
    staff = {saying.actor.id for saying in sayings if saying.actor.kind == "staff"}
    if not staff:
        return {}
    return {row[0]: row[1] for row in tx.run(_NAMES, {"staff": list(staff)})}
