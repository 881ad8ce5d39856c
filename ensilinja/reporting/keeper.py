"""Keeps the fact table at the event log: reads on from a durable cursor and refolds the contacts touched.

Does the same whatever was done before it, in any number of processes: the store's writers take turns.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, select

from core.db import among, table
from core.events import newest, view
from core.models import Event
from core.store import Recorded, Tx
from ensilinja.reporting.facts import STEPS, AttemptFact, Fact, PromiseFact, fold
from ensilinja.reporting.models import Cursor, FactRow

CURSOR = "facts"
CHUNK = 200  # contacts a query: below SQLite's and PostgreSQL's limits on parameters

FACTS = table(FactRow)
EVENTS = table(Event)
CURSORS = table(Cursor)
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
HISTORIES = (
    select(EVENTS)
    .where(among(EVENTS.c.contact_id, "contacts"), EVENTS.c.type.in_(STEPS))
    .where(EVENTS.c.id <= bindparam("upto"))
    .order_by(EVENTS.c.contact_id, EVENTS.c.n)  # by id, the whole log might be read for it
)
STORED = select(*FACT).where(among(FACTS.c.contact_id, "contacts"))
CHANGE = (
    FACTS.update()
    .where(FACTS.c.contact_id == bindparam("of_contact"))
    .values({name: bindparam(name) for name in (*COLUMNS, "upto")})
)
REMOVE = FACTS.delete().where(among(FACTS.c.contact_id, "contacts"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn takes in: events after the cursor, and the rows that they change."""

    after: int
    upto: int
    count: int
    fresh: Sequence[Mapping[str, Any]] = ()
    changed: Sequence[Mapping[str, Any]] = ()
    gone: Sequence[int] = ()


def prepare(tx: Tx, limit: int = 200) -> Turn:
    """Reads at most `limit` events after the cursor and what they make of the rows. Writes nothing."""
    after = position(tx)
    count, upto = tx.rows(NEWS.params(after=after, most=limit))[0]
    if not count:
        return Turn(after=after, upto=after, count=0)
    turn = refolded(tx, tx.all(TOUCHED.params(after=after, upto=upto)), upto)
    return dataclasses.replace(turn, after=after, count=int(count))


def carry_out(tx: Tx, turn: Turn) -> int:
    """Writes what was prepared and returns the number of events; 0 when somebody has taken them in since."""
    if not turn.count or not move(tx, turn.after, turn.upto):
        return 0
    put(tx, turn)
    return turn.count


def catch_up(tx: Tx, limit: int = 200) -> int:
    """Both in one transaction; 0: the facts are at the log."""
    return carry_out(tx, prepare(tx, limit))


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
            put(tx, refolded(tx, wrong, upto))
    return differing


def lag(tx: Tx) -> int:
    """How many event ids the facts are behind the log."""
    return newest(tx) - position(tx)


def position(tx: Tx) -> int:
    """The id of the last event taken in, 0 before the first."""
    return tx.scalar(select(CURSORS.c.event_id).where(CURSORS.c.name == CURSOR)) or 0


def move(tx: Tx, old: int, new: int) -> bool:
    """Moves the cursor on from where it was seen; False when it is not there any more."""
    here = (CURSORS.c.name == CURSOR, CURSORS.c.event_id == old)
    if tx.execute(CURSORS.update().where(*here).values(event_id=new)):
        return True
    if old or position(tx):
        return False
    tx.add(Cursor(name=CURSOR, event_id=new))
    return True


def refolded(tx: Tx, contacts: Iterable[int], upto: int) -> Turn:
    """What the events up to `upto` make of the rows of these contacts, leaving out rows that are right."""
    wanted = list(contacts)
    folded, stored = folds(tx, wanted, upto), read_facts(tx, wanted)
    wrong = {contact for contact, fact in folded.items() if stored.get(contact) != fact}
    return Turn(
        after=upto,
        upto=upto,
        count=0,
        fresh=[to_row(folded[contact], upto) for contact in sorted(wrong - stored.keys())],
        changed=[
            to_row(folded[contact], upto) | {"of_contact": contact}
            for contact in sorted(wrong & stored.keys())
        ],
        gone=sorted(stored.keys() - folded.keys()),
    )


def put(tx: Tx, turn: Turn) -> None:
    """Writes the rows."""
    if turn.fresh:
        tx.run(FACTS.insert(), turn.fresh)
    if turn.changed:
        tx.run(CHANGE, turn.changed)
    if turn.gone:
        tx.run(REMOVE, {"contacts": turn.gone})


def folds(tx: Tx, contacts: Iterable[int], upto: int) -> dict[int, Fact]:
    """The facts of these contacts by their events up to `upto`; one without such events is not there."""
    histories: defaultdict[int, list[Recorded]] = defaultdict(list)
    for row in tx.run(HISTORIES, {"contacts": list(contacts), "upto": upto}):
        histories[row.contact_id].append(view(row))
    return {contact: fold(history) for contact, history in histories.items()}


def read_facts(tx: Tx, contacts: Iterable[int]) -> dict[int, Fact]:
    """The stored facts of these contacts."""
    rows = tx.run(STORED, {"contacts": list(contacts)}).mappings()
    return {fact.contact_id: fact for fact in map(from_row, rows)}


def facts_between(tx: Tx, start: datetime, end: datetime) -> list[Fact]:
    """The facts of the contacts that arrived from `start` up to `end`, in order of arrival."""
    statement = (
        select(*FACT)
        .where(FACTS.c.arrived_at >= start, FACTS.c.arrived_at < end)
        .order_by(FACTS.c.arrived_at, FACTS.c.contact_id)
    )
    return [from_row(row) for row in tx.run(statement).mappings()]


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
