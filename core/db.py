"""Tables and columns as every room declares them. Refuses naive datetimes and unnamed constraints."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB
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

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives SQLite's zoneless values their zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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


def columns(model: type[Row]) -> Any:
    """The columns of a table for conditions: a model's own attributes are typed as the values they hold."""
    return model.__table__.c  # type: ignore[attr-defined]
