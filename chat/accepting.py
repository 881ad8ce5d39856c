"""Many offers accepted at once: what `chat.service.accept` does for each, in a few statements for all.

Only what is plain is done here: the rest keeps its place in the order and is left to be accepted alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, bindparam, literal, select

from chat import presence
from chat.conversation import Kind
from chat.events import ChatMessage
from chat.models import MESSAGE
from chat.transcript import NEWEST
from core.access import log_all
from core.county import Limits
from core.db import among, columns, given_rows, insert_given, type_big
from core.errors import EnsilinjaError
from core.events import Fact, record_all
from core.failpoints import failpoint
from core.identity import Actor
from core.models import Staff
from core.rights import Subject, authorize
from core.store import Tx
from queues import taking
from queues.machine import State
from queues.models import ENTRY
from router.estimating import waits_ended

ACTION = "offer.accept"
JOINED = "chat.system.joined"
TALKED = frozenset({"chat", "message"})

_STAFF = columns(Staff)
_STANDING = select(
    *(ENTRY.c[name] for name in ("id", "contact_id", "queue", "channel", "state", "agent_id")),
    *(ENTRY.c[name] for name in ("assignment", "expires_at")),
    NEWEST[0](ENTRY.c.contact_id).label("newest_line"),
    select(_STAFF.display_name).where(_STAFF.id == ENTRY.c.agent_id).scalar_subquery().label("agent_name"),
    presence.has_been_in(ENTRY.c.contact_id, ENTRY.c.agent_id).label("knows_her"),
    presence.has_staff(ENTRY.c.contact_id).label("has_staff"),
).where(among(ENTRY.c.contact_id, "contacts"), ENTRY.c.ended_at.is_(None))
_SAY_ALL = insert_given(
    MESSAGE,
    given_rows(
        "lines",
        place=Integer(),
        contact_id=type_big,
        seq=Integer(),
        sender_key=MESSAGE.c.sender_key.type,
        sender_name=MESSAGE.c.sender_name.type,
        client_id=MESSAGE.c.client_id.type,
    ),
    kind=literal(Kind.SYSTEM.value),
    text_key=literal(JOINED),
    at=bindparam("at", type_=MESSAGE.c.at.type),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A professional takes what she was offered under `assignment`."""

    actor: Actor
    contact: int
    assignment: int


def accept_together(tx: Tx, asked: Sequence[Acceptance], limits: Limits) -> list[int]:
    """Carries out the first acceptances that are plain and returns their assignments; rights are judged here.

    Not plain: what is refused, accepted before or asked twice, a call, a contact she has talked with before.
    """
    contacts = [one.contact for one in asked]
    rows = {row.contact_id: row for row in tx.run(_STANDING, {"contacts": contacts})}
    plain: list[tuple[Acceptance, Any]] = []
    for one in asked:
        row = rows.pop(one.contact, None)
        if row is None or not is_offered(tx, row, one) or row.knows_her:
            break
        plain.append((one, row))
    if plain:
        _accept(tx, plain, limits)
    return [one.assignment for one, _ in plain]


def is_offered(tx: Tx, row: Any, one: Acceptance) -> bool:
    """Whether the entry is this professional's offer, in time, and one to be talked with."""
    hers = (row.state, row.agent_id, row.assignment) == (State.OFFERED, one.actor.id, one.assignment)
    if not hers or row.expires_at <= tx.now or row.channel not in TALKED:
        return False
    try:
        authorize(one.actor, ACTION, Subject(contact=row.contact_id, queue=row.queue, holder=row.agent_id))
    except EnsilinjaError:
        return False
    return True


def _accept(tx: Tx, plain: Sequence[tuple[Acceptance, Any]], limits: Limits) -> None:
    taking.hold_all(tx, [row for _, row in plain], limits)
    log_all(tx, [(one.actor, one.contact) for one, _ in plain], action=ACTION)
    with_others = [one.contact for one, row in plain if row.has_staff]
    presence.join_all(tx, [(one.contact, one.actor.key) for one, _ in plain], with_others)
    waits_ended(tx, [one.contact for one, _ in plain])
    lines = [_line(place, one, row) for place, (one, row) in enumerate(plain)]
    tx.run(_SAY_ALL, {"lines": lines, "at": tx.now})
    failpoint("chat.after_insert")
    record_all(tx, [fact for one, row in plain for fact in _facts(one, row)])


def _line(place: int, one: Acceptance, row: Any) -> list[Any]:
    name, client_id = row.agent_name, f"joined-{one.assignment}"
    return [place, one.contact, row.newest_line + 1, one.actor.key, name, client_id]


def _facts(one: Acceptance, row: Any) -> tuple[Fact, Fact]:
    joined = ChatMessage(seq=row.newest_line + 1, sender=one.actor.kind, kind=Kind.SYSTEM)
    contact, actor = one.contact, one.actor.key
    return (
        Fact(contact=contact, fact=taking.held_by_offer(row), actor=actor),
        Fact(contact=contact, fact=joined, actor=actor),
    )
