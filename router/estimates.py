"""The wait told to a resident: a range from what others waited lately, or nothing. Pure; never a point.

The upper end is the nearest-rank p90 of the last 30 minutes for the queue and urgency, corrected by position,
and hidden when fewer than 10 waits support it (metrics, "Wait told to a resident").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TypeVar

WINDOW = timedelta(minutes=30)
LEAST_WAITS = 10
_HOUR = 60
_Ordered = TypeVar("_Ordered", timedelta, int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """One wait that ended in an answer: how long it was, and how many were ahead when it began."""

    ended_at: datetime
    waited: timedelta
    ahead_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A range of minutes as told; `high_minutes` None is "over an hour"; `support_count` waits back it."""

    low_minutes: int
    high_minutes: int | None
    support_count: int


BUCKETS = ((1, 3), (2, 6), (4, 8), (8, 15), (15, 30), (30, _HOUR))


def estimate(
    waits: Sequence[Waited],
    *,
    ahead_count: int,
    now: datetime,
    window: timedelta = WINDOW,
    least_waits: int = LEAST_WAITS,
) -> Estimate | None:
    """The range for one with `ahead_count` before them, from its queue's waits; None if too few."""
    recent = [wait for wait in waits if now - window <= wait.ended_at <= now]
    if len(recent) < least_waits:
        return None
    upper = nearest_rank([wait.waited for wait in recent], 90)
    usual = nearest_rank([wait.ahead_count for wait in recent], 50)
    return _told(upper * (ahead_count + 1) / (usual + 1), len(recent))


def ended_inside(told: Estimate, waited: timedelta) -> bool:
    """Whether the wait that followed ended within the range told: the calibration figure's numerator."""
    if waited < timedelta(minutes=told.low_minutes):
        return False
    return told.high_minutes is None or waited <= timedelta(minutes=told.high_minutes)


def overrun(told: Estimate, waited: timedelta) -> bool:
    """Whether the resident has waited longer than the range told, and is owed a new one."""
    return told.high_minutes is not None and waited > timedelta(minutes=told.high_minutes)


def nearest_rank(values: Sequence[_Ordered], percent: int) -> _Ordered:
    """The smallest observed value with at least `percent` % of them at or below it; ValueError if none."""
    if not values:
        raise ValueError("a percentile of no values does not exist")
    return sorted(values)[max(ceil(percent * len(values) / 100), 1) - 1]


def _told(upper: timedelta, support_count: int) -> Estimate:
    for low, high in BUCKETS:
        if upper <= timedelta(minutes=high):
            return Estimate(low_minutes=low, high_minutes=high, support_count=support_count)
    return Estimate(low_minutes=_HOUR, high_minutes=None, support_count=support_count)
