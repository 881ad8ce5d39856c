"""Every long task of a process, named and watched: one that dies is started again or ends the process,
never silent."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from core.clock import Clock

log = structlog.get_logger(__name__)

RESTART = 0.5  # seconds before a failed task is started again


@dataclass(slots=True)
class Pulse:
    """When a task last turned, on the monotonic clock, and how often it failed."""

    name: str
    at: float
    patience: float
    failures: int = 0


class Tasks:
    """The long tasks of one process. `fatal` ones end it, `loop` ones are restarted."""

    def __init__(self, clock: Clock) -> None:
        """No tasks yet."""
        self._clock = clock
        self.pulses: dict[str, Pulse] = {}

    def silent(self) -> list[str]:
        """Names of the loops that have not turned within their patience."""
        now = self._clock.monotonic()
        return [pulse.name for pulse in self.pulses.values() if now - pulse.at > pulse.patience]

    async def fatal(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Runs `run`; its end, for whatever reason, ends the task group it is in."""
        try:
            await run()
        except Exception:
            log.exception("task ended the process", task=name)
            raise
        raise RuntimeError(f"{name} ended")

    async def forever(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Runs `run` again whenever it returns or fails."""
        while True:
            try:
                await run()
            except Exception:
                log.exception("task failed, starting it again", task=name)
            await asyncio.sleep(RESTART)

    async def loop(
        self,
        name: str,
        turn: Callable[[], Awaitable[None]],
        every: float,
        wake: asyncio.Event | None = None,
        rest: float = 0.0,
    ) -> None:
        """Calls `turn` every `every` seconds, or when `wake` is set, at most once in `rest` seconds.

        A failing turn is logged and tried again.
        """
        pulse = self.pulses[name] = Pulse(name, self._clock.monotonic(), patience=max(5.0, 3 * every))
        while True:
            try:
                await turn()
                pulse.at = self._clock.monotonic()
            except Exception:
                pulse.failures += 1
                log.exception("turn failed", task=name)
            await asyncio.sleep(rest)
            await pause(every, wake)


async def pause(seconds: float, wake: asyncio.Event | None) -> None:
    """Sleeps, or less when `wake` is set, which it clears."""
    if wake is None:
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
    wake.clear()
