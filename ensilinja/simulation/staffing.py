"""Who works when: shifts, breaks and queues of a floor of so many professionals. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from core.county import Catalogue
from ensilinja.simulation.visits import SHARES, helsinki

STARTS = (7.75, 8.0, 8.0, 8.5)  # Helsinki hours at which shifts begin, in turn
LENGTH = timedelta(hours=8)
LUNCH = timedelta(minutes=30)
PAUSE = timedelta(minutes=12)
WITH: dict[str, tuple[str, ...]] = {"nurse": ("maternity", "info"), "mental": ("social",)}
"""Small queues that a profession serves beside its own."""
SMALL_FLOOR = 12  # below it the nurses also answer for physiotherapy
DEATHS = 0.15  # of shifts in which the browser is gone for a while
GONE_S = (10.0, 240.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One professional's day. `dies_at` is when her browser goes without a word, for `gone_s` seconds."""

    place: int
    queues: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    breaks: tuple[tuple[datetime, datetime], ...] = ()
    languages: tuple[str, ...] = ("fi",)
    capacity: int = 3
    dies_at: datetime | None = None
    gone_s: float = 0.0


def roster(seed: str, day: date, count: int, catalogue: Catalogue) -> tuple[Shift, ...]:
    """The shifts of `count` professionals on a date, main queues by their share of the work."""
    mains = main_queues(count, [queue.id for queue in catalogue.queues if not queue.tasks])
    return tuple(
        _shift(seed, day, place, _queues(main, count), catalogue) for place, main in enumerate(mains)
    )


def extra(day: date, place: int, queues: Sequence[str], start: float, end: float, capacity: int) -> Shift:
    """One professional more between two hours, without a break."""
    return Shift(
        place=place,
        queues=tuple(queues),
        starts_at=helsinki(day, start),
        ends_at=helsinki(day, end),
        capacity=capacity,
    )


def thinned(seed: str, shifts: Sequence[Shift], away: float) -> tuple[Shift, ...]:
    """The shifts without a share of the professionals, but never without a queue's last one."""
    rng = Random(f"{seed}:away")  # noqa: S311
    left = list(shifts)
    for gone in rng.sample(list(shifts), k=len(shifts)):
        if len(shifts) - len(left) >= round(away * len(shifts)):
            break
        others = {queue for shift in left if shift is not gone for queue in shift.queues}
        if set(gone.queues) <= others:
            left.remove(gone)
    return tuple(left)


def main_queues(count: int, queues: Sequence[str]) -> list[str]:
    """The main queue of each professional: by share, the largest remainder first, all professions there."""
    beside = {queue for others in WITH.values() for queue in others}
    mains = [queue for queue in queues if queue not in beside]
    if count < SMALL_FLOOR:
        mains = [queue for queue in mains if queue != "physio"]
    total = sum(SHARES.get(queue, 0.01) for queue in mains)
    wanted = {queue: count * SHARES.get(queue, 0.01) / total for queue in mains}
    given = {queue: max(int(wanted[queue]), 1) for queue in mains}
    while sum(given.values()) < count:
        given[max(mains, key=lambda queue: wanted[queue] - given[queue])] += 1
    found = [queue for queue in mains for _ in range(given[queue])]
    return found[:count]


def _queues(main: str, count: int) -> tuple[str, ...]:
    more = ("physio",) if main == "nurse" and count < SMALL_FLOOR else ()
    return (main, *WITH.get(main, ()), *more)


def _shift(seed: str, day: date, place: int, queues: tuple[str, ...], catalogue: Catalogue) -> Shift:
    rng = Random(f"{seed}:shift:{place}")  # noqa: S311
    starts_at = helsinki(day, STARTS[place % len(STARTS)])
    lunch = helsinki(day, 11.0 + 0.5 * (place % 4))
    coffee = [starts_at + timedelta(minutes=90 + 8 * (place % 6)), lunch + timedelta(minutes=120)]
    shift = Shift(
        place=place,
        queues=queues,
        starts_at=starts_at,
        ends_at=starts_at + LENGTH,
        breaks=((coffee[0], coffee[0] + PAUSE), (lunch, lunch + LUNCH), (coffee[1], coffee[1] + PAUSE)),
        languages=("fi", *(["sv"] if place % 5 == 1 else []), *(["en"] if place % 2 else [])),
        capacity=catalogue.limits.chat_capacity,
    )
    if rng.random() >= DEATHS:
        return shift
    dies_at = starts_at + timedelta(seconds=rng.uniform(600, LENGTH.total_seconds() - 600))
    return replace(shift, dies_at=dies_at, gone_s=rng.uniform(*GONE_S))
