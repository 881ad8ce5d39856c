"""Who hears a message that a caller left: who may open its contact, and nobody else."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from callbacks.models import RECORDING
from callbacks.telephony.simulated import SimulatedTelephony
from core import rights
from core.hours import ALWAYS_OPEN, local_date
from core.identity import Role
from core.models import AccessLog
from core.store import Tx
from ensilinja import accounts, app, calls
from ensilinja.accounts import NewAccount
from ensilinja.auth import sessions
from ensilinja.doors import COOKIES
from ensilinja.runtime import Runtime
from tests.demos import a_stored_demo
from tests.rooms import PHONE

Client = TestClient[web.Request, web.Application]
LINE = "dental"
PEOPLE: Mapping[str, tuple[Role, str]] = {
    "of the queue": (Role.AGENT, "dental"),
    "of another": (Role.AGENT, "nurse"),
    "supervisor": (Role.SUPERVISOR, "dental"),
    "approver": (Role.CONTENT_APPROVER, "dental"),
    "admin": (Role.ADMIN, "dental"),
    "auditor": (Role.AUDITOR, "dental"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A message, and everybody's cookie."""

    runtime: Runtime
    client: Client
    address: str
    cookies: Mapping[str, str]

    async def answers(self) -> dict[str, int]:
        """What each is answered."""
        found = {}
        for name, cookie in self.cookies.items():
            answer = await self.client.get(self.address, headers={"Cookie": cookie}, allow_redirects=False)
            found[name] = answer.status
        return found


def furnish(tx: Tx) -> dict[str, str]:
    contact, recording = tx.rows(select(RECORDING.contact_id, RECORDING.id))[0]
    cookies = {"nobody": "", "its number": str(recording)}
    for name, (role, queue) in PEOPLE.items():
        username = name.replace(" ", "-")
        account = NewAccount(
            username=username, name=name, profession="hoitaja", roles=(role,), queues=(queue,)
        )
        accounts.create(tx, account, "-", {queue})
        token = sessions.sign_in(tx, accounts.find(tx, username) or 0, "fi")
        cookies[name] = f"{COOKIES['staff']}={token}"
    token = sessions.begin_resident(tx, lang="fi", answers=None, contact=contact)
    return {**cookies, "its resident": f"{COOKIES['resident']}={token}"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_stored_demo(tmp_path) as runtime:
        services = runtime.services
        hours = replace(ALWAYS_OPEN, exceptions={local_date(runtime.clock.now()): ()})
        lines = [replace(line, hours=hours) if line.id == LINE else line for line in services.catalogue.lines]
        runtime.services = replace(services, catalogue=replace(services.catalogue, lines=tuple(lines)))
        exchange = runtime.telephony
        assert isinstance(exchange, SimulatedTelephony)
        await exchange.start(calls.listener(runtime))
        call = await exchange.ring(LINE, PHONE)
        await exchange.wait(call)
        await exchange.say(call, 3)
        cookies = await runtime.store.write(furnish)
        async with TestClient(TestServer(app.make_app(runtime))) as client:
            address = f"/konsoli/viesti/{cookies.pop('its number')}"
            yield House(runtime=runtime, client=client, address=address, cookies=cookies)


async def test_only_a_professional_of_the_queue_hears_it_and_that_is_logged(house: House) -> None:
    answers = await house.answers()
    log = await house.runtime.store.read(lambda tx: tx.all(select(AccessLog)))

    assert [name for name, status in answers.items() if status == 200] == ["of the queue"]
    assert answers["of another"] == 404
    assert [row.action for row in log] == ["recording.listen"]


async def test_it_is_sound_that_no_browser_keeps(house: House) -> None:
    cookie = {"Cookie": house.cookies["of the queue"]}
    answer = await house.client.get(house.address, headers=cookie)
    missing = await house.client.get("/konsoli/viesti/999", headers=cookie)
    odd = await house.client.get("/konsoli/viesti/1%20or", headers=cookie)

    assert (answer.headers["Cache-Control"], answer.content_type) == ("no-store", "audio/wav")
    assert (await answer.read())[:4] == b"RIFF"
    assert (missing.status, odd.status) == (404, 404)


async def test_missing_policy_would_be_seen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = {**rights.POLICIES, "recording.listen": rights.agent}
    monkeypatch.setattr(rights, "POLICIES", policies)

    assert (await house.answers())["of another"] == 200
