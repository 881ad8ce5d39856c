"""What alembic runs for every command, on the connection and in the transaction of `ensilinja.schema`."""

from typing import Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import AutoString

from core.db import UtcTime, type_json
from ensilinja.tables import metadata


def plain_type(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Migrations are history: they name the database's own types, not those of today's code."""
    if kind == "type" and isinstance(item, UtcTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and item is type_json:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def same_type(
    _context: object, _inspected: object, _described: object, found: object, wanted: object
) -> bool | None:
    """SQLite keeps instants without a zone, which is not a difference."""
    if isinstance(wanted, UtcTime) and isinstance(found, sa.DateTime):
        return False
    return None


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=plain_type,
    compare_type=same_type,
    # SQLite changes a table by making it anew; the first migration only makes tables.
    render_as_batch=not context.config.attributes.get("is_first", False),
    transactional_ddl=True,  # on SQLite too: a kill in the middle leaves the old version whole
)
context.run_migrations()
