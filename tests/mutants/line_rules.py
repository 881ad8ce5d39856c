"""Lines with one rule broken each: the judge of simulated days must see every one in a few days.

The first ones are decided by pure functions and are played in memory; the second ones live in the services.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, true

from queues import dispatch, eligibility, line, load, matcher, sweep, taking, transitions
from queues.models import ENTRY
from router import promising, rules

MIRROR = datetime(2026, 4, 7, 9, tzinfo=UTC)
Mutant = Callable[[pytest.MonkeyPatch], Any]


def emergency_is_offered(patch: pytest.MonkeyPatch) -> None:
    """An emergency is one of the others."""
    patch.setattr(rules, "tier_of", lambda urgency, tags=(): (rules.BY_DUE, "tier:by_due"))


def language_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody waits for somebody of her language."""
    patch.setattr(line.Settings, "hold", lambda self, queue: timedelta(0))


def capacity_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """Whatever she has in hand, one more fits."""
    patch.setattr(matcher, "fits", lambda kind, seat, settings: True)
    patch.setattr(matcher, "settle_top", lambda candidates, kind, settings, idle: bool(candidates))


def last_is_first(patch: pytest.MonkeyPatch) -> None:
    """Of those who are due, the newest is first."""
    real = line.Waiting.rank.fget

    def rank(self: line.Waiting) -> line.Rank:
        found = real(self)  # type: ignore[misc]
        return line.Rank(found.tier, line_end(found.due_at), found.arrived_at, found.id)

    patch.setattr(line.Waiting, "rank", property(rank))


def line_end(at: Any) -> Any:
    """The instant mirrored: later is earlier."""
    return at + 2 * (MIRROR - at)


def anybody_is_a_member(patch: pytest.MonkeyPatch) -> None:
    """Everybody is offered everything."""
    real = eligibility.Room.__init__

    def room(self: eligibility.Room, agents: Any) -> None:
        real(self, agents)
        everywhere = {queue for seat in self.seats.values() for queue in seat.agent.queues} | {"dental"}
        self.members = {queue: list(self.seats.values()) for queue in everywhere}

    patch.setattr(eligibility.Room, "__init__", room)


def free_hands_stay_empty(patch: pytest.MonkeyPatch) -> None:
    """Those who do not call are given no promised work, whatever waits."""

    def play(work: matcher.Round, floor: matcher.Split) -> None:
        calling = matcher.Bench(work.room, floor.calling)
        free = matcher.Bench(work.room, work.room.seats.keys() - floor.calling - floor.draining)
        matcher.walk(work, calling, lambda kind: kind.promised)
        matcher.walk(work, free, lambda kind: not kind.promised)

    patch.setattr(matcher, "play", play)


def promises_end_of_day_is_lost(patch: pytest.MonkeyPatch) -> None:
    """A promise is due at the end of the next day."""
    from router import promises

    real = promises.end_of_service_day
    patch.setattr(
        promises, "end_of_service_day", lambda hours, at: real(hours, real(hours, at) + timedelta(hours=2))
    )


def returned_loses_its_place(patch: pytest.MonkeyPatch) -> None:
    """What comes back from a professional is due as if it had just come."""
    real = transitions.released
    for module in (sweep, taking, transitions):
        patch.setattr(
            module, "released", lambda row: {**real(row), "due_at": row.due_at + timedelta(minutes=30)}
        )


def offer_never_ends(patch: pytest.MonkeyPatch) -> None:
    """An offer nobody answers stays with her."""
    patch.setattr(sweep, "expire", lambda tx, row, limits: False)


def lost_work_stays(patch: pytest.MonkeyPatch) -> None:
    """What a dead browser holds is never given to another."""
    patch.setattr(sweep, "lose", lambda tx, row: False)


def windows_are_early(patch: pytest.MonkeyPatch) -> None:
    """What was put off is in the line at once."""
    early = select(ENTRY).where(ENTRY.c.state == "scheduled").order_by(ENTRY.c.id).limit(sweep.BITE)
    patch.setattr(sweep, "DUE", early)


def ringing_keeps_nothing(patch: pytest.MonkeyPatch) -> None:
    """A real attempt does not keep the promise."""
    from callbacks import attempts

    patch.setattr(attempts, "keep_promise", lambda *args: None)
    assert attempts.Kind is promising.Kind


def siblings_are_offered(patch: pytest.MonkeyPatch) -> None:
    """A contact is offered although another of its matter is in somebody's hands."""
    patch.setattr(dispatch, "matter_is_free", lambda of=ENTRY: true())
    patch.setitem(load.GUARDS, "matter_free", true())  # type: ignore[arg-type]


DECIDING: Mapping[str, Mutant] = {
    each.__name__: each
    for each in (
        emergency_is_offered,
        language_is_forgotten,
        capacity_is_ignored,
        last_is_first,
        anybody_is_a_member,
        free_hands_stay_empty,
        promises_end_of_day_is_lost,
    )
}
STORED: Mapping[str, Mutant] = {
    each.__name__: each
    for each in (
        returned_loses_its_place,
        offer_never_ends,
        lost_work_stays,
        windows_are_early,
        ringing_keeps_nothing,
        siblings_are_offered,
    )
}
