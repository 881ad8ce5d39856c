"""Simulated time and the log: instants in order, every event kept and told.

Deterministic: what is done at one instant is done in the order it was asked for.
"""

import heapq
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.clock import FixedClock
from core.store import Recorded

Step = tuple[datetime, int, Callable[..., None], tuple[Any, ...]]


class World:
    """One run's time and log. `listeners` hear each event after the act it came of."""

    def __init__(self, start: datetime) -> None:
        """Nothing has happened at the instant `start`."""
        self.clock = FixedClock(start)
        self.listeners: list[Callable[[Recorded], None]] = []
        self.recorded: list[Recorded] = []
        self._steps: list[Step] = []
        self._asked = 0

    @property
    def now(self) -> datetime:
        """The simulated instant."""
        return self.clock.now()

    def at(self, when: datetime, step: Callable[..., None], *args: Any) -> None:
        """Has the step done at an instant; one in the past is done now."""
        self._asked += 1
        heapq.heappush(self._steps, (max(when, self.now), self._asked, step, args))

    def after(self, seconds: float, step: Callable[..., None], *args: Any) -> None:
        """Has the step done so many seconds from now."""
        self.at(self.now + timedelta(seconds=seconds), step, *args)

    def run(self, until: datetime, turn: Callable[[], None]) -> None:
        """Does everything up to `until`; `turn` follows the steps of each instant."""
        while self._steps and self._steps[0][0] <= until:
            when = self._steps[0][0]
            self.clock.set(when)
            while self._steps and self._steps[0][0] == when:
                _, _, step, args = heapq.heappop(self._steps)
                step(*args)
            turn()
        self.clock.set(until)

    def tell(self, events: Sequence[Recorded]) -> None:
        """Keeps the events of one act and tells them to all who listen."""
        self.recorded += events
        for event in events:
            for listener in self.listeners:
                listener(event)

    def log(self) -> str:
        """Every event as a line of text: the same seed gives the same text."""
        return "".join(f"{line(event)}\n" for event in self.recorded)


def line(event: Recorded) -> str:
    """One event as text."""
    owner = f"contact:{event.contact}" if event.contact is not None else f"staff:{event.staff}"
    data = json.dumps(event.data, sort_keys=True)
    return f"{event.at.isoformat()} {event.id} {owner} {event.n} {event.type} {event.actor} {data}"
