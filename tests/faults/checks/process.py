"""I30 to I33: bounds, honest probes, a Redis that knows nothing, one process a file.

These are judged by what a test notes in the operation log:
`measured` (key what, seconds the value, bound the most it may be), `probe` (ok or fail, as the server said),
`broken` and `mended` (key what), `hint` (text as it was in Redis), `start` and `stop` (key the database).
"""

import json
from collections.abc import Iterator, Sequence

from tests.faults.checks.state import Kept
from tests.faults.oplog import Act

NOTICED = 2.0  # seconds until a probe tells the truth


def i30_everything_has_a_bound(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Nothing measured was over its bound."""
    for act in acts:
        if act.act == "measured" and act.seconds > act.bound:
            yield f"over its bound: {act.key} of {act.who} was {act.seconds:g}, may be {act.bound:g}"


def i31_ready_means_ready(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """While something is broken the probe says so, two seconds after at the latest."""
    broken: dict[tuple[str, str], float] = {}
    for act in acts:
        if act.act == "broken":
            broken.setdefault((act.who, act.key), act.t)
        elif act.act == "mended":
            broken.pop((act.who, act.key), None)
        elif act.act == "probe" and act.phase == "ok":
            for (who, what), since in broken.items():
                if who == act.who and act.t - since > NOTICED:
                    yield f"said to be ready {act.t - since:.1f} s after {what} broke: {who}"


def i32_redis_knows_nothing(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """What is in Redis are numbers and flags: losing it loses nothing, reading it tells nothing."""
    for act in acts:
        if act.act == "hint":
            values = json.loads(act.text).values()
            if not all(isinstance(value, int) for value in values):
                yield f"more than a number: {act.text}"


def i33_one_process_a_file(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Of processes on one SQLite file one runs; a PostgreSQL may have many."""
    running: dict[str, str] = {}
    for act in acts:
        if act.act == "start" and act.phase == "ok" and act.key.startswith("sqlite"):
            if running.setdefault(act.key, act.who) != act.who:
                yield f"two on one file: {running[act.key]} and {act.who}"
        elif act.act == "stop" and running.get(act.key) == act.who:
            del running[act.key]
