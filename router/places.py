"""Where a waiting resident stands: how many are before, the range told, and whether it has become slower
than told."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select, tuple_

from core.county import Line
from core.db import among
from core.hours import is_open
from core.store import Tx
from queues import agents
from queues.line import PROMISED
from queues.models import ENTRY, in_states, is_state
from router.estimating import EstimateView, LastTold, last_told, likely_wait
from router.rules import route
from router.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the waiting room shows; `position` 1 is next. `range` is minutes; an open upper end is None.

    `line` is "unattended" while nobody who serves the queue is at work, "closed" when the hours are over too.
    Who `is_overrun` has waited longer than told and is owed a new estimate.
    """

    position: int
    range: tuple[int, int | None] | None
    slower: bool
    line: Literal["open", "unattended", "closed"] = "open"
    is_overrun: bool = False

    def wire(self) -> dict[str, Any]:
        """The fields of the `place` event."""
        return {
            "position": self.position,
            "range": list(self.range) if self.range else None,
            "slower": self.slower,
            "line": self.line,
        }


_LINE = (
    select(
        ENTRY.c.contact_id,
        ENTRY.c.queue,
        func.row_number()
        .over(
            partition_by=ENTRY.c.queue,
            order_by=(ENTRY.c.tier, ENTRY.c.due_at, ENTRY.c.arrived_at, ENTRY.c.id),
        )
        .label("position"),
    )
    .where(ENTRY.c.ended_at.is_(None), in_states(ENTRY, "waiting", "offered"))
    .subquery()
)
_POSITIONS = select(_LINE).where(among(_LINE.c.contact_id, "contacts"))


def places(tx: Tx, contacts: Collection[int], services: Services) -> dict[int, Place]:
    """The places of those of `contacts` that wait now, in a fixed number of queries."""
    here = positions(tx, contacts)
    if not here:
        return {}
    served = agents.served_now(tx)
    told = last_told(tx, list(here))
    return {
        contact: place_of(
            position,
            told.get(contact),
            "open" if queue in served else unattended(services, queue, tx.now),
            tx.now,
        )
        for contact, (queue, position) in here.items()
    }


def positions(tx: Tx, contacts: Collection[int]) -> dict[int, tuple[str, int]]:
    """Queue and place from 1 of those of `contacts` that wait or are offered; the database counts."""
    found = tx.rows(_POSITIONS, {"contacts": list(contacts)})
    return {contact: (queue, position) for contact, queue, position in found}


def place_before(tx: Tx, line: Line, services: Services) -> Place:
    """The place that a caller on the line would have now; nothing is stored."""
    decided = route(
        urgency=None, topic_queue=None, channel="call", catalogue=services.catalogue, now=tx.now, line=line
    )
    queue, before = decided.queue, tuple_(ENTRY.c.tier, ENTRY.c.due_at) <= (decided.tier, decided.due_at)
    ahead = (ENTRY.c.ended_at.is_(None), ENTRY.c.queue == queue, before)
    live = is_state(ENTRY, "waiting") & ENTRY.c.channel.not_in(sorted(PROMISED))
    counted = select(func.count(), func.count().filter(live)).where(
        *ahead, in_states(ENTRY, "waiting", "offered")
    )
    [(count, live_count)] = tx.rows(counted)
    told = likely_wait(tx, queue, live_count, services, urgency=decided.urgency)
    return Place(
        position=count + 1,
        range=(told.low_minutes, told.high_minutes) if told is not None else None,
        slower=False,
        line="open" if queue in agents.served_now(tx) else unattended(services, queue, tx.now),
    )


def unattended(services: Services, queue: str, now: datetime) -> Literal["unattended", "closed"]:
    """What a line without anybody at work is, by its queue's hours."""
    hours = services.catalogue.queue(queue).service_hours
    return "unattended" if is_open(hours, now) else "closed"


def place_of(
    position: int, told: LastTold | None, line: Literal["open", "unattended", "closed"], now: datetime
) -> Place:
    """The place with what was told last."""
    is_overrun = told is not None and told.newest.overrun(now)
    return Place(
        position=position,
        range=range_of(told.newest if told else None),
        slower=is_overrun or (told is not None and told.is_again),
        line=line,
        is_overrun=is_overrun,
    )


def range_of(told: EstimateView | None) -> tuple[int, int | None] | None:
    """The range as it was told, None when nothing could be said."""
    if told is None or told.low_minutes is None:
        return None
    return told.low_minutes, told.high_minutes
