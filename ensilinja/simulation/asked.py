"""What a supervisor asks: staffings, orders and targets as words of the command line. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from core.county import Catalogue
from core.errors import Invalid
from core.urgency import Urgency
from ensilinja.simulation.rules import FLOOR, RULES
from ensilinja.simulation.staffing import Shift, extra, roster, thinned

CALLBACKS_FIRST = "callbacks-first"
ORDERS = (FLOOR, CALLBACKS_FIRST, *(name for name in RULES if name != FLOOR))
STAFFING = re.compile(r"(\d+)(?:-(\d+)%)?(?:\+(\d+)@(\d+(?:\.5)?)-(\d+(?:\.5)?)(?::(\w+))?)?")
TARGET = re.compile(r"(chat|call|callback|message):([A-Z0-9_]+)=(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """`18`, `18-15%` (so many away), `18+1@8-10` or `18+1@8-10:dental` (more between two hours)."""

    told: str
    count: int
    away_percent: int = 0
    more: int = 0
    start: float = 0.0
    end: float = 0.0
    queue: str = ""

    def shifts(self, seed: str, day: date, catalogue: Catalogue) -> tuple[Shift, ...]:
        """The professionals of the day; those more have the queues of the first who serves the queue."""
        usual = thinned(seed, roster(seed, day, self.count, catalogue), self.away_percent / 100)
        queue = self.queue or catalogue.queues[0].id
        like = next((shift for shift in usual if shift.queues[0] == queue), None)
        queues = like.queues if like else (queue,)
        hours, capacity = (self.start, self.end), catalogue.limits.chat_capacity
        return (
            *usual,
            *(extra(day, self.count + n, queues, *hours, capacity) for n in range(self.more)),
        )


def staffing(told: str, catalogue: Catalogue) -> Staffing:
    """The staffing of the words; Invalid when they are none."""
    found = STAFFING.fullmatch(told)
    if found is None:
        raise Invalid(field="agents")
    count, away, more, start, end, queue = found.groups()
    if queue and queue not in {each.id for each in catalogue.queues}:
        raise Invalid(field="agents", reason="queue")
    if not 1 <= int(count) <= 200 or float(start or 0) > float(end or 0) or float(end or 0) >= 24:
        raise Invalid(field="agents")
    return Staffing(
        told=told,
        count=int(count),
        away_percent=int(away or 0),
        more=int(more or 0),
        start=float(start or 0),
        end=float(end or 0),
        queue=queue or "",
    )


def with_targets(catalogue: Catalogue, targets: Iterable[str]) -> Catalogue:
    """The county with other targets, as `chat:SAME_DAY=5` in minutes; Invalid for what is none."""
    changed: dict[tuple[str, Urgency], timedelta] = {}
    for told in targets:
        found = TARGET.fullmatch(told)
        if found is None or found[2] not in Urgency.__members__:
            raise Invalid(field="target")
        changed[found[1], Urgency[found[2]]] = timedelta(minutes=int(found[3]))
    queues = tuple(replace(queue, targets={**queue.targets, **changed}) for queue in catalogue.queues)
    return replace(catalogue, queues=queues) if changed else catalogue


def with_order(catalogue: Catalogue, order: str) -> tuple[Catalogue, str]:
    """The county and the rule of an order's name; Invalid for an unknown one."""
    if order == CALLBACKS_FIRST:
        queues = tuple(replace(queue, floor_share=1.0) for queue in catalogue.queues)
        return replace(catalogue, queues=queues), FLOOR
    if order not in RULES:
        raise Invalid(field="rules")
    return catalogue, order
