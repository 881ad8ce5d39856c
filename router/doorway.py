"""How a chat's door stands now: which queues take no more today, and the wait one would have at each."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.county import ChatDoor
from core.store import Tx
from queues import agents
from queues.line import PROMISED
from queues.reading import lengths
from router.estimates import Estimate
from router.estimating import likely_wait
from router.services import Services
from router.stops import Standing, Stop, stop_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """What is known at the door: queues that are stopped, and the likely waits of the others."""

    stops: Mapping[str, Stop]
    waits: tuple[Estimate, ...]

    @property
    def wait(self) -> tuple[int, int | None] | None:
        """The shortest and the longest wait one may have here, in minutes; None when too little is known."""
        if not self.waits:
            return None
        highs = [wait.high_minutes for wait in self.waits if wait.high_minutes is not None]
        high = max(highs) if len(highs) == len(self.waits) else None
        return min(wait.low_minutes for wait in self.waits), high


def doorway(tx: Tx, door: ChatDoor, services: Services) -> Doorway:
    """The door as it stands."""
    found = stops(tx, door, services)
    waiting = standing(tx, door)
    likely = (likely_wait(tx, queue, waiting[queue].waiting, services) for queue in door.queues)
    return Doorway(stops=found, waits=tuple(wait for wait in likely if wait is not None))


def stops(tx: Tx, door: ChatDoor, services: Services) -> dict[str, Stop]:
    """The queues of the door that take no more live contacts today, and why."""
    found = {
        queue: stop_of(services.catalogue.queue(queue), door, stands, tx.now)
        for queue, stands in standing(tx, door).items()
    }
    return {queue: stop for queue, stop in found.items() if stop is not None}


def standing(tx: Tx, door: ChatDoor) -> dict[str, Standing]:
    """How each queue of the door stands."""
    waiting = dict.fromkeys(door.queues, 0)
    for queue, channel, count, _ in lengths(tx):
        if queue in waiting and channel not in PROMISED:
            waiting[queue] += count
    ready = agents.ready_by_queue(tx)
    return {queue: Standing(waiting=count, ready=ready.get(queue, 0)) for queue, count in waiting.items()}
