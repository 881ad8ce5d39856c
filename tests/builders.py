"""Small builders for tests: a store on an empty database, and the values services take."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from sqlalchemy import create_engine, inspect
from sqlalchemy.ext.asyncio import create_async_engine

import ensilinja.tables
from core.clock import Clock, FixedClock
from core.opening import open_store
from core.postgres import async_url
from core.store import Store
from core.vault import Vault

TEST_KEY = bytes(range(32))
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 10.00 in Helsinki, a working day


async def create_tables(database_url: str) -> None:
    """All tables on an empty database, as the migrations make them."""
    metadata = ensilinja.tables.metadata
    if database_url.startswith("sqlite"):
        engine = create_engine(database_url)
        metadata.create_all(engine)
        engine.dispose()
        return
    async_engine = create_async_engine(async_url(database_url))
    async with async_engine.begin() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("contact")):
            await connection.run_sync(metadata.create_all, checkfirst=False)
    await async_engine.dispose()


@contextlib.asynccontextmanager
async def a_store(database_url: str, clock: Clock | None = None) -> AsyncIterator[Store]:
    """A running store with all tables; stopped at the end."""
    await create_tables(database_url)
    store = open_store(database_url, clock or FixedClock(MONDAY), Vault(TEST_KEY))
    writer = asyncio.create_task(store.run())
    try:
        yield store
    finally:
        await store.stop()
        await writer
