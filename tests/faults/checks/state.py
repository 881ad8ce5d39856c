"""What the judge reads of a database after a run: the rows and events that the invariants speak of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from callbacks.models import Attempt
from chat.models import Message
from chat.transcript import message_at
from core.access import first_broken
from core.clock import SystemClock
from core.models import Event, Heartbeat, Job
from core.opening import open_store
from core.store import Tx
from core.vault import Vault
from queues.models import Entry, Member, Shift
from router.models import Contact, Outcome, Promise
from tests.builders import TEST_KEY, patience
from tests.faults.oplog import Act

LATE = timedelta(seconds=2)  # how long after its deadline something may still be where it was (I12)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One stored line of a conversation."""

    contact: int
    seq: int
    sender: str
    kind: str
    client_id: str | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stored event, of a contact or of a professional."""

    id: int
    contact: int | None
    n: int
    type: str
    data: dict[str, Any]
    staff: int | None = None
    at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One stored entry."""

    id: int
    contact: int
    state: str
    due_at: datetime
    agent: int | None
    matter: int = 0
    queue: str = ""
    channel: str = ""
    urgency: str = ""
    tier: int = 2
    assignment: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """One stored promise."""

    id: int
    contact: int
    kind: str
    due_at: datetime
    kept_at: datetime | None = None
    ended_why: str | None = None
    second_due_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.kept_at is None and self.ended_why is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One stored attempt to reach a resident."""

    id: int
    contact: int
    n: int
    key: str
    dialled_at: datetime | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One stored job."""

    key: str
    kind: str
    state: str
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One stored outcome."""

    id: int
    contact: int
    code: str
    by: int | None = None
    supersedes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the database holds. `alive_until`: the last moment at which a process is known to have worked."""

    lines: Sequence[Line] = ()
    steps: Sequence[Step] = ()
    places: Sequence[Place] = ()
    capacities: Mapping[int, int] = field(default_factory=dict)
    members: Mapping[int, frozenset[str]] = field(default_factory=dict)
    contacts: Mapping[int, str] = field(default_factory=dict)  # their clients' ids
    promises: Sequence[Promised] = ()
    attempts: Sequence[Tried] = ()
    tasks: Sequence[Task] = ()
    outcomes: Sequence[Ended] = ()
    broken_access_row: int | None = None
    alive_until: datetime = LONG_AGO
    late: timedelta = LATE


Check = Callable[[Kept, Sequence[Act]], Iterable[str]]


def kept(tx: Tx, *, texts: bool = True, late: timedelta = LATE) -> Kept:
    """Reads everything; message texts are opened with the test's key."""
    steps = read_steps(tx)
    beats = [row.at for row in tx.all(select(Heartbeat))]
    return Kept(
        lines=read_lines(tx, texts=texts),
        steps=steps,
        places=read_places(tx),
        capacities={row.staff_id: row.chat_capacity for row in tx.all(select(Shift))},
        members=read_members(tx),
        contacts={row.id: row.client_id for row in tx.all(select(Contact))},
        promises=[
            Promised(
                id=row.id,
                contact=row.contact_id,
                kind=row.kind,
                due_at=row.due_at,
                kept_at=row.kept_at,
                ended_why=row.ended_why,
                second_due_at=row.second_due_at,
            )
            for row in tx.all(select(Promise))
        ],
        attempts=read_attempts(tx),
        tasks=[
            Task(key=row.key, kind=row.kind, state=row.state, attempts=row.attempt_count)
            for row in tx.all(select(Job))
        ],
        outcomes=[
            Ended(
                id=row.id, contact=row.contact_id, code=row.code, by=row.by_staff, supersedes=row.supersedes
            )
            for row in tx.all(select(Outcome))
        ],
        broken_access_row=first_broken(tx),
        alive_until=max([*beats, *(step.at for step in steps)], default=LONG_AGO),
        late=late,
    )


def read_steps(tx: Tx) -> list[Step]:
    return [
        Step(
            id=row.id,
            contact=row.contact_id,
            staff=row.staff_id,
            n=row.n,
            type=row.type,
            data=dict(row.data),
            at=row.at,
        )
        for row in tx.all(select(Event).order_by(Event.id))
    ]


def read_lines(tx: Tx, *, texts: bool) -> list[Line]:
    columns = (Message.contact_id, Message.seq, Message.sender_key, Message.kind, Message.client_id)
    return [
        Line(
            contact=contact,
            seq=seq,
            sender=sender,
            kind=kind,
            client_id=client_id,
            text=message_at(tx, contact, seq).text if texts and kind == "text" else None,
        )
        for contact, seq, sender, kind, client_id in tx.rows(select(*columns))
    ]


def read_places(tx: Tx) -> list[Place]:
    return [
        Place(
            id=row.id,
            contact=row.contact_id,
            state=row.state,
            due_at=row.due_at,
            agent=row.agent_id,
            matter=row.matter_id,
            queue=row.queue,
            channel=row.channel,
            urgency=row.urgency,
            tier=row.tier,
            assignment=row.assignment,
        )
        for row in tx.all(select(Entry).order_by(Entry.id))
    ]


def read_members(tx: Tx) -> dict[int, frozenset[str]]:
    rows = tx.rows(select(Member.staff_id, Member.queue))
    return {staff: frozenset(queue for one, queue in rows if one == staff) for staff, _ in rows}


def read_attempts(tx: Tx) -> list[Tried]:
    return [
        Tried(
            id=row.id,
            contact=row.contact_id,
            n=row.n,
            key=row.key,
            dialled_at=row.dialled_at,
            result=row.result,
        )
        for row in tx.all(select(Attempt).order_by(Attempt.id))
    ]


async def read_kept(database_url: str, *, late: timedelta = LATE) -> Kept:
    """What the database at this address holds; no server may have it open in the embedded shape."""
    with patience():
        store = open_store(database_url, SystemClock(), Vault(TEST_KEY))
        try:
            return await store.read(kept, late=late)
        finally:
            await store.stop()
