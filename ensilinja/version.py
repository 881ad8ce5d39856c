"""Whether this code can serve a database as it is: one query, so that a restart need not load the migrations.

Each migration says by `works_from` the oldest version of the program that works with what it leaves. So a
database that is ahead of this code can still be served, while a new version takes over or after a step back.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text

from core.errors import EnsilinjaError, Unavailable
from core.store import Store, Tx

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
STANDING = (
    "SELECT alembic_version.version_num, compatibility.works_from FROM alembic_version "
    "LEFT JOIN compatibility ON compatibility.revision = alembic_version.version_num"
)


class NewerDatabase(EnsilinjaError):
    """The database has been used by a newer version of the program; install that version or a backup."""

    code = "newer_database"


class OlderProgramRuns(EnsilinjaError):
    """Processes of an older version are serving that cannot go on with the new tables; stop them first."""

    code = "older_program_runs"


def known() -> Sequence[str]:
    """The numbers of this code's migrations, which begin their files' names, in order."""
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return [name.partition("_")[0] for name in names]


def must_migrate(revision: str, works_from: str | None, ours: Sequence[str]) -> bool:
    """Whether a database at `revision` is behind this code; NewerDatabase when this code cannot serve it."""
    if revision in ours:
        return revision != ours[-1]
    if works_from not in ours:
        raise NewerDatabase(revision=revision)
    return False


def standing(tx: Tx) -> tuple[str, str | None]:
    """The version the database says it has, and from which version of the program on that works."""
    revision, works_from = tx.rows(text(STANDING))[0]
    return str(revision), works_from


async def is_usable(store: Store) -> bool:
    """Whether nothing is to be migrated; False also for an empty database and one that does not answer."""
    try:
        revision, works_from = await store.read(standing)
    except (Unavailable, IndexError):
        return False
    return not must_migrate(revision, works_from, known())
