"""A resident who comes by the pages without JavaScript, answers that nothing is known, and waits."""

import asyncio
import re
import uuid

import aiohttp

from ensilinja.pages.views import NONE_OF_THESE, UNKNOWN_ANSWER
from tests.faults.people import Resident, World
from tests.faults.talk import COOKIES

TOKEN = re.compile(r'name="csrf" value="([^"]*)"')
CHOICE = re.compile(r'type="radio" name="vastaus"[^>]* value="([^"]+)"')
PAGES = 40  # more than any way through the questions has
STAY = 3.0  # seconds such a resident stays; most of them leave before anybody has had time for them
AGAIN = 0.2  # seconds before a page that was not answered is asked for again


class Arriver:
    """One arrival; every form is sent until it is answered, the last one too."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.token = ""
        self.csrf = ""

    async def run(self) -> None:
        async with aiohttp.ClientSession(self.world.origin, cookie_jar=aiohttp.DummyCookieJar()) as http:
            if not await self.walk(http):
                return
        who = f"arrival:{uuid.uuid4().hex[:8]}"
        self.world.log.note(who, "arrive", "invoke")
        resident = Resident(self.world, 0, self.token)
        chatting = asyncio.create_task(resident.run())
        try:
            while not resident.contact and not chatting.done():
                await asyncio.sleep(0.05)
            # An acknowledged arrival whose page finds no contact is one that has vanished: contact 0.
            self.world.log.note(who, "arrive", "ok", contact=resident.contact)
            async with asyncio.timeout(STAY):
                await chatting
        except TimeoutError:
            return
        finally:
            chatting.cancel()

    async def walk(self, http: aiohttp.ClientSession) -> bool:
        """True when the contact is acknowledged; False when the load ended before."""
        path = await self.post(http, "/aloita", {})
        page = await self.get(http, path)
        self.csrf = (TOKEN.search(page) or [""] * 2)[1]
        for _ in range(PAGES):
            if self.world.pacer.closed.is_set() and path != "/kysely/laheta":
                return False
            if path.startswith("/odotus"):
                return True
            if path == "/kysely/tarkista":
                path = "/kysely/laheta"
            path = await self.post(http, path, await self.answer(http, path))
        raise AssertionError(f"the questions do not end: {path}")

    async def answer(self, http: aiohttp.ClientSession, path: str) -> dict[str, str]:
        if path.endswith("/who"):
            found = CHOICE.search(await self.get(http, path))
            return {"vastaus": found[1] if found else ""}
        known = {
            "/kysely/hata": {"hata": NONE_OF_THESE},
            "/kysely/tanaan": {"hata": NONE_OF_THESE},
            "/kysely/asia": {"asia": "Kysyn neuvoa."},
            "/kysely/aihe": {"aihe": "general"},
            "/kysely/puhelin": {"ilman": "1"},
            "/kysely/laheta": {},
        }
        return known.get(path, {"vastaus": UNKNOWN_ANSWER})

    async def post(self, http: aiohttp.ClientSession, path: str, form: dict[str, str]) -> str:
        headers = {"Origin": self.world.origin, **self.cookie()}
        while True:
            try:
                sent = http.post(
                    path, data={"csrf": self.csrf, **form}, headers=headers, allow_redirects=False
                )
                async with asyncio.timeout(5), sent as answer:
                    if answer.status == 303:
                        if found := answer.cookies.get(COOKIES["resident"]):
                            self.token = found.value
                        return answer.headers["Location"]
                    assert answer.status in (429, 503), f"{path} answered {answer.status}"
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(AGAIN)

    async def get(self, http: aiohttp.ClientSession, path: str) -> str:
        while True:
            try:
                async with asyncio.timeout(5), http.get(path, headers=self.cookie()) as answer:
                    if answer.status == 200:
                        return await answer.text()
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(AGAIN)

    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIES['resident']}={self.token}"} if self.token else {}
