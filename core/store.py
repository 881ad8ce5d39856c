"""The one door to the database: `write` answers after commit and fsync, `read` sees one snapshot. Nothing
may be awaited inside."""

import asyncio
import contextlib
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice, takewhile
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql import Executable

from core.clock import Clock
from core.errors import Conflict, EnsilinjaError, Unavailable
from core.failpoints import failpoint
from core.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

BATCH = 64  # operations a commit: SQLite reaches 110,000 inserts/s there, more only adds delay
# What a commit may spend on its operations, for its first waits for its last: so many seconds, but where the
# disk is slow some times as long as the commit itself took, or the time would go into commits. Less where
# something went ahead, for people wait at both of its ends.
SPENT, TIMES_COMMIT, SHARED = 0.015, 4, 0.004
ALIKE = 4  # of joint operations so many more: what a commit costs beside its rows is shared by more
WAITING = 2_048  # operations waiting for the writer before `write` refuses: half a second's work at its best


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One stored event. `n` counts per contact (or per staff member) from 1 without holes."""

    id: int
    contact: int | None
    staff: int | None
    n: int
    type: str
    at: datetime
    actor: str
    data: dict[str, Any]
    beside: Any = field(default=None, compare=False, repr=False)
    """What whoever recorded it knows about it and the event does not hold. Never stored."""


@dataclass(slots=True)
class Tx:
    """One open operation. Services get it first, never commit it, and return frozen values."""

    session: Session
    now: datetime
    vault: Vault
    recorded: list[Recorded] = field(default_factory=list)
    seen: list[Any] = field(default_factory=list, repr=False)
    """What was read. The session forgets an entity that nobody holds, and would ask for it once more."""
    known: dict[Any, Any] = field(default_factory=dict, repr=False)
    connection: Connection | None = field(default=None, repr=False)
    """The session's, once it is in use: asked directly, a statement takes a third less of the processor."""

    def once(self, key: object, look: Callable[[], R]) -> R:
        """What `look` finds, looked up once until this operation writes or records an event."""
        if key not in self.known:
            self.known[key] = look()
        return self.known[key]  # type: ignore[no-any-return]

    def get(self, model: type[R], key: int) -> R | None:
        """The row with this primary key."""
        row = self.session.get(model, key)
        self.seen.append(row)
        return row

    def one(self, statement: Executable, given: Mapping[str, Any] | None = None) -> Any:
        """The first row's first column (or entity), or None."""
        row = self.session.execute(statement, given).scalars().first()
        self.seen.append(row)
        return row

    def all(self, statement: Executable, given: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row's first column (or entity)."""
        rows = list(self.session.execute(statement, given).scalars().all())
        self.seen += rows
        return rows

    def run(self, statement: Executable, given: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """What the database answers to a statement about tables and columns, not entities."""
        self.session.flush()
        if self.connection is None:
            self.connection = self.session.connection()
        return self.connection.execute(statement, given)

    def rows(self, statement: Executable, given: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row as a tuple of its columns."""
        return list(self.run(statement, given).all())

    def scalar(self, statement: Executable, given: Mapping[str, Any] | None = None) -> Any:
        """The single value, or None."""
        return self.run(statement, given).scalar()

    def execute(self, statement: Executable, given: Mapping[str, Any] | None = None) -> int:
        """Runs an UPDATE, INSERT or DELETE and returns the number of rows it changed."""
        result = self.run(statement, given)
        self.session.expire_all()
        self.known.clear()
        return int(result.rowcount)

    def add(self, row: R) -> R:
        """Inserts `row` now, so that its id and its constraints are known."""
        self.session.add(row)
        self.session.flush()
        self.known.clear()
        return row


@dataclass(frozen=True, slots=True)
class Joint(Generic[P, T]):
    """An operation many callers ask for at the same moment. `together` gets the arguments of each, does the
    first ones that are plain with a few statements for all, and returns their answers; `alone` does any one.

    Both must leave the same rows, events and answers. `together` may do none; what it raises undoes it.
    """

    alone: Callable[Concatenate[Tx, P], T]
    together: Callable[[Tx, Sequence[tuple[Any, ...]]], Sequence[T]]

    def __call__(self, tx: Tx, *args: P.args, **kwargs: P.kwargs) -> T:
        """Does one."""
        return self.alone(tx, *args, **kwargs)


class Store(Protocol):
    """What the program needs of a database. Two shapes: `SqliteStore`, `PostgresStore`."""

    clock: Clock
    vault: Vault

    async def write(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `fn` in a transaction and returns after COMMIT; Unavailable when that is not certain."""
        ...

    async def write_next(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same ahead of all that waits: for the turns of the line, as people wait at both of its ends."""
        ...

    async def read(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `fn` on a read-only snapshot of committed state."""
        ...

    def listen(self, listener: Callable[[Sequence[Recorded]], None]) -> None:
        """Calls `listener` in the event loop with the events of every commit of this process."""
        ...

    async def run(self) -> None:
        """Writes until cancelled; returning or raising means that the process must end."""
        ...

    async def stop(self) -> None:
        """Refuses new work, finishes what was accepted, closes the database."""
        ...

    @property
    def queued(self) -> int:
        """Operations waiting for the writer."""
        ...


class Writing(ABC):
    """`Store.write` and `Store.write_next`, which differ by the operation's place alone."""

    async def write(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        return await self._ask(fn, args, kwargs, is_next=False)

    async def write_next(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write_next`."""
        return await self._ask(fn, args, kwargs, is_next=True)

    @abstractmethod
    async def _ask(
        self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], *, is_next: bool
    ) -> T:
        """Runs `fn` like `write`; `is_next`: ahead of all that waits."""


@dataclass(slots=True)
class Operation:
    """One call waiting for the writer."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: asyncio.Future[Any]
    is_next: bool = False  # before all that waits

    @property
    def share(self) -> float:
        """How much of a commit it takes up."""
        return 1 / (BATCH * ALIKE) if isinstance(self.fn, Joint) else 1 / BATCH


class Waiting:
    """The operations that a writer knows of and has not done, in the order in which they will be done.

    `apart`: what goes ahead has commits of its own, for people wait at both of its ends; the commit after one
    of those is the others'. For a store whose commit costs little: where each has to wait for a lock that
    other processes take too, all share one.
    """

    def __init__(self, *, apart: bool) -> None:
        """Nothing waits."""
        self._ahead: deque[Operation] = deque()
        self._others: deque[Operation] = deque()
        self._apart = apart
        self._tried: tuple[deque[Operation], ...] = (self._ahead, self._others)  # by the last commit

    def __len__(self) -> int:
        """How many."""
        return len(self._ahead) + len(self._others)

    def __iter__(self) -> Iterator[Operation]:
        """First those that go ahead."""
        return chain(self._ahead, self._others)

    def add(self, operation: Operation) -> None:
        """Takes its place, the last of its sort."""
        (self._ahead if operation.is_next else self._others).append(operation)

    def batch(self, most: int) -> list[Operation]:
        """What one commit may try. They go on waiting until they are `done`."""
        if self._apart:
            is_turn = self._tried[-1] is self._others or not self._others
            self._tried = (self._ahead,) if self._ahead and is_turn else (self._others,)
        found, filled = [], 0.0
        for operation in islice(chain(*self._tried), most * ALIKE):
            if filled >= most / BATCH:
                break
            found.append(operation)
            filled += operation.share
        return found

    def done(self, count: int) -> None:
        """The first so many of the batch have been answered."""
        for _ in range(count):
            next(part for part in self._tried if part).popleft()


@dataclass(slots=True)
class Outcome:
    """What became of one operation in a batch that has not been committed yet."""

    value: Any = None
    error: BaseException | None = None
    recorded: list[Recorded] = field(default_factory=list)


class BatchLost(Exception):
    """The transaction around the batch is gone; none of its operations happened."""


def run_operation(connection: Connection, operation: Operation, clock: Clock, vault: Vault) -> Outcome:
    """Runs one operation in its savepoint; its failure undoes only itself."""
    if operation.future.done():
        return Outcome()
    with savepoint(connection) as session:
        tx = Tx(session=session, now=clock.now(), vault=vault)
        try:
            value = operation.fn(tx, *operation.args, **operation.kwargs)
            session.commit()
        except Exception as error:  # noqa: BLE001 - one operation's failure is its caller's, not the batch's
            undo(session)
            return Outcome(error=translated(error))
    failpoint("store.after_operation")
    return Outcome(value=value, recorded=tx.recorded)


def run_together(
    connection: Connection, operations: Sequence[Operation], clock: Clock, vault: Vault
) -> list[Outcome]:
    """Runs the first of these equal joint operations in one savepoint; when that fails, each alone."""
    joint: Any = operations[0].fn
    with savepoint(connection) as session:
        tx = Tx(session=session, now=clock.now(), vault=vault)
        try:
            values = joint.together(tx, [operation.args for operation in operations])
            session.commit()
        except Exception:  # noqa: BLE001 - whose fault it is, is found by running each alone
            undo(session)
            return [run_operation(connection, operation, clock, vault) for operation in operations]
    if not values:
        return [run_operation(connection, operations[0], clock, vault)]
    failpoint("store.after_operation")
    return [Outcome(value=values[0], recorded=tx.recorded), *(Outcome(value=value) for value in values[1:])]


def run_batch(
    connection: Connection, operations: Sequence[Operation], clock: Clock, vault: Vault, commit_s: float = 0.0
) -> list[Outcome]:
    """Runs the first operations in their order in the connection's open transaction, as many as the time
    allows; `commit_s` is how long a commit takes.

    A savepoint each, or one for several that are done together.
    """
    outcomes: list[Outcome] = []
    until = math.inf
    while len(outcomes) < len(operations) and time.monotonic() <= until:
        # Those that go ahead take none of the others' time: or there would be commits of theirs alone.
        if until == math.inf and not operations[len(outcomes)].is_next:
            until = time.monotonic() + (SHARED if outcomes else max(SPENT, TIMES_COMMIT * commit_s))
        alike = joined(operations, len(outcomes))
        if alike:
            outcomes += run_together(connection, alike, clock, vault)
        else:
            outcomes.append(run_operation(connection, operations[len(outcomes)], clock, vault))
    if not connection.in_transaction():
        raise BatchLost
    return outcomes


def joined(operations: Sequence[Operation], start: int) -> list[Operation]:
    """The operations from `start` on that may be run together, be it one: few statements serve it as well."""
    first = operations[start].fn
    if not isinstance(first, Joint):
        return []
    return list(takewhile(lambda each: each.fn is first and not each.future.done(), operations[start:]))


def savepoint(connection: Connection) -> Session:
    """A session that begins and ends a savepoint of the connection's transaction."""
    return Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)


def undo(session: Session) -> None:
    """Back to the savepoint; BatchLost when the whole transaction is gone."""
    try:
        session.rollback()
    except DBAPIError as lost:  # SQLite rolls everything back itself when the disk is full
        raise BatchLost from lost


def translated(error: BaseException) -> BaseException:
    """The program's own error for a database's; others pass."""
    if isinstance(error, EnsilinjaError):
        return error
    if isinstance(error, IntegrityError):
        conflict = Conflict(reason="constraint")
        conflict.__cause__ = error
        return conflict
    if isinstance(error, DBAPIError):
        unavailable = Unavailable(reason="store")
        unavailable.__cause__ = error
        return unavailable
    return error


def settle(
    operations: Sequence[Operation],
    outcomes: Sequence[Outcome] | None,
    listeners: Sequence[Callable[[Sequence[Recorded]], None]],
) -> None:
    """Answers the callers of a finished batch, then tells the listeners.

    `None`: the commit is not certain. Operations beyond the outcomes have not been tried.
    """
    failpoint("store.before_ack")
    for position, operation in enumerate(operations[: None if outcomes is None else len(outcomes)]):
        with contextlib.suppress(asyncio.InvalidStateError):
            if outcomes is None:
                operation.future.set_exception(Unavailable(reason="commit_unknown"))
            elif (error := outcomes[position].error) is not None:
                operation.future.set_exception(error)
            else:
                operation.future.set_result(outcomes[position].value)
    if outcomes is None:
        return
    news = [event for outcome in outcomes for event in outcome.recorded]
    if news:
        for listener in listeners:
            listener(news)
