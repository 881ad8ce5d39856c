"""The times at which a call can be promised: slots of the service hours that are still ahead. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.hours import Hours, instant, local_date, next_closing, next_opening

WIDTH = timedelta(hours=2)
SHORTEST = timedelta(minutes=30)  # what is left of a day is added to its last slot when it is shorter
LEAD = timedelta(minutes=30)  # a slot that begins sooner is no choice: "as soon as possible" is
AHEAD = timedelta(days=7)  # as long as the link to the choice lives
MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A slot in which a resident is called: from `start`, promised by `end`."""

    start: datetime
    end: datetime


def windows(hours: Hours, now: datetime, *, until: datetime | None = None) -> list[Window]:
    """The slots that begin after the lead, in order; only those that end by `until`, where it is given."""
    return [
        window
        for window in _slots(hours, now)
        if window.start >= now + LEAD and (until is None or window.end <= until)
    ][:MOST]


def slots(hours: Hours, now: datetime) -> list[Window]:
    """All slots that have not ended, what is on cut to what is left of it."""
    return [
        Window(start=max(window.start, now), end=window.end)
        for window in _slots(hours, now)
        if window.end > now
    ]


def _slots(hours: Hours, now: datetime) -> Iterator[Window]:
    at, horizon = instant(local_date(now), 0), now + AHEAD
    # From each opening on, whatever the clock is now: everybody is offered the same slots.
    while (start := next_opening(hours, at)) is not None and start < horizon:
        closing = next_closing(hours, start)
        last = min(closing, horizon) if closing is not None else horizon
        while start < last:
            end = start + WIDTH if last - start >= WIDTH + SHORTEST else last
            yield Window(start=start, end=end)
            start = end
        at = last
