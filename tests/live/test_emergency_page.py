"""112 is on the screen within a second whatever has failed: the page needs no session and no store (I22)."""

import time
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from ensilinja import app
from ensilinja.doors import COOKIES
from ensilinja.runtime import Runtime
from tests.demos import a_demo
from tools.servers import PgServer


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


async def test_front_page_gives_the_numbers_while_the_store_is_down(tmp_path: Path) -> None:
    runtime = a_demo(tmp_path)
    await runtime.store.stop()

    status, page, seconds = await seen(runtime, "/")

    assert status == 200
    assert "Chat ei toimi juuri nyt" in page
    assert 'href="tel:+35836296301"' in page
    assert "/aloita" not in page
    assert seconds < 2


async def test_page_for_no_network_needs_no_store(tmp_path: Path) -> None:
    runtime = a_demo(tmp_path)
    await runtime.store.stop()

    for lang, number in (("fi", "Ei verkkoyhteyttä"), ("sv", "Ingen nätförbindelse"), ("en", "No internet")):
        status, page, _ = await seen(runtime, f"/yhteydeton/{lang}")
        assert status == 200
        assert number in page
        assert 'href="tel:112"' in page
