"""112 is on the screen within a second whatever has failed: the page needs no session and no store (I22)."""

import time
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from core.settings import load_settings
from ensilinja import app
from ensilinja.doors import COOKIES
from ensilinja.runtime import Runtime
from tools.servers import PgServer


def a_demo(folder: Path, **more: str) -> Runtime:
    return app.build(load_settings({}, {"data_dir": folder, **more}), is_demo=True)


async def seen(runtime: Runtime, path: str) -> tuple[int, str, float]:
    """What a browser that has a session's cookie sees, and after how many seconds."""
    cookies = {"Cookie": f"{COOKIES['resident']}=somebody"}
    async with TestClient(TestServer(app.make_app(runtime))) as client:
        began = time.monotonic()
        answer = await client.get(path, headers=cookies)
        return answer.status, await answer.text(), time.monotonic() - began


async def test_page_of_112_stands_while_the_store_is_down(tmp_path: Path) -> None:
    runtime = a_demo(tmp_path)
    await runtime.store.stop()

    status, page, seconds = await seen(runtime, "/hata")

    assert status == 200
    assert 'href="tel:112"' in page
    assert seconds < 1


async def test_page_of_112_does_not_wait_for_a_database_that_is_paused(
    durable_pg_server: PgServer, tmp_path: Path
) -> None:
    runtime = a_demo(tmp_path, database_url=durable_pg_server.create())
    durable_pg_server.pause()

    status, page, seconds = await seen(runtime, "/hata")
    durable_pg_server.resume()
    await runtime.store.stop()

    assert status == 200
    assert 'href="tel:112"' in page
    assert seconds < 1
