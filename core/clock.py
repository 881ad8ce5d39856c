"""The one place that reads the machine's time; every deciding function takes `now` as an argument instead."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

# How much faster or slower the service's time runs while it catches up with a clock that was set: leases and
# offers last 12 to 20 s instead of 15, so that setting a clock takes nobody's work away.
CATCH_UP = 0.25
FAR = (
    7_200.0  # seconds: farther apart than that, a clock was not set but had been wrong, and is taken at once
)
NOTICED = (
    1.0  # seconds apart from the followed clock that are worth a word: clocks in order differ by far less
)


class Clock(Protocol):
    """A source of aware UTC instants and of monotonic seconds."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def follow(self, at: datetime, when: float) -> None:
        """From now on, time is what was `at` at the monotonic second `when`: the database's time, say."""
        ...

    def not_before(self, at: datetime) -> None:
        """Goes on from `at`, which was written down already, if it is ahead of us, but not far."""
        ...

    @property
    def behind(self) -> float:
        """Seconds that `now` is behind the clock it follows; negative when it is ahead."""
        ...


class SystemClock:
    """The machine's clock, or the one it is told to follow, without its jumps.

    `now` never goes back and never leaps: when the followed clock is set by up to two hours, it runs a
    quarter faster or slower until it has caught up. Threads may share it.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] | None = None
    ) -> None:
        """Starts at the wall clock's time; both sources give seconds."""
        self._wall, self._monotonic = wall, monotonic or monotonic_seconds
        self._lock = threading.Lock()
        self._reference: tuple[float, float] | None = None
        self._read_at = self._monotonic()
        self._seconds = wall()

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        with self._lock:
            return datetime.fromtimestamp(self._advance(), UTC)

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        return self._monotonic()

    def follow(self, at: datetime, when: float) -> None:
        """See `Clock.follow`. The first time it is taken over at once: nothing was written down before."""
        with self._lock:
            self._advance()
            is_first, self._reference = self._reference is None, (at.timestamp(), when)
            if is_first:
                self._seconds = self._followed(self._read_at)

    def not_before(self, at: datetime) -> None:
        """See `Clock.not_before`."""
        with self._lock:
            ahead = at.timestamp() - self._advance()
            self._seconds += ahead if 0 < ahead <= FAR else 0.0

    @property
    def behind(self) -> float:
        """See `Clock.behind`."""
        with self._lock:
            seconds = self._advance()
            return self._followed(self._read_at) - seconds

    def _followed(self, monotonic: float) -> float:
        if self._reference is None:
            return self._wall()
        at, when = self._reference
        return at + (monotonic - when)

    def _advance(self) -> float:
        read_at = self._monotonic()
        elapsed, self._read_at = read_at - self._read_at, read_at
        self._seconds = caught_up(self._seconds + elapsed, self._followed(read_at), elapsed)
        return self._seconds


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

    def follow(self, at: datetime, when: float) -> None:
        """Follows nobody."""

    def not_before(self, at: datetime) -> None:
        """Stays where it was set."""

    @property
    def behind(self) -> float:
        """Nothing: it follows nobody."""
        return 0.0

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


def caught_up(expected: float, followed: float, elapsed: float) -> float:
    """Where time stands `elapsed` seconds after it was read last: nearer to the followed clock, no leap."""
    if abs(followed - expected) > FAR:
        return followed
    step = CATCH_UP * elapsed
    return expected + min(max(followed - expected, -step), step)


def monotonic_seconds() -> float:
    """Monotonic seconds that go on while the machine sleeps, where it can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def require_utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive datetime is a ValueError."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC)
