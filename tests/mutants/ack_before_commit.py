"""The service, its embedded store answering before it commits where somebody says something. The kill test
must find what it loses.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import Connection

from core.sqlite import SqliteStore
from core.store import Operation, Outcome, settle
from ensilinja.cli import main

WINDOW = 0.2  # seconds; every such program has one: widened so that an answer is out before a kill meets it
commit = SqliteStore._commit
run = SqliteStore.run


class Answered:
    """Answers as soon as the operations have run."""

    loop: asyncio.AbstractEventLoop | None = None


async def run_and_note(self: SqliteStore) -> None:
    Answered.loop = asyncio.get_running_loop()
    await run(self)


def commit_later(
    self: SqliteStore, connection: Connection, operations: Sequence[Operation]
) -> list[Outcome] | None:
    import core.sqlite

    if not any(getattr(one, "name", "") == "message.send" for each in operations for one in each.args[:1]):
        return unharmed(self, connection, operations)

    def run_and_answer(*arguments: object) -> list[Outcome]:
        outcomes = run_batch(*arguments)  # type: ignore[arg-type]
        if Answered.loop is not None:
            with contextlib.suppress(RuntimeError):
                Answered.loop.call_soon_threadsafe(settle, operations, outcomes, [])
        time.sleep(WINDOW)
        return outcomes

    run_batch, core.sqlite.run_batch = core.sqlite.run_batch, run_and_answer  # type: ignore[assignment]
    try:
        return commit(self, connection, operations)
    finally:
        core.sqlite.run_batch = run_batch


def unharmed(
    self: SqliteStore, connection: Connection, operations: Sequence[Operation]
) -> list[Outcome] | None:
    """As it should be, and not killed: a kill here would prove nothing."""
    import core.sqlite

    at_once, core.sqlite.failpoint = core.sqlite.failpoint, lambda _: None
    try:
        return commit(self, connection, operations)
    finally:
        core.sqlite.failpoint = at_once


if __name__ == "__main__":
    SqliteStore.run = run_and_note  # type: ignore[method-assign]
    SqliteStore._commit = commit_later  # type: ignore[method-assign]
    main()
