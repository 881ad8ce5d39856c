"""Hints between processes: "events up to id 17 exist, look". A lost, doubled, late or false hint changes
nothing."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

Listener = Callable[[dict[str, Any]], None]

CHANNEL = "ensilinja:hints"
PATIENCE = 1.0  # seconds for one Redis command: its silence must never be ours


class Bus(Protocol):
    """A way to tell every process that there is something to look at."""

    def publish(self, hint: dict[str, Any]) -> None:
        """Sends `hint` to the listeners of all processes, or drops it; never raises and never waits."""
        ...

    def listen(self, listener: Listener) -> None:
        """Calls `listener` with every hint that arrives."""
        ...

    async def run(self) -> None:
        """Carries hints until cancelled."""
        ...

    @property
    def is_up(self) -> bool:
        """Whether hints get through now."""
        ...


class LocalBus:
    """The bus of the embedded shape: one process, so the hint is a call."""

    is_up = True

    def __init__(self) -> None:
        """Starts without listeners."""
        self._listeners: list[Listener] = []

    def publish(self, hint: dict[str, Any]) -> None:
        """See `Bus.publish`."""
        for listener in self._listeners:
            listener(hint)

    def listen(self, listener: Listener) -> None:
        """See `Bus.listen`."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Nothing to carry; waits to be cancelled."""
        await asyncio.Event().wait()


class RedisBus:
    """Redis pub/sub, reconnected for ever.

    Its own process hears its own hints at once, whatever Redis does.
    """

    def __init__(self, url: str) -> None:
        """Connects at `run`."""
        self._redis = Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=None
        )
        self._listeners: list[Listener] = []
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(256)
        self.is_up = False

    def publish(self, hint: dict[str, Any]) -> None:
        """See `Bus.publish`."""
        for listener in self._listeners:
            listener(hint)
        with contextlib.suppress(asyncio.QueueFull):
            self._outgoing.put_nowait(hint)

    def listen(self, listener: Listener) -> None:
        """See `Bus.listen`."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """See `Bus.run`."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(), name="bus-send")
                group.create_task(self._receive(), name="bus-receive")
        finally:
            await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            hint = await self._outgoing.get()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._redis.publish(CHANNEL, json.dumps(hint))
                self.is_up = True
            except (RedisError, OSError, TimeoutError):
                self.is_up = False

    async def _receive(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    self.is_up = True
                    while True:
                        # The ping makes a paused or half-open server show as a fault and not as silence.
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=PATIENCE)
                        if message is None:
                            await channel.ping()
                        else:
                            self._deliver(message.get("data"))
            self.is_up = False
            await asyncio.sleep(0.2)

    def _deliver(self, data: Any) -> None:
        try:
            hint = json.loads(data)
        except (TypeError, ValueError):
            return
        if isinstance(hint, dict):
            for listener in self._listeners:
                listener(hint)
