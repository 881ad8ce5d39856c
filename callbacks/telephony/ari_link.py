"""The link to Asterisk's ARI: requests over HTTP and its events over a WebSocket. I/O only."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import structlog
from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection, basic_auth, serve
from websockets.typing import Subprotocol

from callbacks.telephony.ari import LONGEST_EVENT, Channel, Request, read_channel
from callbacks.telephony.webhook import NotKnown

log = structlog.get_logger(__name__)

ANSWER_WITHIN = 3.0  # seconds; on one network an answer takes milliseconds
ALIVE_EVERY, ALIVE_WITHIN = 1.0, 2.0  # a link that is silent so long is a dead one
CLOSED_WITHIN = 0.5  # a dead one is not taken leave of for long
MOST = 32 * 1024 * 1024  # bytes of one answer; a minute of sound has one million
MANNERS: dict[str, Any] = {
    "compression": None,
    "max_size": LONGEST_EVENT,
    "open_timeout": ANSWER_WITHIN,
    "ping_interval": ALIVE_EVERY,
    "ping_timeout": ALIVE_WITHIN,
    "close_timeout": CLOSED_WITHIN,
}
"""Of the events' socket, whoever opened it."""
GONE = (404, 409)  # of what is over already, or not ours any more


class AriLink:
    """One Asterisk, reached as one user for one application."""

    def __init__(
        self, url: str, user: str, password: str, app: str, listen: tuple[str, int] | None = None
    ) -> None:
        """`url` ends in `/ari`. With `listen` (host, port) Asterisk connects to us to tell its events."""
        self._url, self.app = url.rstrip("/"), app
        self._listen, self._credentials = listen, (user, password)
        self._sign_in = {"Authorization": aiohttp.encode_basic_auth(user, password, encoding="utf-8")}
        self._http: aiohttp.ClientSession | None = None
        self.until = math.inf  # of the loop's clock: from then on another process may have the link

    @property
    def is_ours(self) -> bool:
        """Whether nobody else can have the link yet; a process that slept sees it before it does anything."""
        return asyncio.get_running_loop().time() < self.until

    async def start(self) -> None:
        """Opens nothing yet."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
        self._http = aiohttp.ClientSession(headers=self._sign_in, timeout=timeout)

    async def stop(self) -> None:
        """Ends what is open."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    @asynccontextmanager
    async def events(self) -> AsyncIterator[Connection]:
        """The application's events while it is open; Asterisk sends new calls to the newest one."""
        if self._listen is not None:
            async with self._called_by_asterisk(*self._listen) as called:
                yield called
            return
        parts = urlsplit(self._url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        query = f"app={quote(self.app)}&subscribeAll=false"
        address = urlunsplit((scheme, parts.netloc, f"{parts.path}/events", query, ""))
        async with connect(
            address,
            additional_headers=self._sign_in,
            proxy=None,
            **MANNERS,
        ) as socket:
            yield socket

    @asynccontextmanager
    async def _called_by_asterisk(self, host: str, port: int) -> AsyncIterator[Connection]:
        """The first connection that signs in as we do there; one that comes after it ends it, for it is a
        return whose loss we have not seen, and is taken at its next try.
        """
        came: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

        async def take(socket: ServerConnection) -> None:
            if came.done():
                await came.result().close()
            else:
                came.set_result(socket)
                await socket.wait_closed()

        async with serve(
            take,
            host,
            port,
            process_request=basic_auth(realm="ensilinja", credentials=self._credentials),
            subprotocols=[Subprotocol("ari")],
            **MANNERS,
        ):
            yield await came

    async def ask(self, request: Request) -> bool:
        """Whether Asterisk did it; False for a clear refusal, NotKnown when it did not say."""
        if not self.is_ours:
            raise NotKnown("another has the link")
        if self._http is None:
            return False
        try:
            async with self._http.request(
                request.method,
                self._url + quote(request.path),
                params=dict(request.params),
                json=dict(request.body) or None,
                allow_redirects=False,
            ) as answer:
                status, said = answer.status, await answer.text()
        except aiohttp.ClientConnectorError:
            return False  # no connection, so nothing was asked
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise NotKnown(type(error).__name__) from None
        if 200 <= status < 300:
            return True
        if status not in GONE:
            log.warning("refused by the exchange", method=request.method, status=status)
        if status < 500 or "Allocation failed" in said:  # that telephone is not there
            return False
        raise NotKnown(str(status))

    async def channels(self) -> list[Channel]:
        """Every channel that Asterisk has."""
        return [read_channel(each, self.app) for each in await self._get("/channels")]

    async def bridges(self) -> Mapping[str, list[str]]:
        """Every bridge with its channels."""
        return {str(each["id"]): list(map(str, each["channels"])) for each in await self._get("/bridges")}

    async def recordings(self) -> list[str]:
        """The names of what is recorded and lies there."""
        return [str(each["name"]) for each in await self._get("/recordings/stored")]

    async def recording(self, name: str) -> bytes | None:
        """The file of a recording that has ended; None when there is none."""
        return await self._fetch(f"/recordings/stored/{name}/file", missing=404)

    async def is_recording(self, name: str) -> bool:
        """Whether the recording goes on."""
        return await self._fetch(f"/recordings/live/{name}", missing=404) is not None

    async def times(self) -> tuple[datetime, datetime]:
        """Asterisk's clock, and since when it runs."""
        now = (await self._get("/asterisk/ping"))["timestamp"]
        since = (await self._get("/asterisk/info?only=status"))["status"]["startup_time"]
        return datetime.fromisoformat(now), datetime.fromisoformat(since)

    async def _get(self, path: str) -> Any:
        try:
            return json.loads(await self._fetch(path) or b"")
        except ValueError as error:
            raise NotKnown(type(error).__name__) from None

    async def _fetch(self, path: str, missing: int = 0) -> bytes | None:
        """What is there; None for the status that says that it is not."""
        if self._http is None:
            raise NotKnown("stopped")
        try:
            async with self._http.get(self._url + quote(path, safe="/?="), allow_redirects=False) as answer:
                if answer.status == missing:
                    return None
                if answer.status != 200:
                    raise NotKnown(str(answer.status))
                body = bytearray()
                async for part in answer.content.iter_any():
                    body += part
                    if len(body) > MOST:
                        raise NotKnown("too long")
                return bytes(body)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise NotKnown(type(error).__name__) from None
