"""Dialects whose savepoints are three fixed sentences.

Every write has a savepoint. The library gives each a name of its own and compiles three statements for it: on
SQLite that took three times as long as the rest of a small write, and PostgreSQL prepared each anew.
"""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError

NAME = "operation"  # of all of them: the newest of that name is meant


def say(connection: Connection, words: str) -> None:
    """Has the driver say it as it is, in the connection's open transaction or to begin one."""
    driver: Any = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        cursor.execute(words)
    except driver.Error as error:
        raise DBAPIError(words, None, error) from error
    finally:
        cursor.close()


class _Savepoints:
    def do_savepoint(self, connection: Connection, name: str) -> None:
        say(connection, f"SAVEPOINT {NAME}")

    def do_rollback_to_savepoint(self, connection: Connection, name: str) -> None:
        say(connection, f"ROLLBACK TO SAVEPOINT {NAME}")
        say(connection, f"RELEASE SAVEPOINT {NAME}")  # or the next outer one would not be the newest

    def do_release_savepoint(self, connection: Connection, name: str) -> None:
        say(connection, f"RELEASE SAVEPOINT {NAME}")


class SqliteDialect(_Savepoints, SQLiteDialect_pysqlite):
    """`sqlite+ensilinja://`."""

    supports_statement_cache = True


class PostgresDialect(_Savepoints, PGDialect_asyncpg):
    """`postgresql+ensilinja://`."""

    supports_statement_cache = True


SQLITE, POSTGRES = "sqlite+ensilinja", "postgresql+ensilinja"
registry.register(SQLITE.replace("+", "."), __name__, SqliteDialect.__name__)
registry.register(POSTGRES.replace("+", "."), __name__, PostgresDialect.__name__)
