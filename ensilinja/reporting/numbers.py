"""Shares, delays and percentiles. No data is None, never 0; every figure carries its n."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEAST_ANSWERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`count` of `n`; `percent` is None when n is 0. `left_out` were in neither by the definition."""

    n: int
    count: int
    percent: float | None
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Seconds of `n` delays; all None when n is 0."""

    n: int
    mean_s: float | None = None
    median_s: float | None = None
    p90_s: float | None = None
    p95_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The same delays by two clocks: inside the queue's opening hours, and plain time."""

    service: Spread
    wall: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean of `n` values, None when there are none."""

    n: int
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """How `n` of the `asked` answered from 0 to 10: the part of 9 and 10 less the part of 0 to 6, in percent
    points. `value` is None of fewer than `LEAST_ANSWERS`, so that nobody's answer shows.
    """

    n: int
    asked: int
    value: float | None

    @property
    def answered_percent(self) -> float | None:
        """The part of those asked who answered; None where nobody was."""
        return 100 * self.n / self.asked if self.asked else None


def recommended(asked: int, scores: Iterable[int]) -> Recommended:
    """The net promoter score of these answers."""
    given = list(scores)
    if len(given) < LEAST_ANSWERS:
        return Recommended(n=len(given), asked=asked, value=None)
    balance = sum(score >= 9 for score in given) - sum(score <= 6 for score in given)
    return Recommended(n=len(given), asked=asked, value=100 * balance / len(given))


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The smallest observed value with at least `percent` % of the values at or below it (nearest rank).

    `ordered` is ascending; None of no values.
    """
    if not 0 < percent <= 100:
        raise ValueError("a percentile is over 0 and at most 100")
    return ordered[math.ceil(percent * len(ordered) / 100) - 1] if ordered else None


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean, exactly summed; None of no values."""
    return math.fsum(values) / len(values) if values else None


def mean_of(values: Iterable[float | None]) -> Mean:
    """The mean of the values that are known."""
    known = [value for value in values if value is not None]
    return Mean(n=len(known), value=mean(known))


def spread(seconds: Iterable[float | None]) -> Spread:
    """Mean, median and percentiles of the delays that are known; a clock set back gives 0, never less."""
    ordered = sorted(max(value, 0.0) for value in seconds if value is not None)
    return Spread(
        n=len(ordered),
        mean_s=mean(ordered),
        median_s=percentile(ordered, 50),
        p90_s=percentile(ordered, 90),
        p95_s=percentile(ordered, 95),
    )


def share(verdicts: Iterable[bool | None]) -> Share:
    """How many are true of those with a verdict; None has no verdict and is left out."""
    given = list(verdicts)
    counted = [verdict for verdict in given if verdict is not None]
    count = sum(counted)
    percent = 100 * count / len(counted) if counted else None
    return Share(n=len(counted), count=count, percent=percent, left_out=len(given) - len(counted))


def light(value: float | None, target: float | None, *, lower_is_better: bool = False) -> str:
    """green when at least 90 % of the target is reached, yellow over 50 %, red under; none without either."""
    if value is None or target is None:
        return "none"
    if lower_is_better:
        reached = 1.0 if value <= target else target / value
    else:
        reached = 1.0 if value >= target else value / target
    return "green" if reached >= 0.9 else "yellow" if reached > 0.5 else "red"
