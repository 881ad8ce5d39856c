"""Brings a database to the version of this code, and opens it for commands that run beside the service.

Refuses a database that this code cannot serve. Synchronous: not to be called in the event loop.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from core.clock import SystemClock
from core.lock import sqlite_path
from core.postgres import WRITER_LOCK, async_url
from core.sqlite import sqlite_engine
from core.store import Tx
from core.vault import Vault
from ensilinja.tables import metadata
from ensilinja.version import MIGRATIONS, OlderProgramRuns, must_migrate

ALIVE = timedelta(seconds=3)  # since its heartbeat: a process of this age is at work
PATIENCE = 10.0  # seconds for processes that were told to stop, and for readers of a table, to go
LOCK_MS = 100  # a migration that does not get a table this soon lets others pass and tries again
LOCK_TIMEOUT = "lock timeout"
WORKS_FROM = text("SELECT works_from FROM compatibility WHERE revision = :revision")

P = ParamSpec("P")
T = TypeVar("T")


def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrades to `revision`; one start at a time, the others find it done.

    Raises NewerDatabase for one that this code cannot serve, OlderProgramRuns when it would take the tables
    away from processes that are at work.
    """
    give_up_at = time.monotonic() + PATIENCE
    while True:
        try:
            return transact(database_url, upgrade, revision)
        except (OlderProgramRuns, DBAPIError) as error:
            is_passing = isinstance(error, OlderProgramRuns) or LOCK_TIMEOUT in str(error.orig)
            if not is_passing or time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)


def downgrade(database_url: str, revision: str) -> None:
    """Takes the database back to an earlier version, for a rollback of the program."""
    transact(database_url, lambda connection: command.downgrade(configuration(connection), revision))


def differences(database_url: str) -> list[object]:
    """What an automatic migration would still change; empty when migrations and models agree."""
    return transact(database_url, _compare)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrades on an open connection, in its transaction."""
    config = configuration(connection)
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    steps = {script.revision: getattr(script.module, "works_from", script.revision) for script in scripts}
    found = MigrationContext.configure(connection).get_current_revision()
    has_compatibility = inspect(connection).has_table("compatibility")
    if found is not None:
        oldest = connection.execute(WORKS_FROM, {"revision": found}).scalar() if has_compatibility else None
        if not must_migrate(found, oldest, sorted(steps)):
            return
        if is_served(connection, max(steps.values()) if has_compatibility else None):
            raise OlderProgramRuns
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
    command.upgrade(config, revision)
    if inspect(connection).has_table("compatibility"):
        connection.execute(text("DELETE FROM compatibility"))
        rows = [{"revision": step, "works_from": oldest} for step, oldest in steps.items()]
        connection.execute(text("INSERT INTO compatibility VALUES (:revision, :works_from)"), rows)


def is_served(connection: Connection, works_from: str | None) -> bool:
    """Whether processes that do not work with the new tables are at work; None: no process there does."""
    if connection.dialect.name == "sqlite":  # its lock lets nobody else in
        return False
    older = text("at > :since" if works_from is None else "at > :since AND revision < :works_from")
    found = connection.execute(
        select(func.count()).select_from(text("heartbeat")).where(older),
        {"since": SystemClock().now() - ALIVE, **({"works_from": works_from} if works_from else {})},
    )
    return bool(found.scalar())


def configuration(connection: Connection) -> Config:
    """Alembic's own settings; there is no alembic.ini."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def transact(database_url: str, fn: Callable[..., T], *args: object, read_only: bool = False) -> T:
    """Runs `fn(connection, *args)` in one transaction, alone among all writers unless it only reads."""
    path = sqlite_path(database_url)
    if path is None:
        return asyncio.run(_transact_postgres(database_url, fn, *args, read_only=read_only))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = sqlite_engine(path, read_only=read_only)
    event.listen(engine, "connect", _without_foreign_keys)
    try:
        with engine.begin() as connection:
            result = fn(connection, *args)
            _check_foreign_keys(connection)
            return result
    finally:
        engine.dispose()


def _without_foreign_keys(connection: object, _record: object) -> None:
    # A table that is made anew is dropped in between; rows that point to it must not go with it.
    connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]


def _check_foreign_keys(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise RuntimeError("a row points to one that does not exist")


def in_transaction(
    database_url: str, key: bytes, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Runs a service's function beside the service, in one transaction of its own."""

    def on(connection: Connection) -> T:
        with Session(connection) as session:
            result = fn(Tx(session=session, now=SystemClock().now(), vault=Vault(key)), *args, **kwargs)
            session.commit()
            return result

    return transact(database_url, on)


async def _transact_postgres(database_url: str, fn: Callable[..., T], *args: object, read_only: bool) -> T:
    engine = create_async_engine(async_url(database_url), hide_parameters=True)
    try:
        async with engine.begin() as connection:
            if not read_only:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
            return await connection.run_sync(fn, *args)
    finally:
        await engine.dispose()
