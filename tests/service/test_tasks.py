"""The long tasks of a process: what fails is tried again soon, and is amiss until it has turned."""

import asyncio

import pytest

from core import tasks
from core.clock import SystemClock
from core.tasks import Tasks


async def test_a_turn_that_failed_is_tried_again_soon_however_seldom_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a process would not be ready for as long as its rarest loop sleeps."""
    tried, clock = [], SystemClock()

    async def turn() -> None:
        tried.append(clock.monotonic())
        if len(tried) < 3:
            raise OSError

    monkeypatch.setattr(tasks, "SOON", 0.01)
    running = Tasks(clock)
    running.loop("rare", turn, every=60.0)
    async with asyncio.timeout(5):
        while len(tried) < 3:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    await running.stop()

    assert len(tried) == 3 and running.pulses["rare"].failures == 2
