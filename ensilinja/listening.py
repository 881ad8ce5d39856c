"""The socket people connect to: opened here, or handed over open by whoever started this process."""

import asyncio
import os
import socket
import time
from contextlib import suppress

from aiohttp import web

from core.lock import AlreadyRunning, lock_folder, sqlite_path
from core.settings import Settings, environment

PREDECESSOR_WITHIN = 90.0  # seconds for the process before this one to end
BACKLOG = 512  # connections that wait in the kernel, also while no process takes from them


class Listener:
    """Takes connections for a runner, and stops without refusing anybody who has been let in."""

    def __init__(self, runner: web.AppRunner, listening: socket.socket) -> None:
        """Nothing is taken before `start`."""
        self._runner = runner
        self._socket = listening
        self._site: web.SockSite | None = None

    async def start(self) -> None:
        """Begins to take connections."""
        self._site = web.SockSite(self._runner, self._socket, backlog=BACKLOG)
        await self._site.start()

    async def stop(self) -> None:
        """Takes no more. What the kernel let in meanwhile is served: closing the socket would reset it."""
        if self._site is None:
            return
        with self._socket.dup() as last:
            await self._site.stop()
            let_in = list(taken(last))
        for connection in let_in:
            await self._serve(connection)

    async def _serve(self, connection: socket.socket) -> None:
        server = self._runner.server
        if server is not None:
            with suppress(OSError):  # the browser is gone already
                await asyncio.get_running_loop().connect_accepted_socket(server, connection)


def taken(listening: socket.socket) -> list[socket.socket]:
    """Every connection that waits now."""
    listening.setblocking(False)
    found = []
    with suppress(BlockingIOError):
        while True:
            found.append(listening.accept()[0])
    return found


def open_socket(settings: Settings, *, is_shared: bool) -> socket.socket:
    """A listening socket; a shared port lets other processes listen beside this one."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    opened = socket.create_server(
        (settings.host, settings.port), family=family, backlog=BACKLOG, reuse_port=is_shared
    )
    opened.setblocking(False)
    return opened


def handed_over(descriptor: int) -> socket.socket:
    """The listening socket with this number, which stays open when this process ends."""
    found = socket.socket(fileno=descriptor)
    found.setblocking(False)
    return found


def await_predecessor(settings: Settings) -> None:
    """Returns when nobody has the embedded database open, as an exchange has the old process go only now."""
    path = sqlite_path(settings.database_url)
    if path is None:
        return
    give_up_at = time.monotonic() + PREDECESSOR_WITHIN
    told = False
    while True:
        try:
            os.close(lock_folder(path))
            return
        except AlreadyRunning:
            if time.monotonic() > give_up_at:
                raise
        if not told:
            tell("WAITING=1")
            told = True
        time.sleep(0.01)


def tell(state: str) -> None:
    """Tells whoever started this process, by systemd's protocol: `READY=1`, `STOPPING=1`.

    `WAITING=1` is between our own processes: all is loaded, and the database is still another's.
    """
    address = environment().get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
        line.sendto(f"{state}\nMAINPID={os.getpid()}".encode(), address.replace("@", "\0", 1))
