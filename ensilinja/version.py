"""Whether a database is at this code's version: one query, so that a restart need not load the migrations."""

from pathlib import Path

from sqlalchemy import text

from core.errors import EnsilinjaError, Unavailable
from core.store import Store, Tx

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


class NewerDatabase(EnsilinjaError):
    """The database has been used by a newer version of the program; install that version or a backup."""

    code = "newer_database"


def head() -> str:
    """The newest migration's number, which begins its file's name."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def stored(tx: Tx) -> str:
    """The version the database says it has."""
    return str(tx.scalar(text("SELECT version_num FROM alembic_version")))


async def is_current(store: Store) -> bool:
    """Whether nothing is to be migrated; False also for an empty database and one that does not answer."""
    try:
        return await store.read(stored) == head()
    except Unavailable:
        return False
