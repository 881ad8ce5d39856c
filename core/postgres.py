"""The scaled shape: PostgreSQL by asyncpg, any number of processes, one writer at a time by an advisory
lock."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import Unavailable
from core.failpoints import failpoint
from core.savepoints import POSTGRES
from core.store import (
    BATCH,
    WAITING,
    BatchLost,
    Operation,
    Outcome,
    Recorded,
    Tx,
    Waiting,
    Writing,
    run_batch,
    settle,
    translated,
)
from core.tasks import first_of
from core.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")

WRITER_LOCK = 0x0E451  # one number for all processes: event ids become visible in their order
# The database's clock rules: processes whose machines disagree must not disagree about a lease. It is read
# once the lock is there: from then on nobody else writes.
LOCK = text("SELECT pg_advisory_xact_lock(:key), clock_timestamp()")
TIME = text("SELECT clock_timestamp()")
READERS = 5  # connections of a process that read at a time, kept: a new one costs as much as many reads
PREPARED = 500  # statements a connection keeps prepared: more than there are
# Milliseconds: a process that is lost without a word may hold the lock, and PostgreSQL takes it back then.
LOCK_KEPT = "3000"
# Ways to read more than is asked for: whole tables, a whole conversation for its newest line, or all of one
# table for each row of another.
WALKS = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_material")
STATEMENT_SECONDS = 3.0  # a database silent for so long is refused, not waited for
BATCH_SECONDS = 15.0  # a commit that goes on answering but does not end; the next is smaller
WATCH = 0.25  # seconds between looks for silence
LOST = (SQLAlchemyError, BatchLost, OSError, TimeoutError, asyncio.TimeoutError)


class PostgresStore(Writing):
    """A `Store` on PostgreSQL; each process has its own writer task and they take turns."""

    def __init__(self, url: str, clock: Clock, vault: Vault) -> None:
        """Makes the engine; connects at first use."""
        self.clock = clock
        self.vault = vault
        # The writer has a connection of its own: it would stand in line behind all who read.
        self._writer = postgres_engine(url, connections=1)
        self._readers = postgres_engine(
            url, connections=READERS, isolation_level="REPEATABLE READ", read_only=True
        )
        self._operations: asyncio.Queue[Operation | None] = asyncio.Queue()
        self._waiting = Waiting(apart=False)  # of those, what the writer has taken
        self._is_told_to_end = False
        self._commit_s = 0.0  # how long the last one took
        self._listeners: list[Callable[[Sequence[Recorded]], None]] = []
        self._closing = False
        self._running = False
        self._knows_time = False
        self._ended = asyncio.Event()
        self._size = BATCH
        self._reading: set[asyncio.Task[Any]] = set()
        self._is_writing = False
        self._line: AsyncConnection | None = None  # the writer's
        self._heard = 0.0  # when the database last answered the writer, on the monotonic clock
        event.listen(self._writer.sync_engine, "after_cursor_execute", self._hear)

    @property
    def queued(self) -> int:
        """Operations waiting for the writer."""
        return self._operations.qsize() + len(self._waiting)

    def listen(self, listener: Callable[[Sequence[Recorded]], None]) -> None:
        """See `Store.listen`."""
        self._listeners.append(listener)

    async def _ask(
        self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], *, is_next: bool
    ) -> T:
        if self._closing:
            raise Unavailable(reason="closing")
        if self.queued >= WAITING:
            raise Unavailable(reason="busy")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._operations.put_nowait(Operation(fn, args, kwargs, future, is_next))
        return await future

    async def read(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""

        def snapshot(connection: Connection) -> T:
            with Session(connection) as session:
                return fn(Tx(session=session, now=self.clock.now(), vault=self.vault), *args, **kwargs)

        reading = asyncio.create_task(self._read(snapshot))
        self._reading.add(reading)
        reading.add_done_callback(self._has_read)
        try:
            # The driver takes a while to let go of a silent server: the task does that alone.
            await asyncio.wait({reading}, timeout=STATEMENT_SECONDS)
            if not reading.done():
                raise Unavailable(reason="store")
            return reading.result()
        except SQLAlchemyError as error:
            raise translated(error) from error
        except (OSError, TimeoutError) as error:
            raise Unavailable(reason="store") from error
        finally:
            reading.cancel()

    def _has_read(self, reading: asyncio.Task[Any]) -> None:
        self._reading.discard(reading)
        if not reading.cancelled():
            reading.exception()  # perhaps nobody waited for it

    async def _read(self, snapshot: Callable[[Connection], T]) -> T:
        async with self._readers.connect() as connection, connection.begin():
            if not self._knows_time:
                self._follow((await connection.execute(TIME)).scalar_one())
            return await connection.run_sync(snapshot)

    async def run(self) -> None:
        """See `Store.run`."""
        self._running = True
        try:
            await first_of(store_write=self._write_until_told(), store_watch=self._refuse_when_silent())
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """See `Store.stop`."""
        self._closing = True
        if self._running:
            self._operations.put_nowait(None)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 2 * STATEMENT_SECONDS)
        await self._writer.dispose()
        await self._readers.dispose()

    async def _write_until_told(self) -> None:
        while not self._is_told_to_end or self._waiting:
            await self._write_batch()

    async def _refuse_when_silent(self) -> None:
        """Answers those who wait for a database that says nothing, and lets the writer go from it."""
        while True:
            await asyncio.sleep(WATCH)
            if not self._is_silent():
                continue
            await asyncio.sleep(0)  # this process may have been the one that stood still
            if not self._is_silent():
                continue
            queued = [self._operations.get_nowait() for _ in range(self._operations.qsize())]
            for operation in (*self._waiting, *filter(None, queued)):
                if not operation.future.done():
                    operation.future.set_exception(Unavailable(reason="commit_unknown"))
            if None in queued:
                self._operations.put_nowait(None)
            if self._line is not None:
                line, self._line = self._line, None
                with contextlib.suppress(SQLAlchemyError):  # it has gone already
                    await _let_go(line)

    def _is_silent(self) -> bool:
        return self._is_writing and time.monotonic() - self._heard > STATEMENT_SECONDS

    def _hear(self, *_: Any) -> None:
        self._heard = time.monotonic()

    async def _write_batch(self) -> None:
        await self._take()
        failpoint("store.after_take")
        operations = self._waiting.batch(self._size)
        if operations:
            self._is_writing, self._heard = True, time.monotonic()
            outcomes = await self._commit(operations)
            self._is_writing, self._line = False, None
            self._waiting.done(len(operations if outcomes is None else outcomes))
            # What did not get through in time is tried in smaller parts: a slow database must not lose all.
            self._size = max(1, len(operations) // 2) if outcomes is None else min(BATCH, 2 * self._size)
            settle(operations, outcomes, self._listeners)

    async def _commit(self, operations: Sequence[Operation]) -> list[Outcome] | None:
        try:
            async with asyncio.timeout(BATCH_SECONDS), self._writer.connect() as connection:
                return await self._commit_on(connection, operations)
        except LOST:
            await asyncio.sleep(0.05)  # a database that is down must not make a busy loop
            return None

    async def _commit_on(self, connection: AsyncConnection, operations: Sequence[Operation]) -> list[Outcome]:
        try:
            transaction = await connection.begin()
            self._line = connection
            self._follow((await connection.execute(LOCK, {"key": WRITER_LOCK})).one()[1])
            run = partial(run_batch, commit_s=self._commit_s)
            outcomes = await connection.run_sync(run, operations, self.clock, self.vault)
            failpoint("store.before_commit")
            before = time.monotonic()
            await transaction.commit()
            self._commit_s = time.monotonic() - before
            failpoint("store.after_commit")
            return outcomes
        except BaseException:
            await connection.invalidate()  # whatever state it is in, it is not used again
            raise

    def _follow(self, at: datetime) -> None:
        self.clock.follow(at, self.clock.monotonic())
        self._knows_time = True

    async def _take(self) -> None:
        """Everything that is asked for; waits for the next where nothing is known of."""
        while not self._is_told_to_end and not (self._waiting and self._operations.empty()):
            operation = await self._operations.get()
            if operation is None:
                self._is_told_to_end = True
            else:
                self._waiting.add(operation)


async def _let_go(connection: AsyncConnection) -> None:
    """Cuts the line to a server that is silent: a polite close would wait for it to say goodbye."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    driver.terminate()


def postgres_engine(
    url: str, *, connections: int, isolation_level: str = "READ COMMITTED", read_only: bool = False
) -> AsyncEngine:
    """An engine that answers within `STATEMENT_SECONDS` or fails, and keeps so many connections at most."""
    milliseconds = str(int(STATEMENT_SECONDS * 1000))
    settings: dict[str, Any] = {
        "timeout": STATEMENT_SECONDS,
        "command_timeout": STATEMENT_SECONDS,
        "prepared_statement_cache_size": PREPARED,
        "server_settings": {
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": LOCK_KEPT,
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "synchronous_commit": "on",
            "application_name": "ensilinja",
            # All statements find their rows by indexes whatever is asked: planning them each time costs more,
            # and a plan that was made when a table was empty must not walk it when it has grown.
            "plan_cache_mode": "force_generic_plan",
            **dict.fromkeys(WALKS, "off"),
            "random_page_cost": "1.1",
            "jit": "off",
            "default_transaction_read_only": "on" if read_only else "off",
        },
    }
    return create_async_engine(
        async_url(url),
        pool_size=connections,
        max_overflow=0,
        isolation_level=isolation_level,
        pool_use_lifo=True,  # the connection used last has the statements prepared
        connect_args=settings,
        hide_parameters=True,
    )


def async_url(url: str) -> str:
    """The same address with the driver named."""
    return f"{POSTGRES}://" + url.split("://", 1)[1]
