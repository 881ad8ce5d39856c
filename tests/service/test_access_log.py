"""A professional's read of content whose row in the access log cannot be written is refused (I25)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

import ensilinja.ops_staff  # noqa: F401 - registers the operations
from core.errors import EnsilinjaError
from core.store import Store, Tx
from ensilinja.ops import find_op, perform, read_body
from queues import service as queues
from tests.builders import a_store
from tests.rooms import SERVICES, a_chat, a_nurse, offered

REFUSES = {
    "sqlite": ["CREATE TRIGGER log_full BEFORE INSERT ON access_log BEGIN SELECT RAISE(FAIL, 'full'); END"],
    "postgresql": [
        "CREATE FUNCTION log_full() RETURNS trigger AS $$BEGIN RAISE 'full'; END$$ LANGUAGE plpgsql",
        "CREATE TRIGGER log_full BEFORE INSERT ON access_log FOR EACH ROW EXECUTE FUNCTION log_full()",
    ],
}
TAKES_AGAIN = {
    "sqlite": ["DROP TRIGGER log_full"],
    "postgresql": ["DROP TRIGGER log_full ON access_log", "DROP FUNCTION log_full"],
}


@contextlib.asynccontextmanager
async def full_access_log(store: Store) -> AsyncIterator[None]:
    await store.write(run, REFUSES)
    try:
        yield
    finally:
        await store.write(run, TAKES_AGAIN)


def run(tx: Tx, statements: dict[str, list[str]]) -> None:
    for statement in statements[tx.session.get_bind().dialect.name]:
        tx.run(text(statement))


@pytest.mark.parametrize("name", ["contact.open", "offer.accept"])
async def test_content_is_not_read_where_its_access_row_cannot_be_written(
    name: str, database_url: str
) -> None:
    async with a_store(database_url) as store:
        nurse = await store.write(a_nurse)
        received = await store.write(a_chat)
        entry = await store.write(offered)
        operation = find_op(nurse, name)
        asked = {"contact": received.contact}
        body = read_body(
            operation, asked | ({"assignment": entry.assignment} if name == "offer.accept" else {})
        )

        async with full_access_log(store), asyncio.timeout(10):
            with pytest.raises(EnsilinjaError):
                await store.write(perform, operation, nurse, body, SERVICES)
            refused = await store.read(queues.entry, entry.id)
        answer = await store.write(perform, operation, nurse, body, SERVICES)

        assert refused == entry
        assert answer
