"""A row broken in the running service's file: board, figures and log tell, and the service goes on."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.store import Tx
from ensilinja import accounts, app, demo
from ensilinja.auth import sessions
from ensilinja.loops import Loops
from ensilinja.runtime import Runtime
from router.intake import receive
from tests.builders import create_tables
from tests.demos import a_demo
from tests.rooms import an_arrival

SOON = 30.0  # seconds: two looks take about four on a free machine


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Runtime, TestClient[web.Request, web.Application]]]:
    """The program with its loops, checking itself every second."""
    runtime = a_demo(folder, self_check_seconds=1.0)
    await create_tables(runtime.settings.database_url)
    writer = asyncio.create_task(runtime.store.run())
    await runtime.store.write(demo.seed, runtime.services.catalogue)
    Loops(runtime).start()
    server = TestServer(app.make_app(runtime))
    await server.start_server()
    origin = str(server.make_url("/")).rstrip("/")
    runtime.origins = frozenset({origin})
    async with TestClient(server, headers={"Origin": origin}) as client:
        yield runtime, client
    await runtime.tasks.stop()
    await runtime.store.stop()
    await writer


async def alarms(client: TestClient[Any, Any], token: str) -> AsyncIterator[set[str]]:
    """The kinds of alarms on a supervisor's board, picture after picture."""
    headers = {"Cookie": f"__Host-ensilinja-staff={token}", "Origin": client.session.headers["Origin"]}
    async with client.ws_connect("/ws", headers=headers) as socket:
        await socket.send_str(json.dumps({"op": "hello", "id": "h", "role": "board", "seen": {}}))
        while True:
            frame = await socket.receive_json(timeout=SOON)
            if frame.get("ev") == "board":
                yield {alarm["kind"] for alarm in frame["board"]["alarms"]}


async def test_broken_row_is_on_the_board_until_it_is_right(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with serving(tmp_path) as (runtime, client):
            contact = await runtime.store.write(
                lambda tx: receive(tx, an_arrival(tx), runtime.services).contact
            )
            token = await runtime.store.write(a_supervisor)
            async with asyncio.timeout(3 * SOON), contextlib.aclosing(alarms(client, token)) as pictures:
                async for kinds in pictures:
                    assert "check_conservation" not in kinds
                    break
                broken(tmp_path, "state = 'left', resume_until = '2099-01-01'", contact)
                async for kinds in pictures:
                    if "check_conservation" in kinds:
                        break
                ready = await client.get("/readyz")
                figures = await (await client.get("/metrics")).text()
                broken(tmp_path, "state = 'waiting', resume_until = NULL", contact)
                async for kinds in pictures:
                    if "check_conservation" not in kinds:
                        break

    told = [line for line in logs if line["event"] == "an invariant is broken"]
    assert ready.status == 200
    assert 'ensilinja_broken_invariant_rows{op="conservation"} 1.0' in figures
    assert told and all(line["rows"] == [f"contact:{contact}"] for line in told)


def a_supervisor(tx: Tx) -> str:
    return sessions.sign_in(tx, accounts.find(tx, "liisa") or 0, "fi")


def broken(folder: Path, change: str, contact: int) -> None:
    """Changes the file behind the service's back."""
    with contextlib.closing(sqlite3.connect(folder / "ensilinja.sqlite3", timeout=20)) as file, file:
        file.execute(f"UPDATE entry SET {change} WHERE contact_id = ?", (contact,))
