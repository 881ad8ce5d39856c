"""Hints between processes: "events up to id 17 exist, look". A lost, doubled, late or false hint changes
nothing."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

Listener = Callable[[dict[str, Any]], None]


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
