"""Processor time a second that the live board takes with many who watch it (P3b), by a real server.

    python -m benchmarks.board [--quick]

1,500 open callbacks and 500 chats wait, 60 are at work, 3,000 contacts of today have ended. What the server
uses without anybody at the board is taken off.
"""

import argparse
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.orm import Session
from websockets.asyncio.client import connect

from benchmarks import filling
from benchmarks.machine import durable_postgres, told, used
from core.identity import Role
from core.store import Tx
from core.vault import Vault
from ensilinja import accounts, schema
from ensilinja.auth import sessions
from queues.models import SHIFT
from tests.builders import TEST_KEY
from tests.faults.seed import PASSWORD, services_of
from tests.faults.server import Server, an_open_county, serving

WATCHERS = (1, 10, 50)


def busy(connection: Connection, county: Path) -> str:
    """The busy floor; returns a supervisor's session."""
    now = datetime.now(UTC)
    services = services_of(county)
    queues = [queue.id for queue in services.catalogue.queues]
    filling.professionals(connection, 60, queues=queues, now=now)
    filling.past(connection, 3_000, until=now, days=1)
    filling.in_line(connection, 1_500, queues=queues, channel="callback", now=now, hours=4)
    filling.in_line(connection, 500, queues=queues, channel="chat", now=now)
    connection.execute(update(SHIFT).values(lease_until=now + timedelta(days=1), state="paused"))
    filling.settle(connection)
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        tx = Tx(session=session, now=now, vault=Vault(TEST_KEY))
        account = accounts.NewAccount(
            username="valvoja", name="Valvoja", profession="esihenkilö", roles=(Role.SUPERVISOR,), queues=()
        )
        hash_ = accounts.password_hash("valvoja", PASSWORD)
        staff = accounts.create(tx, account, hash_, queues)
        token = sessions.sign_in(tx, staff, "fi")
        session.commit()
    return token


@asynccontextmanager
async def watching(server: Server, token: str, count: int) -> AsyncIterator[list[int]]:
    """So many boards that are read; the list counts the pictures they got."""
    pictures: list[int] = []

    async def watch() -> None:
        cookie = {"Cookie": f"__Host-ensilinja-staff={token}"}
        origin: Any = server.origin
        async with connect(server.socket, origin=origin, additional_headers=cookie, proxy=None) as line:
            await line.send('{"op": "hello", "id": "1", "role": "board", "seen": {}}')
            async for frame in line:
                if '"ev":"board"' in str(frame)[:40].replace(" ", ""):
                    pictures.append(len(frame))

    tasks = [asyncio.create_task(watch()) for _ in range(count)]
    try:
        yield pictures
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


async def a_second(server: Server, token: str, count: int, seconds: float) -> tuple[float, float]:
    """Processor milliseconds a second with so many watchers, and the pictures each got a second."""
    async with watching(server, token, count) as pictures:
        await asyncio.sleep(3)
        pictures.clear()
        before, began = used(server.pid), time.perf_counter()
        await asyncio.sleep(seconds)
        passed = time.perf_counter() - began
        return 1_000 * (used(server.pid) - before) / passed, len(pictures) / max(count, 1) / passed


def measure(folder: Path, county: Path, url: str, seconds: float) -> None:
    """The table of one database."""
    schema.migrate(url)
    token = schema.transact(url, partial(busy, county=county))
    shape = url.partition(":")[0]
    with serving(Server(folder, county, url, name=shape)) as server:
        alone, _ = asyncio.run(a_second(server, token, 0, seconds))
        for count in WATCHERS:
            milliseconds, pictures = asyncio.run(a_second(server, token, count, seconds))
            print(
                f"{shape:>10}, {count:>2} watch: {milliseconds - alone:>5.1f} ms a second above {alone:.0f} "
                f"without, {pictures:.2f} pictures a second each (gate 20, goal 5)",
                flush=True,
            )


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="5 s a figure instead of 20")
    seconds = 5.0 if parser.parse_args().quick else 20.0
    print(f"P3b, the board's processor time with 1,500 open callbacks and 500 chats; {told()}")
    with TemporaryDirectory() as name, durable_postgres() as server:
        folder = Path(name)
        county = an_open_county(folder)
        for url in (f"sqlite:///{folder}/ensilinja.db", server.create()):
            measure(folder, county, url, seconds)


if __name__ == "__main__":
    main()
