"""Migrations on both stores: they make what the models say, whole or not at all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, inspect, text

from ensilinja import schema
from ensilinja.tables import metadata
from ensilinja.version import NewerDatabase, OlderProgramRuns, known

Shape = dict[str, list[object]]


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def shape(connection: Connection) -> Shape:
    """Every column, index and constraint as the database itself describes them."""
    look = inspect(connection)
    found: Shape = {}
    for table in sorted(tables(connection) - {"alembic_version"}):
        columns = sorted((c["name"], str(c["type"]), c["nullable"]) for c in look.get_columns(table))
        found[table] = [*columns, *definitions(connection, table)]
    return found


def definitions(connection: Connection, table: str) -> list[object]:
    if connection.dialect.name == "sqlite":
        statement = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = :t"
        look = inspect(connection)
        keys = sorted(str(key) for key in look.get_foreign_keys(table))
        checks = sorted(str(check) for check in look.get_check_constraints(table))
        unique = sorted(str(unique) for unique in look.get_unique_constraints(table))
        return [*sorted(connection.execute(text(statement), {"t": table}).scalars()), *keys, *checks, *unique]
    statement = (
        "SELECT indexdef FROM pg_indexes WHERE tablename = :t UNION ALL "
        "SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = to_regclass(quote_ident(:t))"
    )
    return sorted(connection.execute(text(statement), {"t": table}).scalars())


def test_migrations_leave_nothing_to_change(empty_database_url: str) -> None:
    schema.migrate(empty_database_url)

    assert [] == schema.differences(empty_database_url)


def test_migrations_make_exactly_what_the_models_say(empty_database_url: str) -> None:
    schema.migrate(empty_database_url)
    migrated = schema.transact(empty_database_url, shape, read_only=True)
    schema.downgrade(empty_database_url, "base")
    schema.transact(empty_database_url, metadata.create_all)
    described = schema.transact(empty_database_url, shape, read_only=True)

    assert migrated.keys() == described.keys() == metadata.tables.keys()
    for table in described:
        assert migrated[table] == described[table]


def test_downgrade_removes_every_table_and_the_way_up_is_open_again(empty_database_url: str) -> None:
    schema.migrate(empty_database_url)
    schema.downgrade(empty_database_url, "base")

    assert schema.transact(empty_database_url, tables, read_only=True) == {"alembic_version"}

    schema.migrate(empty_database_url)

    assert [] == schema.differences(empty_database_url)


def test_second_start_changes_nothing(empty_database_url: str) -> None:
    schema.migrate(empty_database_url)
    statement = text("INSERT INTO cursor (name, event_id) VALUES ('kept', 7)")
    schema.transact(empty_database_url, lambda connection: connection.execute(statement))

    schema.migrate(empty_database_url)

    query = text("SELECT event_id FROM cursor")
    kept = schema.transact(empty_database_url, lambda c: c.execute(query).scalar())
    assert kept == 7


def ahead(connection: Connection, works_from: str) -> None:
    """As a newer version leaves it: its migrations are not among ours."""
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    connection.execute(text("INSERT INTO compatibility VALUES ('9999', :oldest)"), {"oldest": works_from})


def test_database_of_a_newer_version_is_refused(empty_database_url: str) -> None:
    schema.migrate(empty_database_url)
    schema.transact(empty_database_url, ahead, "9999")

    with pytest.raises(NewerDatabase):
        schema.migrate(empty_database_url)


def test_database_of_a_newer_version_that_only_added_is_left_as_it_is(empty_database_url: str) -> None:
    schema.migrate(empty_database_url)
    schema.transact(empty_database_url, ahead, known()[-1])

    schema.migrate(empty_database_url)

    query = text("SELECT version_num FROM alembic_version")
    assert "9999" == schema.transact(empty_database_url, lambda c: c.execute(query).scalar())


def test_tables_are_not_changed_under_processes_that_need_them(
    pg_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PATIENCE", 0.0)
    address, beat = pg_url(), text("INSERT INTO heartbeat (process, at) VALUES ('old', now())")
    schema.migrate(address, "0004")
    schema.transact(address, lambda connection: connection.execute(beat))

    with pytest.raises(OlderProgramRuns):
        schema.migrate(address)

    stale = text("UPDATE heartbeat SET at = now() - interval '4 seconds'")
    schema.transact(address, lambda connection: connection.execute(stale))
    schema.migrate(address)
    assert [] == schema.differences(address)


def test_migration_that_breaks_off_leaves_nothing(empty_database_url: str) -> None:
    def break_off(connection: Connection) -> None:
        schema.upgrade(connection)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        schema.transact(empty_database_url, break_off)

    assert schema.transact(empty_database_url, tables, read_only=True) == set()


def test_processes_that_start_together_migrate_once(pg_url: Callable[[], str]) -> None:
    address = pg_url()
    with ThreadPoolExecutor(3) as starts:
        list(starts.map(schema.migrate, [address] * 3))

    assert [] == schema.differences(address)
