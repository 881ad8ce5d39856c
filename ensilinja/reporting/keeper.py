"""Keeps the fact table at the event log: reads on from a durable cursor and refolds the contacts touched.

Does the same whatever was done before it, in any number of processes: the store's writers take turns.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, bindparam, func, select

from core.events import newest, view
from core.models import Event
from core.store import Recorded, Tx
from ensilinja.reporting.facts import STEPS, AttemptFact, Fact, PromiseFact, fold
from ensilinja.reporting.models import Cursor, FactRow

CURSOR = "facts"
CHUNK = 200  # contacts a query: below SQLite's and PostgreSQL's limits on parameters

FACTS: Table = FactRow.__table__  # type: ignore[attr-defined]
EVENTS: Table = Event.__table__  # type: ignore[attr-defined]
CURSORS: Table = Cursor.__table__  # type: ignore[attr-defined]
COLUMNS = tuple(field.name for field in dataclasses.fields(Fact))
FACT = tuple(FACTS.c[name] for name in COLUMNS)
SURVEYED = ("contact_id", "queue", "arrived_at", "survey_asked_at", "survey_score")

_NEXT = (
    select(EVENTS.c.id)
    .where(EVENTS.c.id > bindparam("after"))
    .order_by(EVENTS.c.id)
    .limit(bindparam("most"))
    .subquery()
)
NEWS = select(func.count(), func.max(_NEXT.c.id))
# Most events are talk, which no figure is made of: the database leaves them out.
TOUCHED = (
    select(EVENTS.c.contact_id)
    .where(EVENTS.c.id > bindparam("after"), EVENTS.c.id <= bindparam("upto"))
    .where(EVENTS.c.contact_id.is_not(None), EVENTS.c.type.in_(STEPS))
    .distinct()
)


def catch_up(tx: Tx, limit: int = 200) -> int:
    """Takes in at most `limit` events after the cursor and returns how many; 0: the facts are at the log."""
    after = position(tx)
    count, upto = tx.rows(NEWS.params(after=after, most=limit))[0]
    if not count:
        return 0
    for contacts in chunks(tx.all(TOUCHED.params(after=after, upto=upto))):
        refold(tx, contacts, upto)
    move(tx, after, upto)
    return int(count)


def recount(tx: Tx, *, repair: bool = False) -> int:
    """Refolds every contact up to the cursor and returns how many rows differed (I24: 0).

    With `repair` the differing rows are written anew; a reading transaction cannot do that.
    """
    upto = position(tx)
    statement = select(EVENTS.c.contact_id).where(EVENTS.c.contact_id.is_not(None), EVENTS.c.id <= upto)
    owners: set[int] = set(tx.all(statement.where(EVENTS.c.type.in_(STEPS)).distinct()))
    owners |= set(tx.all(select(FACTS.c.contact_id)))
    differing = 0
    for contacts in chunks(owners):
        folded, stored = folds(tx, contacts, upto), read_facts(tx, contacts)
        wrong = {contact for contact in contacts if folded.get(contact) != stored.get(contact)}
        differing += len(wrong)
        if repair and wrong:
            refold(tx, sorted(wrong), upto)
    return differing


def lag(tx: Tx) -> int:
    """How many event ids the facts are behind the log."""
    return newest(tx) - position(tx)


def position(tx: Tx) -> int:
    """The id of the last event taken in, 0 before the first."""
    return tx.scalar(select(CURSORS.c.event_id).where(CURSORS.c.name == CURSOR)) or 0


def move(tx: Tx, old: int, new: int) -> None:
    """Moves the cursor forward; it never goes back."""
    moved = tx.execute(
        CURSORS.update().where(CURSORS.c.name == CURSOR, CURSORS.c.event_id < new).values(event_id=new)
    )
    if not moved and old == 0:
        tx.add(Cursor(name=CURSOR, event_id=new))


def refold(tx: Tx, contacts: Iterable[int], upto: int) -> None:
    """Writes the facts of these contacts anew from their events up to `upto`, leaving rows that are right."""
    wanted = list(contacts)
    folded, stored = folds(tx, wanted, upto), read_facts(tx, wanted)
    fresh = [fact for contact, fact in folded.items() if contact not in stored]
    if fresh:
        tx.session.execute(FACTS.insert(), [to_row(fact, upto) for fact in fresh])
    for contact, fact in folded.items():
        if contact in stored and stored[contact] != fact:
            tx.execute(FACTS.update().where(FACTS.c.contact_id == contact).values(**to_row(fact, upto)))
    for contact in stored.keys() - folded.keys():
        tx.execute(FACTS.delete().where(FACTS.c.contact_id == contact))


def folds(tx: Tx, contacts: Iterable[int], upto: int) -> dict[int, Fact]:
    """The facts of these contacts by their events up to `upto`; one without such events is not there."""
    statement = (
        select(Event)
        .where(EVENTS.c.contact_id.in_(list(contacts)), EVENTS.c.type.in_(STEPS), EVENTS.c.id <= upto)
        .order_by(EVENTS.c.id)
    )
    histories: defaultdict[int, list[Recorded]] = defaultdict(list)
    for row in tx.all(statement):
        histories[row.contact_id].append(view(row))
    return {contact: fold(history) for contact, history in histories.items()}


def read_facts(tx: Tx, contacts: Iterable[int]) -> dict[int, Fact]:
    """The stored facts of these contacts."""
    rows = tx.session.execute(select(*FACT).where(FACTS.c.contact_id.in_(list(contacts)))).mappings()
    return {fact.contact_id: fact for fact in map(from_row, rows)}


def facts_between(tx: Tx, start: datetime, end: datetime) -> list[Fact]:
    """The facts of the contacts that arrived from `start` up to `end`, in order of arrival."""
    statement = (
        select(*FACT)
        .where(FACTS.c.arrived_at >= start, FACTS.c.arrived_at < end)
        .order_by(FACTS.c.arrived_at, FACTS.c.contact_id)
    )
    return [from_row(row) for row in tx.session.execute(statement).mappings()]


def surveyed_between(tx: Tx, start: datetime, end: datetime) -> list[Fact]:
    """What the survey's figure needs of the contacts that arrived from `start` up to `end` and were asked."""
    columns = (FACTS.c[name] for name in SURVEYED)
    during = (FACTS.c.arrived_at >= start, FACTS.c.arrived_at < end)
    rows = tx.rows(select(*columns).where(FACTS.c.survey_asked_at.is_not(None), *during))
    return [Fact(**dict(zip(SURVEYED, row, strict=True))) for row in rows]


def to_row(fact: Fact, upto: int) -> dict[str, Any]:
    """The columns of a fact read from events up to `upto`; promises and attempts become JSON."""
    values = {name: getattr(fact, name) for name in COLUMNS} | {"upto": upto}
    values["promises"] = [plain(promise) for promise in fact.promises]
    values["attempts"] = [plain(attempt) for attempt in fact.attempts]
    return values


def from_row(row: RowMapping | Mapping[str, Any]) -> Fact:
    """The fact of a row's columns."""
    values = dict(row)
    values["promises"] = tuple(PromiseFact(**instants(each)) for each in values["promises"])
    values["attempts"] = tuple(AttemptFact(**instants(each)) for each in values["attempts"])
    return Fact(**values)


def plain(part: PromiseFact | AttemptFact) -> dict[str, Any]:
    """A promise or an attempt as JSON."""
    return {
        field.name: value.isoformat() if isinstance(value := getattr(part, field.name), datetime) else value
        for field in dataclasses.fields(part)
    }


def instants(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every `_at` text an instant again."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value is not None else value
        for name, value in data.items()
    }


def chunks(contacts: Iterable[int]) -> Iterator[list[int]]:
    """The contacts in parts that fit a query, in order."""
    ordered = sorted(contacts)
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
