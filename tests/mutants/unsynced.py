"""The service on a database told not to wait for the disk: SQLite by UNSYNCED (NORMAL, OFF), PostgreSQL by
`synchronous_commit`. The trace of system calls must show acknowledgements that went before their sync.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import event

import core.postgres
import core.sqlite
from ensilinja.cli import main


def loosened(make: Callable[..., Any], statement: str) -> Callable[..., Any]:
    def make_loose(*arguments: Any, **details: Any) -> Any:
        engine = make(*arguments, **details)

        @event.listens_for(getattr(engine, "sync_engine", engine), "connect")
        def loosen(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()
            connection.commit()

        return engine

    return make_loose


if __name__ == "__main__":
    how = os.environ.get("UNSYNCED", "NORMAL")
    core.sqlite.sqlite_engine = loosened(core.sqlite.sqlite_engine, f"PRAGMA synchronous={how}")
    core.postgres.postgres_engine = loosened(core.postgres.postgres_engine, "SET synchronous_commit TO off")
    main()
