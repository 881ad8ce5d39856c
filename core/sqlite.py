"""The embedded shape: SQLite in WAL mode, synchronous=FULL, one writer thread with group commit. One
process only."""

import asyncio
import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from core.clock import Clock
from core.errors import Unavailable
from core.failpoints import failpoint
from core.lock import lock_folder
from core.savepoints import SQLITE, say
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
from core.vault import Vault

P = ParamSpec("P")
T = TypeVar("T")

WRITER_CACHE = (
    32_768  # KiB of pages: a commit of many texts touches many, and the default of 2 MiB drops them
)
READERS = 2  # threads: reads are short, and more of them only take turns from the loop and the writer


class SqliteStore(Writing):
    """A `Store` on one file. A second process on the same file is refused at `open`."""

    def __init__(self, path: Path, clock: Clock, vault: Vault) -> None:
        """Opens the file; raises AlreadyRunning when another process has it."""
        self.clock = clock
        self.vault = vault
        self._lock = lock_folder(path)
        self._writer = sqlite_engine(path)
        self._reader = sqlite_engine(path, read_only=True)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._operations: queue.SimpleQueue[Operation | None] = queue.SimpleQueue()
        self._waiting = Waiting(apart=True)  # of those, what the writer has taken
        self._is_told_to_end = False
        self._commit_s = 0.0  # how long the last one took
        self._listeners: list[Callable[[Sequence[Recorded]], None]] = []
        self._closing = False
        self._is_dead = False  # the writer's thread has ended
        self._thread: threading.Thread | None = None
        self._ended: asyncio.Future[None] | None = None

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
        if self._closing or self._is_dead:
            raise Unavailable(reason="closing")
        if self.queued >= WAITING:
            raise Unavailable(reason="busy")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._operations.put(Operation(fn, args, kwargs, future, is_next))
        return await future

    async def read(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""
        if self._closing:
            raise Unavailable(reason="closing")

        def snapshot() -> T:
            with self._reader.connect() as connection, connection.begin(), Session(connection) as session:
                return fn(Tx(session=session, now=self.clock.now(), vault=self.vault), *args, **kwargs)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, snapshot)
        except DBAPIError as error:
            raise translated(error) from error

    async def run(self) -> None:
        """See `Store.run`. The writer is a thread of its own; its end, for whatever reason, ends this."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._thread = threading.Thread(
            target=self._write_until_told, args=(loop,), name="store-write", daemon=True
        )
        self._thread.start()
        await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """See `Store.stop`."""
        self._closing = True
        if self._thread is not None and self._thread.is_alive():
            self._operations.put(None)
            await asyncio.to_thread(self._thread.join)
        self._pool.shutdown()
        self._writer.dispose()
        self._reader.dispose()
        os.close(self._lock)

    def _write_until_told(self, loop: asyncio.AbstractEventLoop) -> None:
        error: BaseException | None = None
        try:
            with self._writer.connect() as connection:
                while not self._is_told_to_end or self._waiting:
                    self._write_batch(connection, loop)
        except BaseException as caught:  # noqa: BLE001 - whatever ended the writer ends the process
            error = caught
        self._is_dead = True
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            loop.call_soon_threadsafe(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        if self._ended is not None and not self._ended.done():
            if error is None:
                self._ended.set_result(None)
            else:
                self._ended.set_exception(error)

    def _write_batch(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        self._take()
        failpoint("store.after_take")
        operations = self._waiting.batch(BATCH)
        if operations:
            outcomes = self._commit(connection, operations)
            self._waiting.done(len(operations if outcomes is None else outcomes))
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, operations, outcomes, self._listeners)

    def _commit(self, connection: Connection, operations: Sequence[Operation]) -> list[Outcome] | None:
        try:
            transaction = connection.begin()
            outcomes = run_batch(connection, operations, self.clock, self.vault, self._commit_s)
            failpoint("store.before_commit")
            before = time.monotonic()
            transaction.commit()
            self._commit_s = time.monotonic() - before
            failpoint("store.after_commit")
            return outcomes
        except (DBAPIError, BatchLost):
            with contextlib.suppress(DBAPIError):
                connection.rollback()
            connection.invalidate()
            time.sleep(0.01)  # a full disk must not turn the writer into a busy loop
            return None

    def _take(self) -> None:
        """Everything that is asked for; waits for the next where nothing is known of."""
        with contextlib.suppress(queue.Empty):
            while not self._is_told_to_end:
                operation = self._operations.get(block=not self._waiting)
                if operation is None:
                    self._is_told_to_end = True
                else:
                    self._waiting.add(operation)


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """An engine whose transactions begin IMMEDIATE (or read-only), durable at every commit."""
    engine = create_engine(
        f"{SQLITE}:///{path}",
        poolclass=QueuePool,
        pool_size=READERS if read_only else 1,
        max_overflow=0,
        hide_parameters=True,  # a failed statement is logged, and its values may be a person's
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "temp_store=MEMORY",
            f"query_only={'ON' if read_only else 'OFF'}",
            *(() if read_only else (f"cache_size=-{WRITER_CACHE}",)),
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        say(connection, "BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
