"""The event log: one event per transition, numbered per contact (or per staff member), in the transition's
own transaction."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Insert,
    Integer,
    ScalarSelect,
    bindparam,
    func,
    insert,
    select,
)

from core.db import columns, given_rows, insert_given, table, type_big, type_json
from core.models import Event
from core.store import Recorded, Tx

E = TypeVar("E")

REGISTRY: dict[str, type[Any]] = {}
PLAIN = frozenset({str, int, bool, type(None)})  # what most fields are, and JSON too
EVENT = table(Event)
_EVENT = columns(Event)


def newest_number(contact: ColumnElement[int]) -> ScalarSelect[int]:
    """`last_number` as a column beside the contact's others; one look into an index each."""
    return select(func.coalesce(func.max(_EVENT.n), 0)).where(_EVENT.contact_id == contact).scalar_subquery()


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
    return insert(EVENT).values(values).returning(_EVENT.id, _EVENT.n)


def _adding_many() -> Insert:
    """The one statement that numbers and stores many events of contacts, in their order."""
    given = given_rows(
        "facts",
        place=Integer(),
        contact_id=type_big,
        after=Integer(),
        type=_EVENT.type.type,
        actor=_EVENT.actor.type,
        data=type_json,
    )
    number = newest_number(given.c.contact_id) + given.c.after
    adding = insert_given(EVENT, given, n=number, at=bindparam("at", type_=_EVENT.at.type))
    return adding.returning(_EVENT.id, _EVENT.n)


_READ = select(EVENT).where(_EVENT.id > bindparam("after")).order_by(_EVENT.id).limit(bindparam("most"))
_ADD_MANY = _adding_many()
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
    data = {name: plain(getattr(fact, name)) for name in names_of(fact.__class__)}
    given = {"a_type": fact.event_type, "an_actor": actor, "an_instant": tx.now, "a_fact": data}
    if contact is not None:
        added = tx.run(_ADD_TO_CONTACT, {"an_owner": contact, **given})
    else:
        added = tx.run(_ADD_TO_STAFF, {"an_owner": staff, **given})
    tx.known.clear()  # whatever this tells of has changed
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact about a contact, to be stored with others."""

    contact: int
    fact: Any
    actor: str
    beside: Any = field(default=None, repr=False)


def record_all(tx: Tx, facts: Sequence[Fact]) -> None:
    """Stores many facts at once, in their order, each under the next number of its contact."""
    given: list[list[Any]] = []
    of_contact: Counter[int] = Counter()
    for place, each in enumerate(facts):
        of_contact[each.contact] += 1
        data = {name: plain(getattr(each.fact, name)) for name in names_of(each.fact.__class__)}
        after, kind = of_contact[each.contact], each.fact.event_type
        given.append([place, each.contact, after, kind, each.actor, data])
    tx.known.clear()
    added = sorted(map(tuple, tx.run(_ADD_MANY, {"facts": given, "at": tx.now})))
    for (identity, n), (_, contact, _, kind, actor, data), each in zip(added, given, facts, strict=True):
        tx.recorded.append(
            Recorded(
                id=identity,
                contact=contact,
                staff=None,
                n=n,
                type=kind,
                at=tx.now,
                actor=actor,
                data=data,
                beside=each.beside,
            )
        )


@cache
def names_of(fact: type[Any]) -> tuple[str, ...]:
    """The fields of an event type."""
    return tuple(each.name for each in dataclasses.fields(fact))


def read_events(
    tx: Tx,
    *,
    after: int = 0,
    contact: int | None = None,
    staff: int | None = None,
    types: Collection[str] = (),
    limit: int = 500,
) -> list[Recorded]:
    """Events with an id above `after`, oldest first, at most `limit`; of all types where none are named."""
    statement = _READ
    if contact is not None:
        statement = statement.where(_EVENT.contact_id == contact)
    if staff is not None:
        statement = statement.where(_EVENT.staff_id == staff)
    if types:
        statement = statement.where(_EVENT.type.in_(types))
    return [view(row) for row in tx.run(statement, {"after": after, "most": limit})]


def newest(tx: Tx) -> int:
    """The id of the newest event, 0 when there is none."""
    return tx.scalar(select(func.max(_EVENT.id))) or 0


def last_number(tx: Tx, contact: int) -> int:
    """The number of the contact's newest event, 0 when there is none."""
    return tx.scalar(select(func.max(_EVENT.n)).where(_EVENT.contact_id == contact)) or 0


def view(row: Any) -> Recorded:
    """The frozen form of a stored event: its row, or its columns."""
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
    if type(value) in PLAIN:
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set | tuple | list):
        return [plain(item) for item in value]
    return value
