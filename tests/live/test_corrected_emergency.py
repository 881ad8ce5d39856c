"""An emergency ticked by mistake: going back keeps one contact, and what was sent is not asked for again."""

import re
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from ensilinja import app
from ensilinja.doors import COOKIES
from ensilinja.runtime import Runtime
from router.models import Contact
from tests.demos import a_stored_demo

NONE = "ei-mikaan"


class Resident:
    """A browser without JavaScript, with one session."""

    def __init__(self, client: TestClient, runtime: Runtime) -> None:  # type: ignore[type-arg]
        self.client, self.cookie = client, ""
        self.origin = next(iter(runtime.origins))

    async def get(self, path: str) -> ClientResponse:
        return await self.client.get(path, headers={"Cookie": self.cookie}, allow_redirects=False)

    async def send(self, page: str, path: str, **fields: str) -> str:
        """Sends a form of `page` to `path` and returns where it leads."""
        found = re.search(r'name="csrf" value="([^"]*)"', await (await self.get(page)).text())
        data = {"csrf": found[1] if found else "", **fields}
        headers = {"Cookie": self.cookie, "Origin": self.origin}
        answer = await self.client.post(path, data=data, headers=headers, allow_redirects=False)
        for morsel in SimpleCookie(answer.headers.get("Set-Cookie", "")).values():
            if morsel.key == COOKIES["resident"]:
                self.cookie = f"{morsel.key}={morsel.value}"
        return answer.headers.get("Location", str(answer.status))


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    async with a_stored_demo(tmp_path) as runtime:
        yield runtime


async def contacts(runtime: Runtime) -> int:
    return int(await runtime.store.read(lambda tx: tx.scalar(select(func.count()).select_from(Contact))))


async def test_emergency_ticked_corrected_and_ticked_again_is_one_contact(runtime: Runtime) -> None:
    async with TestClient(TestServer(app.make_app(runtime))) as client:
        resident = Resident(client, runtime)
        await resident.send("/", "/aloita", tapa="chat")
        ticked = await resident.send("/kysely/hata", "/kysely/hata", hata="gate_breathing")
        corrected = (await resident.get("/hata/korjaa")).headers["Location"]
        again = await resident.send("/kysely/hata", "/kysely/hata", hata="gate_chest")

    assert (ticked, corrected, again) == ("/hata", "/kysely/hata", "/hata")
    assert await contacts(runtime) == 1


async def test_going_back_to_sent_answers_leads_to_the_waiting_room(runtime: Runtime) -> None:
    async with TestClient(TestServer(app.make_app(runtime))) as client:
        resident = Resident(client, runtime)
        await resident.send("/", "/aloita", tapa="chat")
        await resident.send("/kysely/hata", "/kysely/hata", hata="gate_breathing")
        back = await resident.get("/kysely/hata")

    assert (back.status, back.headers["Location"]) == (303, "/odotus")
    assert await contacts(runtime) == 1
