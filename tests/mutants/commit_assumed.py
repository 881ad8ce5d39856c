"""The service whose embedded store answers as if every commit had succeeded, whatever the disk said."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.sqlite import SqliteStore
from core.store import Operation, Outcome, run_batch
from ensilinja.cli import main


def commit(
    self: SqliteStore, connection: Connection, operations: Sequence[Operation]
) -> list[Outcome] | None:
    transaction = connection.begin()
    outcomes = run_batch(connection, operations, self.clock, self.vault)
    try:
        transaction.commit()
    except DBAPIError:
        with contextlib.suppress(DBAPIError):
            connection.rollback()
        connection.invalidate()
    return outcomes


if __name__ == "__main__":
    SqliteStore._commit = commit  # type: ignore[method-assign]
    main()
