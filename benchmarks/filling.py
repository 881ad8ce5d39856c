"""Fills a database in bulk: contacts of the past with all they left behind, a line, professionals.

Rows are made inside the database, so that a hundred thousand contacts take seconds. One data key serves all.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text
from sqlalchemy.orm import Session

from core.catalogue import Catalogue
from core.models import Staff
from core.store import Tx
from core.vault import Vault
from queues.models import MEMBER, SHIFT
from tests.builders import TEST_KEY

STAFF: Table = Staff.__table__  # type: ignore[attr-defined]
LINES = 10  # messages of a contact of the past
STEPS = (
    *("contact.received", "entry.queued", "entry.offered", "entry.held"),
    *("chat.replied", "entry.wrapping", "entry.done", "outcome.recorded"),
)
NUMBERED = (
    *("data_key", "party", "matter", "contact", "entry", "event", "message", "outcome", "estimate"),
    *("promise", "job"),
)


class Filler:
    """Writes rows `first` … `first + count - 1` of each table by one statement a table."""

    def __init__(self, connection: Connection, count: int, start: datetime, every: float, key: int) -> None:
        """`start`: the first arrival; `every`: the seconds between two; `key`: the data key of all."""
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._first = newest(connection, "contact") + 1
        self._given: dict[str, Any] = {"first": self._first, "last": self._first + count - 1, "key": key}
        self._start, self._every = start, every

    def fill(self, table: str, values: Mapping[str, str], *, times: int = 1, where: str = "TRUE") -> None:
        """One row for each contact, or `times`; values are SQL over `i` (the contact) and `j` (from 1)."""
        rows = f"(SELECT i, j FROM n, m WHERE {where}) AS rows"
        statement = (
            "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last), "
            f"m(j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM m WHERE j < {times}) "
        )
        insert = f"INSERT INTO {table} ({', '.join(values)}) "
        select = f"SELECT {', '.join(values.values())} FROM {rows} ORDER BY i, j"
        if self._is_sqlite:
            statement = f"{insert}{statement}{select}"
        else:
            statement = f"{statement}{insert}{select}".replace(":first", "CAST(:first AS bigint)")
        self._connection.execute(text(statement), self._given)

    def at(self, later: float | str = 0) -> str:
        """The contact's arrival and so many seconds, as SQL."""
        seconds = f"(i - {self._first}) * {self._every} + ({later})"
        base = self._start.strftime("%Y-%m-%d %H\\:%M\\:%S")
        if self._is_sqlite:
            return f"strftime('%Y-%m-%d %H\\:%M\\:%f000', '{base}', ({seconds}) || ' seconds')"
        return f"(timestamptz '{base}+00' + ({seconds}) * interval '1 second')"

    def one_of(self, values: Sequence[str]) -> str:
        """The values in turn, as SQL."""
        cases = " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))
        return f"CASE (i - {self._first}) % {len(values)} {cases} END"

    def json(self, value: object) -> str:
        """A JSON value as SQL."""
        written = json.dumps(value).replace(":", "\\:")
        return f"'{written}'" if self._is_sqlite else f"CAST('{written}' AS jsonb)"


def past(connection: Connection, contacts: int, *, until: datetime, days: int = 120) -> None:
    """So many contacts that have ended before `until`, each with messages, events and figures."""
    every = days * 86_400 / max(contacts, 1)
    filler = Filler(
        connection, contacts, until - timedelta(days=days, hours=1), every, data_key(connection, until)
    )
    arrive(filler, queues=("nurse", "mental", "dental"), channel="chat")
    place(filler, queues=("nurse", "mental", "dental"), channel="chat", is_over=True)
    steps = " ".join(f"WHEN {place} THEN '{step}'" for place, step in enumerate(STEPS, start=1))
    told(filler, f"CASE j {steps} ELSE 'chat.message' END", times=len(STEPS) + LINES)
    filler.fill(
        "message",
        {
            "contact_id": "i",
            "seq": "j",
            "sender_key": "CASE j % 2 WHEN 0 THEN 'resident:' || i ELSE 'staff:1' END",
            "sender_name": "''",
            "kind": "'text'",
            "client_id": "'past-' || i || '-' || j",
            "body_sealed": "CAST('0123456789012345678901234567890123456789' AS BLOB)"
            if connection.dialect.name == "sqlite"
            else "CAST('0123456789012345678901234567890123456789' AS bytea)",
            "at": filler.at("j * 30"),
        },
        times=LINES,
    )
    filler.fill(
        "outcome", {"contact_id": "i", "code": "'RESOLVED_ADVICE'", "at": filler.at(900), "why": "''"}
    )
    filler.fill(
        "job",
        {
            "key": "'past-' || i",
            "kind": "'sms'",
            "args": filler.json({}),
            "state": "'done'",
            "due_at": filler.at(),
            "attempt_count": "1",
            "error": "''",
        },
    )
    figures(filler, queues=("nurse", "mental", "dental"), channel="chat", is_over=True)


def in_line(
    connection: Connection,
    count: int,
    *,
    queues: Sequence[str],
    channel: str,
    now: datetime,
    hours: float = 2.0,
    languages: Sequence[str] = ("fi",),
) -> None:
    """So many contacts that wait, spread over the queues, the last of them just arrived."""
    every = hours * 3_600 / max(count, 1)
    filler = Filler(connection, count, now - timedelta(hours=hours), every, data_key(connection, now))
    arrive(filler, queues=queues, channel="call" if channel == "callback" else channel)
    place(filler, queues=queues, channel=channel, languages=languages)
    told(filler, "CASE j WHEN 1 THEN 'contact.received' ELSE 'entry.queued' END", times=2)
    if channel == "callback":
        promise = {"kind": "'callback'", "made_at": filler.at(), "due_at": filler.at(4 * 3_600)}
        filler.fill("promise", {"contact_id": "i", **promise, "told_as": filler.json({})})
    figures(filler, queues=queues, channel=channel)


def arrive(filler: Filler, *, queues: Sequence[str], channel: str) -> None:
    """The persons, matters and contacts, and what they were told of the wait."""
    party = {"data_key_id": ":key", "language": "'fi'", "sex": "'unknown'", "identified": "FALSE"}
    filler.fill("party", {"id": "i", **party, "safe_contact": filler.json({}), "non_disclosure": "FALSE"})
    matter = {"subject_id": "i", "opened_at": filler.at(), "joined_by": "'resident'"}
    filler.fill("matter", {"id": "i", **matter})
    filler.fill(
        "contact",
        {
            "id": "i",
            "client_id": "'filled-' || i",
            "channel": f"'{channel}'",
            "door": "'terveys_chat'",
            "language": "'fi'",
            "asker_id": "i",
            "subject_id": "i",
            "matter_id": "i",
            "data_key_id": ":key",
            "arrived_at": filler.at(),
            "acting": filler.json({}),
            "is_follow_up": "FALSE",
        },
    )
    estimate = {"made_at": filler.at(), "low_minutes": "8", "high_minutes": "15", "position": "5"}
    filler.fill(
        "estimate",
        {"contact_id": "i", "queue": filler.one_of(queues), "urgency": "'SAME_DAY'", **estimate},
    )
    resident = {"who_key": "'resident:' || i", "role": "'resident'", "joined_at": filler.at()}
    gone = {"connected_at": filler.at(), "disconnected_at": filler.at(1)}
    filler.fill("participant", {"contact_id": "i", **resident, "seen_seq": "0", **gone})


def place(
    filler: Filler,
    *,
    queues: Sequence[str],
    channel: str,
    languages: Sequence[str] = ("fi",),
    is_over: bool = False,
) -> None:
    """The entries: waiting, or ended."""
    filler.fill(
        "entry",
        {
            "id": "i",
            "contact_id": "i",
            "matter_id": "i",
            "queue": filler.one_of(queues),
            "channel": f"'{channel}'",
            "state": "'done'" if is_over else "'waiting'",
            "state_since": filler.at(),
            "urgency": "'SAME_DAY'",
            "tier": "2",
            "due_at": filler.at(4 * 3_600),
            "arrived_at": filler.at(),
            "queued_here_at": filler.at(),
            "language": filler.one_of(languages),
            "weight": "1",
            "assignment": "1" if is_over else "0",
            "passed": filler.json({}),
            "ended_at": filler.at(900) if is_over else "NULL",
        },
    )


def told(filler: Filler, kind: str, *, times: int) -> None:
    """The events of each contact, numbered."""
    event = {"type": kind, "at": filler.at("j"), "actor": "'system'", "data": filler.json({"seq": 1})}
    filler.fill("event", {"contact_id": "i", "n": "j", **event}, times=times)


def figures(filler: Filler, *, queues: Sequence[str], channel: str, is_over: bool = False) -> None:
    """The rows of figures."""
    counts = ("transfers_count", "offers_count", "declined_count", "expired_count", "overtakes_count")
    known = {"first_reply_at": filler.at(240), "accepted_at": filler.at(200), "closed_at": filler.at(900)}
    over = {**known, "outcome": "'RESOLVED_ADVICE'", "is_resolved": "TRUE", "is_counted": "TRUE"}
    promised = {"callback_made_at": filler.at(), "callback_due_at": filler.at(4 * 3_600)}
    filler.fill(
        "fact",
        {
            "contact_id": "i",
            "matter_id": "i",
            "channel": f"'{'call' if channel == 'callback' else channel}'",
            "handled_by": f"'{channel}'",
            "first_queue": filler.one_of(queues),
            "queue": filler.one_of(queues),
            "language": "'fi'",
            "urgency_given": "'SAME_DAY'",
            "is_first_contact": "TRUE",
            "arrived_at": filler.at(),
            "queued_at": filler.at(),
            "has_abandoned": "FALSE",
            "promises": filler.json([]),
            "attempts": filler.json([]),
            "attempts_count": "0",
            **dict.fromkeys(counts, "0"),
            **(over if is_over else {}),
            **(promised if channel == "callback" else {}),
            "upto": "i",
        },
    )


def professionals(
    connection: Connection, count: int, *, queues: Sequence[str], now: datetime, each: int = 4
) -> list[int]:
    """So many professionals on shift and ready, each a member of `each` of the queues; their ids."""
    first = newest(connection, "staff")
    numbers = range(first + 1, first + count + 1)
    person = {"profession": "nurse", "password_hash": "x", "roles": ["agent"], "languages": ["fi", "sv"]}
    made = [
        {
            "username": f"agent{one}",
            "display_name": f"Agent {one}",
            "is_active": True,
            "created_at": now,
            **person,
        }
        for one in numbers
    ]
    connection.execute(insert(STAFF), made)
    staff = list(
        connection.execute(select(STAFF.c.id).where(STAFF.c.id > first).order_by(STAFF.c.id)).scalars()
    )
    served = {
        one: {queues[(one + step * 5) % len(queues)] for step in range(min(each, len(queues)))}
        for one in staff
    }
    members = [
        {"staff_id": one, "queue": queue, "position": 0} for one in staff for queue in sorted(served[one])
    ]
    connection.execute(insert(MEMBER), members)
    shift = {
        "state": "ready",
        "reason": "",
        "chat_capacity": 3,
        "languages": ["fi", "sv"],
        "device": "",
        "missed_count": 0,
    }
    instants = dict.fromkeys(("started_at", "state_since", "idle_since"), now)
    lease = {"lease_until": now + timedelta(seconds=15)}
    connection.execute(insert(SHIFT), [{"staff_id": one, **shift, **instants, **lease} for one in staff])
    return staff


def past_shifts(connection: Connection, count: int, *, until: datetime) -> None:
    """So many shifts that the first professional has ended."""
    values = {"staff_id": 1, "state": "ready", "reason": "", "chat_capacity": 3, "languages": ["fi"]}
    ended = [until - timedelta(days=number + 1) for number in range(count)]
    instants = ("started_at", "ended_at", "state_since", "lease_until", "idle_since")
    rows = [{**values, "device": "", "missed_count": 0, **dict.fromkeys(instants, at)} for at in ended]
    connection.execute(insert(SHIFT), rows)


def settle(connection: Connection, *, known: bool = True) -> None:
    """Numbers go on after the filled ones, and the figures are at the log.

    `known`: PostgreSQL's planner has looked at the tables, as it does by itself within a minute.
    """
    if connection.dialect.name == "postgresql":
        for table in NUMBERED:
            connection.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) + 1 FROM {table}))"))
    connection.execute(text("DELETE FROM cursor WHERE name = 'facts'"))
    connection.execute(
        text("INSERT INTO cursor (name, event_id) SELECT 'facts', coalesce(max(id), 0) FROM event")
    )
    if known and connection.dialect.name == "postgresql":  # as autovacuum does; nobody does it for SQLite
        connection.execute(text("ANALYZE"))


def widened(catalogue: Catalogue, queues: int) -> Catalogue:
    """The county with so many queues, all like its first."""
    first = catalogue.queues[0]
    more = tuple(replace(first, id=f"q{number}") for number in range(len(catalogue.queues), queues))
    return replace(catalogue, queues=(*catalogue.queues, *more)[:queues])


def data_key(connection: Connection, now: datetime) -> int:
    """A real key for sealed content."""
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        key = Vault(TEST_KEY).new_key(Tx(session=session, now=now, vault=Vault(TEST_KEY)))
        session.commit()
    return key


def newest(connection: Connection, table: str) -> int:
    """The largest id of a table."""
    return int(connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {table}")).scalar_one())
