"""Tables and columns as every room declares them. Refuses naive datetimes and unnamed constraints."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Insert,
    Integer,
    LargeBinary,
    Subquery,
    Table,
    TypeDecorator,
    bindparam,
    cast,
    column,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

type_json = JSON().with_variant(JSONB(), "postgresql")
type_big = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER autoincrements on SQLite

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = SQLModel.metadata


class UtcTime(TypeDecorator[datetime]):
    """An instant: stored as UTC, read back aware; a naive value is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses naive values and turns others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Gives SQLite's zoneless texts their zone back."""
        return _from_text if dialect.name == "sqlite" else _in_utc


def _from_text(value: str | None) -> datetime | None:
    return datetime.fromisoformat(f"{value}+00:00") if value is not None else None


def _in_utc(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


class Row(SQLModel):
    """Base of all tables."""


def big_id() -> Any:
    """A 64-bit primary key made by the database."""
    return Field(default=None, sa_column=Column(type_big, primary_key=True, autoincrement=True))


def big_int(*, nullable: bool = False, index: bool = False, unique: bool = False) -> Any:
    """A 64-bit number."""
    column: Column[int] = Column(type_big, nullable=nullable, index=index, unique=unique)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def utc(*, nullable: bool = False, index: bool = False) -> Any:
    """An instant column."""
    column: Column[datetime] = Column(UtcTime(), nullable=nullable, index=index)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def ref(target: str, *, nullable: bool = False, index: bool = True, primary: bool = False) -> Any:
    """A foreign key by table name, e.g. `ref("contact.id")`."""
    column: Column[int] = Column(
        type_big,
        ForeignKey(target),
        nullable=nullable and not primary,
        index=index and not primary,
        primary_key=primary,
        autoincrement=False,
    )
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def json_col(*, nullable: bool = False) -> Any:
    """A JSON document of ids, codes and instants."""
    column: Column[Any] = Column(type_json, nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def sealed(*, nullable: bool = True) -> Any:
    """Content encrypted by `core.vault`."""
    column: Column[bytes] = Column(LargeBinary(), nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


class Ids(TypeDecorator[list[int]]):
    """Many numbers as one parameter."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """A list of the database's own, or JSON."""
        return dialect.type_descriptor(ARRAY(BigInteger()) if dialect.name == "postgresql" else JSON())


class Among(FunctionElement[bool]):
    """Whether the column is one of the numbers."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """Stands as it is among conditions: compared with 1, as truths are on SQLite, it uses no index."""
        return self


@compiles(Among, "postgresql")
def _among_on_postgres(element: Among, compiler: SQLCompiler, **how: Any) -> str:
    column, ids = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{column} = ANY ({ids})"


@compiles(Among, "sqlite")
def _among_on_sqlite(element: Among, compiler: SQLCompiler, **how: Any) -> str:
    column, ids = (compiler.process(clause, **how) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - made of what was made here


def among(column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """One of the numbers that come as the one parameter `name`: one statement, however many they are.

    A list for IN is written into the statement anew each time, and each length of it is planned anew.
    """
    return Among(column, bindparam(name, type_=Ids()))


class Elements(FunctionElement[Any]):
    """The elements of a JSON list as rows of one column, `value`."""

    inherit_cache = True


@compiles(Elements, "postgresql")
def _elements_on_postgres(element: Elements, compiler: SQLCompiler, **how: Any) -> str:
    return f"jsonb_array_elements({compiler.process(element.clauses, **how)})"


@compiles(Elements, "sqlite")
def _elements_on_sqlite(element: Elements, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


def given_rows(name: str, **types: TypeEngine[Any]) -> Subquery:
    """Rows that come as the one parameter `name`, a list of lists: one statement, however many they are.

    Columns are numbers, texts, truths and JSON; an instant is a parameter of its own.
    """
    given = Elements(bindparam(name, type_=type_json)).table_valued(
        column("value", type_json), name=f"{name}_given"
    )
    return select(
        *(_element(given.c.value, place, kind).label(key) for place, (key, kind) in enumerate(types.items()))
    ).subquery(name)


def insert_given(table: Table, given: Subquery, **values: ColumnElement[Any]) -> Insert:
    """The INSERT of `given_rows` in the order of their `place`; `values` are the columns they do not have."""
    written = {one.name: one for one in given.c if one.name in table.c} | values
    return insert(table).from_select([*written], select(*written.values()).order_by(given.c.place))


def _element(row: ColumnElement[Any], place: int, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    where: ColumnElement[int] = literal_column(str(place))
    if kind is type_json:  # SQLite takes a cast to JSON for one to a number
        return row.op("->", return_type=type_json)(where)
    return cast(row.op("->>")(where), kind)


class Adding:
    """An INSERT of many rows as tuples in the order of `names`, made once for each database.

    For the rows of which there are most, and which `given_rows` cannot take as they hold bytes: to name each
    value of each row costs more than to store it.
    """

    def __init__(self, table: Table, *names: str) -> None:
        """Columns that are not named get their server's default, or NULL."""
        self._table, self._names = table, names
        self._made: dict[str, tuple[str, list[Callable[[Any], Any] | None]]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Inserts the rows in their order."""
        dialect = connection.dialect
        if dialect.name not in self._made:
            self._made[dialect.name] = self._make(dialect)
        statement, turns = self._made[dialect.name]
        columns = zip(turns, zip(*rows, strict=True), strict=True)
        turned = [column if turn is None else [*_turned(turn, column)] for turn, column in columns]
        if dialect.name == "postgresql":  # a list for each column: a row at a time costs three times as much
            connection.exec_driver_sql(statement, tuple(turned))
        else:
            connection.exec_driver_sql(statement, list(zip(*turned, strict=True)))

    def _make(self, dialect: Dialect) -> tuple[str, list[Callable[[Any], Any] | None]]:
        types = [self._table.c[name].type.dialect_impl(dialect) for name in self._names]
        processors: list[Callable[[Any], Any] | None] = [each.bind_processor(dialect) for each in types]
        if dialect.name == "postgresql":
            lists = ", ".join(
                f"${place}::{each.compile(dialect=dialect)}[]" for place, each in enumerate(types, 1)
            )
            into = f"{self._table.name} ({', '.join(self._names)})"
            return f"INSERT INTO {into} SELECT * FROM unnest({lists})", processors  # noqa: S608 - names of ours
        compiled = insert(self._table).compile(dialect=dialect, column_keys=list(self._names))
        if list(compiled.params) != list(self._names):
            raise ValueError("names are in the order of the table's columns")
        return str(compiled), processors


def _turned(turn: Callable[[Any], Any], values: Sequence[Any]) -> Iterator[Any]:
    """The values as the driver takes them; the same one again, as an instant is, is turned once."""
    last, given = None, turn(None)
    for value in values:
        if value is not last:
            last, given = value, turn(value)
        yield given


def table(model: type[Row]) -> Table:
    """The table of a model. A statement that names no model itself costs half as much to run."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def columns(model: type[Row]) -> Any:
    """The columns of a table for conditions: a model's own attributes are typed as the values they hold."""
    return table(model).c


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows that match `where`, on both databases."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
