"""Whom a process takes in that has more to do than it can: who is in always, new ones not for now. Pure.

Judged by what waits for the writer and by how late things are, not by how many come.
"""

from dataclasses import dataclass
from datetime import datetime

AHEAD = 0.7  # seconds within which what is let in last should be done
FEWEST, FIRST, MOST = 32.0, 512.0, 2_048.0  # operations that may wait: whatever is measured, and before it is
# Shares of the operations that may wait.
SHED_FILLED, CALM_FILLED = 1 / 4, 1 / 16
CALLS_FILLED = 3 / 4  # a request for a call is one short write: taken until here
RESIDENTS_FILLED = 7 / 8  # the rest is the staff's and the program's: leases, offers, heartbeat
SHED_LATE, CALM_LATE = 1.0, 0.2  # seconds that a commit takes, or that the event loop is late
LATE_FOR = 2.0  # seconds of being late without a break before it counts: a slow disk's one hiccup does not
CALM_FOR = 2.0  # seconds in which everything must be calm before new ones are taken again


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a process has to do now."""

    filled: float
    commit_s: float = 0.0
    late_s: float = 0.0

    @property
    def is_full(self) -> bool:
        """More waits than can be done soon."""
        return self.filled >= SHED_FILLED

    @property
    def is_late(self) -> bool:
        """What is done comes late, however little it is."""
        return max(self.commit_s, self.late_s) >= SHED_LATE

    @property
    def is_calm(self) -> bool:
        """Little enough to take new ones again; between the two, things stay as they are."""
        return self.filled <= CALM_FILLED and max(self.commit_s, self.late_s) <= CALM_LATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Since when nobody new is taken, if so; since when all was late or calm, on the monotonic clock."""

    since: datetime | None = None
    calm_at: float | None = None
    late_at: float | None = None

    @property
    def is_shedding(self) -> bool:
        """Whether new ones are asked to call or to come later."""
        return self.since is not None


def admission(before: Admission, load: Load, now: datetime, monotonic: float) -> Admission:
    """What holds from now on: shedding begins at once when full, after a while when only late, and ends
    after a while of calm.
    """
    if load.is_full:
        return Admission(since=before.since or now)
    if before.since is None:
        if not load.is_late:
            return Admission()
        late_at = monotonic if before.late_at is None else before.late_at
        return Admission(since=now) if monotonic - late_at >= LATE_FOR else Admission(late_at=late_at)
    if not load.is_calm:
        return Admission(since=before.since)
    calm_at = monotonic if before.calm_at is None else before.calm_at
    return Admission() if monotonic - calm_at >= CALM_FOR else Admission(since=before.since, calm_at=calm_at)


def room(queued: int, seconds: float, before: float) -> float:
    """How many operations may wait: by how long the last of so many did, half by what was known before."""
    seen = AHEAD * queued / max(seconds, 0.001)
    return min(MOST, max(FEWEST, (seen + before) / 2))


def takes_calls(filled: float) -> bool:
    """Whether a request for a call is taken, also while new chats are not."""
    return filled < CALLS_FILLED


def takes_residents(filled: float) -> bool:
    """Whether what a resident sends is taken: beyond this there is only room for what keeps chats running."""
    return filled < RESIDENTS_FILLED
