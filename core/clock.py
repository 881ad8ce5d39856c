"""The one place that reads the machine's time; every deciding function takes `now` as an argument instead."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of aware UTC instants and of monotonic seconds."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        return time.monotonic()


class FixedClock:
    """A clock that stands still until it is set or advanced; its monotonic seconds never go back."""

    def __init__(self, at: datetime) -> None:
        self._now = require_utc(at)
        self._elapsed = 0.0

    def now(self) -> datetime:
        """The instant last set, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced since the clock was made."""
        return self._elapsed

    def set(self, at: datetime) -> None:
        """Sets the wall clock, also backwards; the monotonic seconds follow only forwards."""
        moved = (require_utc(at) - self._now).total_seconds()
        self._now = require_utc(at)
        self._elapsed += max(moved, 0.0)

    def advance(self, by: timedelta | float) -> datetime:
        """Moves both clocks forward by a timedelta or seconds and returns the new instant."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self.set(self._now + step)
        return self._now


def require_utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive datetime is a ValueError."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC)
