"""The demo's telephone as a browser without scripts uses it: call, keys, promise, and being called back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from callbacks.telephony.simulated import Behaviour, SimulatedTelephony
from ensilinja import app, calls
from ensilinja.runtime import Runtime
from tests.demos import a_stored_demo

Client = TestClient[web.Request, web.Application]
NUMBER = "+358401234567"


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    """A demo's parts with its store and its exchange."""
    async with a_stored_demo(tmp_path) as runtime:
        await runtime.telephony.start(calls.listener(runtime))
        yield runtime


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[Client]:
    server = TestServer(app.make_app(runtime))
    await server.start_server()
    origin = str(server.make_url("/")).rstrip("/")
    runtime.origins = frozenset({origin})
    headers = {"Origin": origin, "Accept": "text/html"}
    jar = CookieJar(unsafe=True, treat_as_secure_origin=[server.make_url("/")])
    async with TestClient(server, cookie_jar=jar, headers=headers) as client:
        yield client


async def ring(client: Client, number: str = "040 123 4567", line: str = "health_station") -> tuple[str, str]:
    """The address of the call's page, and the page."""
    answer = await client.post("/demo/puhelin", data={"linja": line, "numero": number})
    return answer.url.path, await answer.text()


async def do(client: Client, url: str, act: str, **form: str) -> str:
    answer = await client.post(f"{url}/{act}", data=form)
    assert answer.status == 200
    return await answer.text()


async def test_page_offers_the_lines_and_a_made_up_number(client: Client) -> None:
    answer = await client.get("/demo/puhelin")
    page = await answer.text()

    assert answer.status == 200
    assert "Terveysasemien Ensilinja" in page and 'value="040 123 4567"' in page
    assert page.count("<script") == page.count("offline.js") == 1  # the telephone itself needs none


async def test_one_and_one_is_a_promise(client: Client) -> None:
    url, greeted = await ring(client)
    asked = await do(client, url, "nappain", nappain="1")
    promised = await do(client, url, "nappain", nappain="1")

    assert "Terveysasemien Ensilinja" in greeted and "paina 1" in greeted
    assert "numeroon, josta soitat" in asked
    assert "Edelläsi ei ole ketään" in greeted
    assert "Soitamme sinulle viimeistään tänään kello 23.59" in promised
    assert 'data-call-state="promised"' in promised
    assert "Sulje puhelin" not in promised


async def test_another_number_is_typed_and_read_back(client: Client) -> None:
    url, _ = await ring(client, number="")
    await do(client, url, "nappain", nappain="1")
    read_back = await do(client, url, "nappain", nappain="040 765 4321#")
    promised = await do(client, url, "nappain", nappain="1")

    assert "0 4 0 7 6 5 4 3 2 1" in read_back
    assert 'data-call-state="promised"' in promised


async def test_waiting_caller_is_in_the_line_and_may_hang_up(client: Client) -> None:
    url, _ = await ring(client)
    in_line = await do(client, url, "odota")
    ended = await do(client, url, "sulje")

    assert 'data-call-state="in_line"' in in_line and 'http-equiv="refresh"' in in_line
    assert 'data-call-state="ended"' in ended


async def test_answered_caller_sees_that_somebody_answered(client: Client, runtime: Runtime) -> None:
    url, _ = await ring(client)
    await do(client, url, "odota")
    await runtime.telephony.connect("bridge:1", url.rsplit("/", 1)[1], "browser")

    assert 'data-call-state="connected"' in await (await client.get(url)).text()


async def test_how_the_number_answers_is_scripted_and_kept(client: Client, runtime: Runtime) -> None:
    form = {"numero": "040 123 4567", "tapa": "busy"}
    page = await (await client.post("/demo/puhelin/vastaaminen", data=form)).text()

    assert isinstance(runtime.telephony, SimulatedTelephony)
    assert runtime.telephony.behaviour_of(NUMBER) is Behaviour.BUSY
    assert 'value="busy" checked' in page


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("", {"linja": "health_station", "numero": "112"}),
        ("", {"linja": "nowhere", "numero": ""}),
        ("/vastaaminen", {"numero": "", "tapa": "busy"}),
        ("/vastaaminen", {"numero": "040 123 4567", "tapa": "explodes"}),
    ],
)
async def test_what_cannot_be_is_shown_to_be_mended(client: Client, path: str, form: dict[str, str]) -> None:
    answer = await client.post(f"/demo/puhelin{path}", data=form)

    assert answer.status == 422
    assert "error-summary" in await answer.text()


async def test_strange_keys_are_refused(client: Client) -> None:
    url, _ = await ring(client)

    assert (await client.post(f"{url}/nappain", data={"nappain": "<b>"})).status == 422


async def test_unknown_call_is_not_found(client: Client) -> None:
    assert (await client.get("/demo/puhelin/sim-1")).status == 404
    assert (await client.post("/demo/puhelin/sim-1/odota", data={})).status == 404


async def test_page_reads_in_every_language(client: Client) -> None:
    for lang, title in (("fi", "Demon puhelin"), ("sv", "Demons telefon"), ("en", "The demo’s telephone")):
        assert title in await (await client.get(f"/demo/puhelin?kieli={lang}")).text()


async def test_without_a_demo_there_is_no_telephone() -> None:
    paths = {door.path for room in app.all_doors(is_demo=False) for door in room.all}

    assert not any(path.startswith("/demo") for path in paths)
