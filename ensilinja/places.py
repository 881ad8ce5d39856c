"""Where a waiting resident stands: how many are before, the range told, and whether it has become slower
than told."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.db import columns
from core.store import Tx
from queues.models import Entry
from router.estimates import Estimate as Told
from router.estimates import overrun
from router.estimating import EstimateView, newest_estimate
from router.services import Services

_ENTRY = columns(Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the waiting room shows; `position` 1 is next. `range` is minutes; an open upper end is None."""

    position: int
    range: tuple[int, int | None] | None
    slower: bool

    def wire(self) -> dict[str, Any]:
        """The fields of the `place` event."""
        return {
            "position": self.position,
            "range": list(self.range) if self.range else None,
            "slower": self.slower,
        }


def places(tx: Tx, contacts: Collection[int], services: Services) -> dict[int, Place]:
    """The places of those of `contacts` that wait now; one query for each queue's order."""
    waiting = (_ENTRY.state.in_(("waiting", "offered")), _ENTRY.ended_at.is_(None))
    mine = tx.rows(select(_ENTRY.contact_id, _ENTRY.queue).where(_ENTRY.contact_id.in_(contacts), *waiting))
    found: dict[int, Place] = {}
    for queue in {queue for _, queue in mine}:
        order = tx.rows(
            select(_ENTRY.contact_id, _ENTRY.arrived_at)
            .where(_ENTRY.queue == queue, *waiting)
            .order_by(_ENTRY.tier, _ENTRY.due_at, _ENTRY.arrived_at, _ENTRY.id)
        )
        for position, (contact, _) in enumerate(order, start=1):
            if contact in contacts:
                found[contact] = place_of(tx, contact, position)
    return found


def place_of(tx: Tx, contact: int, position: int) -> Place:
    """The place with what was told last."""
    told = newest_estimate(tx, contact)
    return Place(position=position, range=range_of(told), slower=told is not None and is_slower(tx, told))


def range_of(told: EstimateView | None) -> tuple[int, int | None] | None:
    """The range as it was told, None when nothing could be said."""
    if told is None or told.low_minutes is None:
        return None
    return told.low_minutes, told.high_minutes


def is_slower(tx: Tx, told: EstimateView) -> bool:
    """Whether the wait is longer than told."""
    if told.low_minutes is None:
        return False
    as_told = Told(low_minutes=told.low_minutes, high_minutes=told.high_minutes, support_count=0)
    return overrun(as_told, tx.now - told.made_at)
