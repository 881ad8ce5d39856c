"""The event log: one event per transition, numbered per contact (or per staff member), in the transition's
own transaction."""

import dataclasses
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import func, insert, select

from core.db import columns
from core.models import Event
from core.store import Recorded, Tx

E = TypeVar("E")

REGISTRY: dict[str, type[Any]] = {}
_EVENT = columns(Event)


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
    owner = _EVENT.contact_id == contact if contact is not None else _EVENT.staff_id == staff
    number = select(func.coalesce(func.max(_EVENT.n), 0) + 1).where(owner).scalar_subquery()
    data = {f.name: plain(getattr(fact, f.name)) for f in dataclasses.fields(fact)}
    values = {"contact_id": contact, "staff_id": staff, "type": fact.event_type, "actor": actor}
    # One statement, not a question and an answer: every transition pays for it.
    added = insert(Event).values(**values, n=number, at=tx.now, data=data).returning(_EVENT.id, _EVENT.n)
    identity, n = tx.rows(added)[0]
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
