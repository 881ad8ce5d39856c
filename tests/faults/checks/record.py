"""I23 and I29: the events tell the rows, and the access log is whole."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.faults.checks.replay import Replayed, replay
from tests.faults.checks.state import Kept
from tests.faults.oplog import Act


def i23_events_tell_the_rows(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Entries, promises, attempts and outcomes are what a fold over the events makes of them."""
    told = replay(state.steps)
    found = Replayed(
        places={place.id: place for place in state.places},
        promises={promise.id: promise for promise in state.promises},
        attempts={attempt.id: attempt for attempt in state.attempts},
        outcomes={outcome.id: outcome for outcome in state.outcomes},
    )
    for name in ("places", "promises", "attempts", "outcomes"):
        yield from _differences(name, getattr(told, name), getattr(found, name))


def _differences(name: str, told: dict[int, Any], found: dict[int, Any]) -> Iterator[str]:
    for one in sorted(told.keys() | found.keys()):
        if one not in told:
            yield f"without events: {name} {one}"
        elif one not in found:
            yield f"without a row: {name} {one}"
        elif differing := told[one].differences(found[one]):
            yield f"told otherwise: {name} {one}: {differing}"


def i29_access_log_is_whole(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """The access log's chain of hashes holds."""
    if state.broken_access_row is not None:
        yield f"access log: row {state.broken_access_row} does not follow the one before it"
