"""A bad network between a client and a server: slow, silent, broken, half-open. One port, one target."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIECE = 16_384  # bytes carried at a time
RESET = struct.pack("ii", 1, 0)  # linger for no time: close() says RST


class Link:
    """One connection through the proxy and its two ends."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.ends = (near, far)
        self.is_lost = False  # what comes is thrown away, and neither end is told

    def close(self, *, reset: bool = False) -> None:
        for end in self.ends:
            if reset:
                plug: socket.socket = end.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.transport.abort()


class Proxy:
    """Carries bytes to a port of this machine, as badly as it is told to; starts out as a good network."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.latency = 0.0  # seconds each piece takes on its way
        self.rate = 0.0  # bytes a second; 0: as fast as they come
        self.asked = bytearray()  # what has come from the clients
        self._target = target
        self._links: set[Link] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._refuses = False

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def stall(self) -> None:
        """Nothing flows and nobody is told, also on new connections, until `resume`; nothing is lost."""
        self._flows.clear()

    def resume(self) -> None:
        """The network is good again; what was cut or lost stays so."""
        self._refuses = False
        self._flows.set()

    def lose(self) -> None:
        """The connections there are become half-open: what is sent vanishes, no end comes. New ones work."""
        for link in self._links:
            link.is_lost = True

    def cut(self, *, reset: bool = True) -> None:
        """Breaks the connections there are, both ends told, and refuses new ones until `resume`."""
        self._refuses = True
        for link in list(self._links):
            link.close(reset=reset)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        with contextlib.suppress(OSError):
            await self._flows.wait()
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
            link = Link(writer, far)
            self._links.add(link)
            try:
                await asyncio.gather(self._carry(link, reader, far), self._carry(link, far_reader, writer))
            finally:
                self._links.discard(link)
                link.close()

    async def _carry(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE if not self.rate else max(1, int(self.rate / 10))):
                await self._pass(link, piece, writer)
        await self._flows.wait()
        while link.is_lost:
            await asyncio.sleep(0.1)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _pass(self, link: Link, piece: bytes, writer: asyncio.StreamWriter) -> None:
        if self.latency or self.rate:
            await asyncio.sleep(self.latency + (len(piece) / self.rate if self.rate else 0.0))
        await self._flows.wait()
        if not link.is_lost:
            if writer is link.ends[1]:
                self.asked += piece
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    """A proxy before this port, gone at the end with everything that goes through it."""
    proxy = Proxy(target)
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await proxy._accept(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
