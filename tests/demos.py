"""The demo inside the test's own process: its parts, with the county's files read once a process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

from core.clock import Clock
from core.settings import Settings, load_settings
from ensilinja import app
from ensilinja.runtime import Runtime
from router.services import Services
from tests.builders import create_tables, patience


@cache
def demo_services() -> Services:
    """The shipped county as a demo has it, open at all hours."""
    return app.load_services(load_settings({}, {}), is_demo=True)


def a_demo(folder: Path, *, clock: Clock | None = None, **overrides: object) -> Runtime:
    """A demo's parts with its data in `folder`, not yet running."""
    settings: Settings = load_settings({}, {"data_dir": folder, **overrides})
    return app.build(settings, is_demo=True, clock=clock, services=demo_services())


@contextlib.asynccontextmanager
async def a_stored_demo(
    folder: Path, *, clock: Clock | None = None, **overrides: object
) -> AsyncIterator[Runtime]:
    """A demo's parts with its store running on tables of its own, and without its loops."""
    with patience():
        runtime = a_demo(folder, clock=clock, **overrides)
        await create_tables(runtime.settings.database_url)
        writer = asyncio.create_task(runtime.store.run())
        try:
            yield runtime
        finally:
            with contextlib.suppress(OSError):  # a test may have stopped it
                await runtime.store.stop()
            await writer
