"""A browser without JavaScript against the program in the test's own process: forms, cookies, redirects."""

import html
import re
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from ensilinja.doors import COOKIES
from ensilinja.runtime import Runtime

Client = TestClient[web.Request, web.Application]
CSRF = re.compile(r'name="csrf" value="([^"]*)"')


class Browser:
    """One browser with its cookie and the page it shows; `status` and `text` are of the newest answer."""

    def __init__(self, client: Client, runtime: Runtime) -> None:
        self.client, self.runtime, self.cookie, self.csrf = client, runtime, "", ""
        self.origin = next(iter(runtime.origins))
        self.path, self.status, self.text = "/", 0, ""

    async def get(self, path: str) -> str:
        """Opens a page and follows it; returns where it ended."""
        for _ in range(5):
            answer = await self.client.get(path, headers=self._headers(), allow_redirects=False)
            path = await self._seen(path, answer)
            if self.status != 303:
                return self.path
        raise AssertionError(f"{path} leads in a circle")

    async def post(self, path: str, *fields: tuple[str, str], **named: str) -> str:
        """Sends a form; returns where it leads, or the page itself when it leads nowhere."""
        data = [("csrf", self.csrf), *fields, *named.items()]
        headers = {**self._headers(), "Origin": self.origin}
        answer = await self.client.post(path, data=data, headers=headers, allow_redirects=False)
        await self._seen(path, answer)
        return self.path

    async def begin(self) -> str:
        """A new matter from the front page."""
        await self.get("/")
        path = await self.post("/aloita", tapa="chat")
        await self.get(path)
        return path

    def _headers(self) -> dict[str, str]:
        return {"Accept": "text/html", **({"Cookie": self.cookie} if self.cookie else {})}

    async def _seen(self, path: str, answer: ClientResponse) -> str:
        for line in answer.headers.getall("Set-Cookie", []):
            for morsel in SimpleCookie(line).values():
                if morsel.key == COOKIES["resident"]:
                    self.cookie = f"{morsel.key}={morsel.value}"
        self.status, self.text = answer.status, await answer.text()
        self.path = answer.headers.get("Location", path)
        if found := CSRF.search(self.text):
            self.csrf = html.unescape(found[1])
        return self.path


def fields_of(query: str) -> tuple[tuple[str, str], ...]:
    """`a=1&b=2` as fields."""
    return tuple(parse_qsl(query, keep_blank_values=True))
