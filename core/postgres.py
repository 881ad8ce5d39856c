"""The scaled shape: PostgreSQL by asyncpg, any number of processes, one writer at a time by an advisory
lock."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import Unavailable
from core.failpoints import failpoint
from core.store import (
    BATCH,
    WAITING,
    BatchLost,
    Operation,
    Outcome,
    Recorded,
    Tx,
    run_batch,
    settle,
    translated,
)
from core.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")

WRITER_LOCK = 0x0E451  # one number for all processes: event ids become visible in their order
STATEMENT_SECONDS = 3.0  # a paused database is refused, not waited for
LOST = (SQLAlchemyError, BatchLost, OSError, TimeoutError, asyncio.TimeoutError)


class PostgresStore:
    """A `Store` on PostgreSQL; each process has its own writer task and they take turns."""

    def __init__(self, url: str, clock: Clock, vault: Vault) -> None:
        """Makes the engine; connects at first use."""
        self.clock = clock
        self.vault = vault
        self._engine = postgres_engine(url)
        self._operations: asyncio.Queue[Operation | None] = asyncio.Queue(WAITING)
        self._listeners: list[Callable[[Sequence[Recorded]], None]] = []
        self._closing = False
        self._running = False
        self._ended = asyncio.Event()

    @property
    def queued(self) -> int:
        """Operations waiting for the writer."""
        return self._operations.qsize()

    def listen(self, listener: Callable[[Sequence[Recorded]], None]) -> None:
        """See `Store.listen`."""
        self._listeners.append(listener)

    async def write(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        if self._closing:
            raise Unavailable(reason="closing")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._operations.put_nowait(Operation(fn, args, kwargs, future))
        except asyncio.QueueFull:
            raise Unavailable(reason="busy") from None
        return await future

    async def read(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""

        def snapshot(connection: Connection) -> T:
            with Session(connection) as session:
                return fn(Tx(session=session, now=self.clock.now(), vault=self.vault), *args, **kwargs)

        try:
            async with asyncio.timeout(STATEMENT_SECONDS), self._engine.connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                async with connection.begin():
                    return await connection.run_sync(snapshot)
        except LOST as error:
            raise (
                translated(error) if isinstance(error, SQLAlchemyError) else Unavailable(reason="store")
            ) from error

    async def run(self) -> None:
        """See `Store.run`."""
        self._running = True
        try:
            while await self._write_batch():
                pass
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """See `Store.stop`."""
        self._closing = True
        if self._running:
            await self._operations.put(None)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 2 * STATEMENT_SECONDS)
        await self._engine.dispose()

    async def _write_batch(self) -> bool:
        operations, more = await self._take()
        failpoint("store.after_take")
        if operations:
            outcomes = await self._commit(operations)
            settle(operations, outcomes, self._listeners)
        return more

    async def _commit(self, operations: Sequence[Operation]) -> list[Outcome] | None:
        try:
            async with asyncio.timeout(2 * STATEMENT_SECONDS), self._engine.connect() as connection:
                return await self._commit_on(connection, operations)
        except LOST:
            await asyncio.sleep(0.05)  # a database that is down must not make a busy loop
            return None

    async def _commit_on(self, connection: AsyncConnection, operations: Sequence[Operation]) -> list[Outcome]:
        try:
            transaction = await connection.begin()
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
            outcomes = await connection.run_sync(run_batch, operations, self.clock, self.vault)
            failpoint("store.before_commit")
            await transaction.commit()
            failpoint("store.after_commit")
            return outcomes
        except BaseException:
            await connection.invalidate()  # whatever state it is in, it is not used again
            raise

    async def _take(self) -> tuple[list[Operation], bool]:
        first = await self._operations.get()
        if first is None:
            return [], False
        batch = [first]
        while len(batch) < BATCH and not self._operations.empty():
            operation = self._operations.get_nowait()
            if operation is None:
                return batch, False
            batch.append(operation)
        return batch, True


def postgres_engine(url: str) -> AsyncEngine:
    """An engine that answers within `STATEMENT_SECONDS` or fails."""
    milliseconds = str(int(STATEMENT_SECONDS * 1000))
    settings: dict[str, Any] = {
        "timeout": STATEMENT_SECONDS,
        "command_timeout": STATEMENT_SECONDS,
        "server_settings": {
            "statement_timeout": milliseconds,
            "synchronous_commit": "on",
            "application_name": "ensilinja",
        },
    }
    return create_async_engine(
        async_url(url), pool_size=6, max_overflow=2, connect_args=settings, hide_parameters=True
    )


def async_url(url: str) -> str:
    """The same address with the driver named."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]
