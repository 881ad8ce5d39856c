"""The event log: one event per transition, numbered per contact (or per staff member), in the transition's
own transaction."""

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Insert, bindparam, func, insert, select

from core.db import columns
from core.models import Event
from core.store import Recorded, Tx

E = TypeVar("E")

REGISTRY: dict[str, type[Any]] = {}
_EVENT = columns(Event)


def _adding(owner: str) -> Insert:
    """The one statement that numbers and stores an event; made once, as every transition runs it."""
    mine: BindParameter[int] = bindparam("an_owner")
    number = select(func.coalesce(func.max(_EVENT.n), 0) + 1).where(_EVENT[owner] == mine).scalar_subquery()
    values = {
        owner: mine,
        "n": number,
        "type": bindparam("a_type"),
        "at": bindparam("an_instant"),
        "actor": bindparam("an_actor"),
        "data": bindparam("a_fact"),
    }
    return insert(Event.__table__).values(values).returning(_EVENT.id, _EVENT.n)  # type: ignore[attr-defined]


_ADD_TO_CONTACT = _adding("contact_id")
_ADD_TO_STAFF = _adding("staff_id")


def event(name: str) -> Callable[[type[E]], type[E]]:
    """Registers a frozen dataclass as the event type `name`.

    Its fields are ids, codes and instants, never personal data.
    """

    def register(cls: type[E]) -> type[E]:
        if name in REGISTRY:
            raise ValueError(f"event {name} is registered twice")
        REGISTRY[name] = cls
        setattr(cls, "event_type", name)  # noqa: B010 - the class has no such name for the type checker
        return cls

    return register


def record(
    tx: Tx, fact: Any, *, contact: int | None = None, staff: int | None = None, actor: str
) -> Recorded:
    """Stores `fact` under the next number of its contact (or staff member); listeners hear after commit."""
    if (contact is None) == (staff is None):
        raise ValueError("an event belongs to a contact or to a staff member")
    data = {f.name: plain(getattr(fact, f.name)) for f in dataclasses.fields(fact)}
    given = {"a_type": fact.event_type, "an_actor": actor, "an_instant": tx.now, "a_fact": data}
    if contact is not None:
        added = tx.session.execute(_ADD_TO_CONTACT, {"an_owner": contact, **given})
    else:
        added = tx.session.execute(_ADD_TO_STAFF, {"an_owner": staff, **given})
    identity, n = added.one()
    recorded = Recorded(
        id=identity,
        contact=contact,
        staff=staff,
        n=n,
        type=fact.event_type,
        at=tx.now,
        actor=actor,
        data=data,
    )
    tx.recorded.append(recorded)
    return recorded


def read_events(
    tx: Tx, *, after: int = 0, contact: int | None = None, staff: int | None = None, limit: int = 500
) -> list[Recorded]:
    """Events with an id above `after`, oldest first, at most `limit`."""
    statement = select(Event).where(_EVENT.id > after).order_by(_EVENT.id).limit(limit)
    if contact is not None:
        statement = statement.where(_EVENT.contact_id == contact)
    if staff is not None:
        statement = statement.where(_EVENT.staff_id == staff)
    return [view(row) for row in tx.all(statement)]


def newest(tx: Tx) -> int:
    """The id of the newest event, 0 when there is none."""
    return tx.scalar(select(func.max(_EVENT.id))) or 0


def last_number(tx: Tx, contact: int) -> int:
    """The number of the contact's newest event, 0 when there is none."""
    return tx.scalar(select(func.max(_EVENT.n)).where(_EVENT.contact_id == contact)) or 0


def last_numbers(tx: Tx, contacts: Iterable[int]) -> dict[int, int]:
    """`last_number` of many contacts in one query."""
    wanted = list(contacts)
    statement = (
        select(_EVENT.contact_id, func.max(_EVENT.n))
        .where(_EVENT.contact_id.in_(wanted))
        .group_by(_EVENT.contact_id)
    )
    return dict(tx.rows(statement)) if wanted else {}


def view(row: Event) -> Recorded:
    """The frozen form of a stored event."""
    return Recorded(
        id=row.id or 0,
        contact=row.contact_id,
        staff=row.staff_id,
        n=row.n,
        type=row.type,
        at=row.at,
        actor=row.actor,
        data=dict(row.data),
    )


def plain(value: Any) -> Any:
    """A JSON value for what an event's field may hold."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set | tuple | list):
        return [plain(item) for item in value]
    return value
