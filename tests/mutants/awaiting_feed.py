"""The service whose feed waits for every browser, and drops none. The test of stuck readers must see it."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aiohttp import web

from ensilinja import sockets
from ensilinja.cli import main
from ensilinja.feed import Feed

turn = Feed.turn
prepare = web.WebSocketResponse.prepare


async def turn_with_all(self: Feed) -> None:
    await turn(self)
    while any(len(connection.outbox) > 4 for connection in self.connections):
        await asyncio.sleep(0.01)


async def prepare_with_small_buffer(self: web.WebSocketResponse, request: web.Request) -> Any:
    """What the machine takes for a browser is little, so that the test need not send megabytes."""
    assert request.transport is not None
    request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return await prepare(self, request)


if __name__ == "__main__":
    web.WebSocketResponse.prepare = prepare_with_small_buffer  # type: ignore[method-assign, assignment]
    Feed.turn = turn_with_all  # type: ignore[method-assign]
    sockets.SEND = sockets.STAFF_HEARTBEAT = 600.0
    main()
