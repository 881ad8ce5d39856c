"""Every long task of a process, named and watched: one that ends is started again or ends the process,
never silent."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from core.clock import Clock

log = structlog.get_logger(__name__)

RESTART = 0.5  # seconds before a task that ended is started again
PATIENCE = 5.0  # seconds at least that a loop may take for a turn before it counts as silent
SOON = 1.0  # seconds at most before a turn that failed is tried again, however seldom it comes
HUNG = 60.0  # seconds in one turn: it will not come back by itself
ENDING = 3.0  # seconds for cancelled tasks to end

Run = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Pulse:
    """When a loop turned last and when its turn began, on the monotonic clock; how often it failed."""

    name: str
    at: float
    patience: float
    turn_began: float | None = None
    failures: int = 0


class Tasks:
    """The long tasks of one process.

    What watches them is called by the event loop and is no task itself, so that nothing can end it.
    """

    def __init__(self, clock: Clock) -> None:
        """No tasks yet."""
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._vital: set[str] = set()
        self._is_stopping = False
        self._failure: BaseException | None = None
        self._failed = asyncio.Event()
        self.pulses: dict[str, Pulse] = {}

    def amiss(self) -> list[str]:
        """What is wrong: tasks that have ended, and loops that have not turned within their patience."""
        now = self._clock.monotonic()
        down = [f"down:{name}" for name, task in self._tasks.items() if task.done()]
        late = [pulse.name for pulse in self.pulses.values() if now - pulse.at > pulse.patience]
        return [*down, *(f"silent:{name}" for name in late)]

    @property
    def has_failed(self) -> bool:
        """Whether a vital task has ended."""
        return self._failed.is_set()

    def vital(self, name: str, run: Run) -> None:
        """Runs `run`; its end before `stop`, for whatever reason, makes `until` raise."""
        self._vital.add(name)
        self._start(name, run, self._fail)

    def keep(self, name: str, run: Run) -> None:
        """Runs `run`, and again whenever it ends, for whatever reason, until `stop`."""
        self._start(name, run, partial(self._again, run))

    def loop(
        self,
        name: str,
        turn: Run,
        every: float,
        wake: asyncio.Event | None = None,
        rest: float = 0.0,
    ) -> None:
        """Keeps calling `turn` every `every` seconds, or when `wake` is set, at most once in `rest` seconds.

        A failing turn is logged and tried again soon; one that hangs is broken off.
        """
        pulse = Pulse(name, self._clock.monotonic(), patience=max(PATIENCE, 3 * every))
        self.pulses[name] = pulse
        self.keep(name, lambda: self._turns(pulse, turn, every, wake, rest))
        if len(self.pulses) == 1:
            self._look()

    async def until(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set; raises when a vital task has ended."""
        await first_of(stop=stop.wait(), failed=self._failed.wait())
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Ends every task but the vital ones, which their owners end."""
        self._is_stopping = True
        kept = [task for name, task in self._tasks.items() if name not in self._vital and not task.done()]
        for task in kept:
            task.cancel()
        if kept:
            await asyncio.wait(kept, timeout=ENDING)

    def _start(self, name: str, run: Run, ended: Callable[[str, asyncio.Task[None]], None]) -> None:
        if self._is_stopping:
            return
        task = asyncio.get_running_loop().create_task(_awaited(run), name=name)
        self._tasks[name] = task
        task.add_done_callback(partial(ended, name))

    def _fail(self, name: str, task: asyncio.Task[None]) -> None:
        error = _error_of(task)
        if self._is_stopping:
            return
        log.critical("task ended, and the process with it", task=name, exc_info=error)
        self._failure = error or RuntimeError(f"{name} ended")
        self._failed.set()

    def _again(self, run: Run, name: str, task: asyncio.Task[None]) -> None:
        error = _error_of(task)
        if self._is_stopping:
            return
        log.error("task ended, starting it again", task=name, exc_info=error)
        asyncio.get_running_loop().call_later(RESTART, self.keep, name, run)

    async def _turns(
        self, pulse: Pulse, turn: Run, every: float, wake: asyncio.Event | None, rest: float
    ) -> None:
        while True:
            wait, pulse.turn_began = every, self._clock.monotonic()
            try:
                await turn()
                pulse.at = self._clock.monotonic()
            except Exception:
                pulse.failures += 1
                log.exception("turn failed", task=pulse.name)
                wait = min(every, SOON)
            finally:
                pulse.turn_began = None
            await asyncio.sleep(rest)
            await pause(wait, wake)

    def _look(self) -> None:
        """Breaks off the turns that hang, every second."""
        if self._is_stopping:
            return
        now = self._clock.monotonic()
        for pulse in self.pulses.values():
            if pulse.turn_began is not None and now - pulse.turn_began > HUNG:
                log.error("turn hangs, breaking it off", task=pulse.name)
                self._tasks[pulse.name].cancel()
        asyncio.get_running_loop().call_later(1.0, self._look)


async def first_of(**runs: Coroutine[Any, Any, Any]) -> None:
    """Runs all until the first ends, for whatever reason; then none goes on. Raises what a run raised.

    A group of tasks would go on without one that was cancelled.
    """
    tasks = [asyncio.get_running_loop().create_task(run, name=name) for name, run in runs.items()]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


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


async def _awaited(run: Run) -> None:
    await run()


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
