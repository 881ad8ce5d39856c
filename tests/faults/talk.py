"""One browser's line, by an independent WebSocket implementation: comes back, asks, and hears news."""

import asyncio
import contextlib
import itertools
import json
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

COOKIES = {"resident": "__Host-ensilinja", "console": "__Host-ensilinja-staff"}
JITTER = (0.02, 0.35)  # seconds before a lost line is opened again; browsers take 0.2-5
PATIENCE = 8.0  # seconds for an answer before the line is given up
SILENCE = {"resident": 4.0, "console": 4.5}  # after so many seconds a browser believes the line is lost
LOOK = 0.25  # seconds between a browser's looks at it
RETRY = (0.2, 5.0)  # a browser's shortest and longest wait between two attempts

Frame = dict[str, Any]


class GoneError(Exception):
    """The line broke before the answer: nobody knows whether it was done."""


class RefusedError(Exception):
    """The server said no."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame["error"])
        self.code = str(frame["error"])
        self.frame = frame


class Line:
    """A socket that is opened again for ever. `opened` gets every snapshot, `heard` every event."""

    def __init__(
        self,
        address: str,
        origin: str,
        role: str,
        token: str,
        *,
        opened: Callable[[Frame], None],
        heard: Callable[[Frame], None],
        cursors: Callable[[], Frame] = dict,
        is_browser: bool = False,
    ) -> None:
        """`is_browser`: gives up a silent line and waits between attempts as the pages' own script does."""
        self._address, self._origin, self._role, self._token = address, origin, role, token
        self._opened, self._heard, self._cursors = opened, heard, cursors
        self._numbers = itertools.count(1)
        self._asked: dict[str, asyncio.Future[Frame]] = {}
        self._socket: ClientConnection | None = None
        self.is_open = asyncio.Event()
        self.opened_count = 0
        self.opened_at = 0.0
        self._is_browser, self._delay, self._heard_at = is_browser, 0.0, 0.0
        self._spread = 0.0
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Keeps the line open until cancelled."""
        try:
            while True:
                self._woken.clear()
                with contextlib.suppress(OSError, WebSocketException, TimeoutError, RefusedError):
                    await self._watched(self._session())
                self._lost()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._next_delay()):
                        await self._woken.wait()
        finally:
            self._lost()

    def wake(self) -> None:
        """The browser says that the network is back: a new line at once."""
        self._woken.set()

    def _next_delay(self) -> float:
        spread, self._spread = self._spread, 0.0
        if spread:
            return random.uniform(0, spread)
        if not self._is_browser:
            return random.uniform(*JITTER)
        least, most = RETRY
        self._delay = random.uniform(least, min(most, max(least, 3 * self._delay)))
        return self._delay

    async def _watched(self, session: Coroutine[Any, Any, None]) -> None:
        """Ends the session when it is woken, or a browser's has been silent for too long."""
        self._heard_at = time.monotonic()
        going, woken = asyncio.create_task(session), asyncio.create_task(self._woken.wait())
        try:
            while not going.done() and not woken.done() and not self._is_silent():
                await asyncio.wait([going, woken], timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            if going.done():
                await going
        finally:
            going.cancel()
            woken.cancel()
            await asyncio.gather(going, woken, return_exceptions=True)

    def _is_silent(self) -> bool:
        return self._is_browser and time.monotonic() - self._heard_at > SILENCE[self._role]

    async def ask(self, op: str, **body: Any) -> Frame:
        """The answer; RefusedError when the server refuses, GoneError when nobody knows."""
        await self.is_open.wait()
        if self._socket is None:
            raise GoneError
        return await self._ask(self._socket, op, body)

    async def _session(self) -> None:
        headers = {"Cookie": f"{COOKIES[self._role]}={self._token}"}
        async with connect(
            self._address,
            origin=self._origin,  # type: ignore[arg-type]
            additional_headers=headers,
            compression=None,
            open_timeout=PATIENCE,
            close_timeout=0.2,
            ping_interval=None,
            proxy=None,
        ) as socket:
            reading = asyncio.create_task(self._read(socket))
            try:
                hello = await self._ask(socket, "hello", {"role": self._role, "seen": self._cursors()})
                self._socket = socket
                self.opened_count += 1
                self.opened_at, self._delay = time.monotonic(), 0.0
                self._opened(hello["snapshot"])
                self.is_open.set()
                await reading
            except GoneError:
                return
            finally:
                reading.cancel()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                self._heard_at = time.monotonic()
                frame: Frame = json.loads(text)
                if frame.get("ev") == "restart":
                    self._spread = frame["spread_ms"] / 1000
                elif "ev" in frame:
                    self._heard(frame)
                elif (waiter := self._asked.pop(frame.get("id") or "", None)) and not waiter.done():
                    waiter.set_result(frame)
        finally:
            self._lost()

    async def _ask(self, socket: ClientConnection, op: str, body: Frame) -> Frame:
        # What has an id of its own is asked under it, so that a trace tells which answer is whose.
        identity = str(body.get("client_id") or next(self._numbers))
        self._asked[identity] = waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE):
                await socket.send(json.dumps({"op": op, "id": identity, **body}))
                answer = await waiter
        except (OSError, WebSocketException, TimeoutError) as error:
            self._asked.pop(identity, None)
            waiter.cancel()
            if socket is self._socket:
                self._lost()
                socket.transport.abort()
            raise GoneError from error
        finally:
            self._asked.pop(identity, None)
        if "error" in answer:
            raise RefusedError(answer)
        return answer

    def _lost(self) -> None:
        self._socket = None
        self.is_open.clear()
        waiting, self._asked = list(self._asked.values()), {}
        for waiter in waiting:
            if not waiter.done():
                waiter.set_exception(GoneError())
