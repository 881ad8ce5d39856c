"""Waits told to residents and what became of them; the range itself is decided by `router.estimates`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update

from core.db import UtcTime, among, table
from core.store import Tx
from core.urgency import Urgency
from queues.service import entry_of, position
from queues.views import EntryView
from router.estimates import Estimate as Told
from router.estimates import Waited, estimate, overrun
from router.models import ESTIMATE, Estimate
from router.services import Services

_OTHER = table(Estimate).alias("other")
_OTHERS = select(func.max(_OTHER.c.id)).where(_OTHER.c.contact_id == ESTIMATE.contact_id)
_TIMES = _OTHERS.with_only_columns(func.count()).scalar_subquery().label("times")
_LAST = select(table(Estimate), _TIMES).where(
    among(ESTIMATE.contact_id, "contacts"), ESTIMATE.id == _OTHERS.scalar_subquery()
)
_WAITED = select(ESTIMATE.ended_at, ESTIMATE.made_at, ESTIMATE.position).where(
    ESTIMATE.queue == bindparam("queue"), ESTIMATE.ended_at >= bindparam("since", type_=UtcTime())
)
_WAITS = {False: _WAITED, True: _WAITED.where(ESTIMATE.urgency == bindparam("urgency"))}  # of one level
ENDED = (
    update(Estimate)
    .where(among(ESTIMATE.contact_id, "contacts"), ESTIMATE.ended_at.is_(None))
    .values(ended_at=bindparam("now", type_=UtcTime()))
)


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

    def overrun(self, now: datetime) -> bool:
        """Whether the resident has waited longer than this told."""
        if self.low_minutes is None:
            return False
        told = Told(low_minutes=self.low_minutes, high_minutes=self.high_minutes, support_count=0)
        return overrun(told, now - self.made_at)


def tell_estimate(tx: Tx, entry: EntryView, services: Services) -> EstimateView:
    """Stores and returns what the resident of a waiting entry is told now."""
    place = position(tx, entry.id)
    told = likely_wait(tx, entry.queue, max(place - 1, 0), services, urgency=entry.urgency)
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


def likely_wait(
    tx: Tx, queue: str, ahead_count: int, services: Services, *, urgency: Urgency | None = None
) -> Told | None:
    """The range for one who would come now, of that level or whatever it will be; nothing is stored."""
    waits, least = _waits(tx, queue, urgency, services), services.catalogue.limits.estimate_waits
    return estimate(waits, ahead_count=ahead_count, now=tx.now, least_waits=least)


def retell(tx: Tx, contacts: Collection[int], services: Services) -> int:
    """Tells a new estimate to those who have waited longer than they were told; returns how many."""
    told = 0
    for contact in contacts:
        entry, newest = entry_of(tx, contact), newest_estimate(tx, contact)
        if entry.state in ("waiting", "offered") and newest is not None and newest.overrun(tx.now):
            tell_estimate(tx, entry, services)
            told += 1
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTold:
    """What a resident was told last, and whether it `is_again`: the first estimate did not hold."""

    newest: EstimateView
    is_again: bool


def last_told(tx: Tx, contacts: Collection[int]) -> dict[int, LastTold]:
    """What each of the contacts was told last, in one query for all."""
    rows = tx.run(_LAST, {"contacts": list(contacts)})
    return {row.contact_id: LastTold(newest=_view(row), is_again=row.times > 1) for row in rows}


def newest_estimate(tx: Tx, contact: int) -> EstimateView | None:
    """What the resident was told last."""
    row = tx.one(select(Estimate).where(ESTIMATE.contact_id == contact).order_by(ESTIMATE.id.desc()).limit(1))
    return _view(row) if row is not None else None


def wait_ended(tx: Tx, contact: int) -> None:
    """The wait is over: what was told can be held against it, and it supports later estimates."""
    waits_ended(tx, [contact])


def waits_ended(tx: Tx, contacts: Collection[int]) -> None:
    """`wait_ended` of many."""
    tx.execute(ENDED, {"contacts": list(contacts), "now": tx.now})


def _waits(tx: Tx, queue: str, urgency: Urgency | None, services: Services) -> list[Waited]:
    since = tx.now - timedelta(minutes=services.catalogue.limits.estimate_window_minutes)
    rows = tx.rows(
        _WAITS[urgency is not None],
        {"queue": queue, "since": since} | ({"urgency": urgency} if urgency is not None else {}),
    )
    return [
        Waited(ended_at=row.ended_at, waited=row.ended_at - row.made_at, ahead_count=max(row.position - 1, 0))
        for row in rows
    ]


def _view(row: Any) -> EstimateView:
    return EstimateView(
        contact=row.contact_id,
        made_at=row.made_at,
        position=row.position,
        low_minutes=row.low_minutes,
        high_minutes=row.high_minutes,
    )
