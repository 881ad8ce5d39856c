"""Whether one has a choice to make before joining the line: care at home, or a queue that takes no more."""

from dataclasses import dataclass
from datetime import datetime

from core.store import Tx
from core.urgency import Urgency
from ensilinja.pages import journey as way
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import DOOR
from ensilinja.runtime import Runtime
from router.doorway import stops
from router.rules import SELF_HARM
from router.services import Services
from router.stops import Stop, is_always_taken, next_day_opening
from triage.definition import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the answers came to, and what stops them from joining at once; `later` is until when."""

    found: Result
    is_self_care: bool
    stop: Stop | None
    later: datetime | None


async def choice(runtime: Runtime, told: Journey) -> Choice | None:
    """What there is to choose; None for whoever joins the line at once."""
    found = way.result(runtime.services.content, told, finished=True)
    if found is None:
        return None
    stop, later = await runtime.store.read(stopped, found, runtime.services)
    is_self_care = found.level is Urgency.SELF_CARE and found.complete
    # Whoever asked for a call is not in the way of those who wait at their pages.
    if not is_self_care and (stop is None or (told.wants_call and told.phone)):
        return None
    return Choice(found=found, is_self_care=is_self_care, stop=stop, later=later)


def stopped(tx: Tx, found: Result, services: Services) -> tuple[Stop | None, datetime | None]:
    """Why the queue of these answers takes no more today, and from when it does again."""
    if is_always_taken(found.level) or SELF_HARM in found.tags:
        return None, None
    door = services.catalogue.door(DOOR)
    queue = found.queue if found.queue in door.queues else door.queues[0]
    stop = stops(tx, door, services).get(queue)
    later = next_day_opening(services.catalogue.queue(queue).service_hours, tx.now) if stop else None
    return stop, later
