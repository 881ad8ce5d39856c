"""Waits told to residents and what became of them; the range itself is decided by `router.estimates`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.store import Tx
from core.urgency import Urgency
from queues.service import position
from queues.views import EntryView
from router.estimates import Waited, estimate
from router.models import ESTIMATE, Estimate
from router.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateView:
    """What the waiting room shows: place in line and, when enough waits support it, a range of minutes."""

    contact: int
    made_at: datetime
    position: int
    low_minutes: int | None
    high_minutes: int | None

    @property
    def ranged(self) -> bool:
        """Whether there is a range to tell; without an upper end it is "over an hour"."""
        return self.low_minutes is not None


def tell_estimate(tx: Tx, entry: EntryView, services: Services) -> EstimateView:
    """Stores and returns what the resident of a waiting entry is told now."""
    place = position(tx, entry.id)
    limits = services.catalogue.limits
    told = estimate(
        _waits(tx, entry.queue, entry.urgency, services),
        ahead_count=max(place - 1, 0),
        now=tx.now,
        least_waits=limits.estimate_waits,
    )
    row = tx.add(
        Estimate(
            contact_id=entry.contact,
            queue=entry.queue,
            urgency=entry.urgency,
            made_at=tx.now,
            low_minutes=told.low_minutes if told else None,
            high_minutes=told.high_minutes if told else None,
            position=place,
        )
    )
    return _view(row)


def newest_estimate(tx: Tx, contact: int) -> EstimateView | None:
    """What the resident was told last."""
    row = tx.one(select(Estimate).where(ESTIMATE.contact_id == contact).order_by(ESTIMATE.id.desc()).limit(1))
    return _view(row) if row is not None else None


def wait_ended(tx: Tx, contact: int) -> None:
    """The wait is over: what was told can be held against it, and it supports later estimates."""
    tx.execute(
        update(Estimate)
        .where(ESTIMATE.contact_id == contact, ESTIMATE.ended_at.is_(None))
        .values(ended_at=tx.now)
    )


def _waits(tx: Tx, queue: str, urgency: Urgency, services: Services) -> list[Waited]:
    since = tx.now - timedelta(minutes=services.catalogue.limits.estimate_window_minutes)
    rows = tx.all(
        select(Estimate).where(
            ESTIMATE.queue == queue,
            ESTIMATE.urgency == urgency,
            ESTIMATE.ended_at >= since,
        )
    )
    return [
        Waited(ended_at=row.ended_at, waited=row.ended_at - row.made_at, ahead_count=max(row.position - 1, 0))
        for row in rows
    ]


def _view(row: Estimate) -> EstimateView:
    return EstimateView(
        contact=row.contact_id,
        made_at=row.made_at,
        position=row.position,
        low_minutes=row.low_minutes,
        high_minutes=row.high_minutes,
    )
