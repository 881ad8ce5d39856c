"""What Prometheus may know of a process: `ensilinja_<noun>_<unit>`, labelled by queue, channel, outcome, op.

No label is an id or comes from a request, so no series names a person and their number is bounded.
"""

from collections.abc import Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
"""Our own: nothing that a library registers by itself is served."""

COMMIT_SECONDS = Histogram(
    "ensilinja_commit_seconds",
    "Time from asking for a write to its commit",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0),
    registry=REGISTRY,
)
LOOP_LAG_SECONDS = Histogram(
    "ensilinja_loop_lag_seconds",
    "How late the event loop ran a due call",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
    registry=REGISTRY,
)
REQUESTS = Counter(
    "ensilinja_requests",
    "Answered HTTP requests by route name and class of status (outcome)",
    ["op", "outcome"],
    registry=REGISTRY,
)
FRAMES = Counter(
    "ensilinja_frames",
    "Answered socket operations; outcome is ok or the error's code",
    ["op", "outcome"],
    registry=REGISTRY,
)
DEDUPLICATED = Counter(
    "ensilinja_deduplicated_requests",
    "Requests answered with what their id had made before",
    registry=REGISTRY,
)
FENCED = Counter(
    "ensilinja_fenced_requests",
    "Acts refused because their assignment was no longer the newest",
    registry=REGISTRY,
)
HOOKS = Counter(
    "ensilinja_hooks",
    "Signed messages of other systems by source; outcome tells whether their type is known here",
    ["op", "outcome"],
    registry=REGISTRY,
)
EVICTED = Counter(
    "ensilinja_evicted_sockets", "Sockets closed because they read too slowly", registry=REGISTRY
)
SHED = Counter(
    "ensilinja_shed_requests",
    "Requests to begin or to join that were asked to call or to come later, by route name",
    ["op"],
    registry=REGISTRY,
)
SHEDDING = Gauge("ensilinja_shedding_state", "1 while nobody new is taken, else 0", registry=REGISTRY)
WRITER_QUEUE = Gauge(
    "ensilinja_writer_queue_operations", "Operations waiting for the writer", registry=REGISTRY
)
OLDEST_WAITING = Gauge(
    "ensilinja_oldest_waiting_seconds",
    "The longest wait now, in wall time",
    ["queue", "channel"],
    registry=REGISTRY,
)
WAITING = Gauge(
    "ensilinja_waiting_entries", "Entries that wait for a person", ["queue", "channel"], registry=REGISTRY
)
BUS_DOWN = Gauge("ensilinja_bus_down_state", "1 while hints do not get through, else 0", registry=REGISTRY)
LINKED = Gauge(
    "ensilinja_telephone_linked_state",
    "1 while this process has the link to the telephone exchange; the sum over processes is 1",
    registry=REGISTRY,
)
NOT_HEARD = Gauge(
    "ensilinja_telephone_ignored_events",
    "Events of the exchange since the start that were of no known shape, or too many of one call",
    registry=REGISTRY,
)
SILENT_LINES = Gauge(
    "ensilinja_silent_lines",
    "Lines that do not answer the exchange's trial calls; each process tells the same",
    registry=REGISTRY,
)
CLOCK_BEHIND = Gauge(
    "ensilinja_clock_behind_seconds",
    "How far the service's time is behind the clock it follows, after that was set",
    registry=REGISTRY,
)
SOCKETS = Gauge("ensilinja_open_sockets", "Open sockets by what they show (op)", ["op"], registry=REGISTRY)
JOBS = Gauge("ensilinja_jobs_rows", "Job rows by state (outcome)", ["outcome"], registry=REGISTRY)
TEXTS = Gauge(
    "ensilinja_texts_rows",
    "Text messages of the last 24 hours by what became of them (outcome)",
    ["outcome"],
    registry=REGISTRY,
)
SELF_CHECK_SECONDS = Histogram(
    "ensilinja_self_check_seconds",
    "How long the service's check of its own rows took; its count shows that it goes on",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
    registry=REGISTRY,
)
BROKEN = Gauge(
    "ensilinja_broken_invariant_rows",
    "Rows that break an invariant, by the check that found them (op); anything but 0 needs a person",
    ["op"],
    registry=REGISTRY,
)
FACT_LAG = Gauge("ensilinja_fact_lag_events", "Events that the facts do not know yet", registry=REGISTRY)

DROPPED_LINES = Gauge(
    "ensilinja_dropped_log_lines", "Lines of the log that it did not take since the start", registry=REGISTRY
)


def render() -> bytes:
    """All figures in Prometheus' text format."""
    return generate_latest(REGISTRY)


def count_request(op: str, status: int) -> None:
    """Counts an HTTP answer by its route's name and its class of status, `2xx` to `5xx`."""
    REQUESTS.labels(op=op, outcome=f"{status // 100}xx").inc()


def count_frame(op: str, outcome: str) -> None:
    """Counts a socket operation that was answered with `ok` or an error's code; `op` is one we know."""
    _frames(op, outcome).inc()


@cache
def _frames(op: str, outcome: str) -> Counter:
    return FRAMES.labels(op=op, outcome=outcome)


def count_duplicate() -> None:
    """Counts a request that was answered with what its id had made before."""
    DEDUPLICATED.inc()


def count_fenced() -> None:
    """Counts an act refused because its assignment was no longer the newest."""
    FENCED.inc()


def count_hook(source: str, *, known: bool) -> None:
    """Counts a signed message of another system, and whether its type is known here."""
    HOOKS.labels(source, "known" if known else "unknown").inc()


def count_evicted() -> None:
    """Counts a socket closed because its reader was too slow."""
    EVICTED.inc()


def count_shed(op: str) -> None:
    """Counts a request that was asked to call or to come later."""
    SHED.labels(op=op).inc()


def shedding(is_so: bool) -> None:
    """Shows whether new ones are taken."""
    SHEDDING.set(1 if is_so else 0)


def commit_took(seconds: float) -> None:
    """Notes how long a write took from being asked for to its commit."""
    COMMIT_SECONDS.observe(seconds)


def loop_lagged(seconds: float) -> None:
    """Notes how late the event loop ran a due call."""
    LOOP_LAG_SECONDS.observe(seconds)


def writer_queue(operations: int) -> None:
    """Shows how many operations wait for the writer."""
    WRITER_QUEUE.set(operations)


def bus_state(is_up: bool) -> None:
    """Shows whether hints get through."""
    BUS_DOWN.set(0 if is_up else 1)


def telephone(*, is_linked: bool, ignored: int) -> None:
    """Shows whether calls come in here, and what was not understood of them."""
    LINKED.set(1 if is_linked else 0)
    NOT_HEARD.set(ignored)


def lines_silent(count: int) -> None:
    """Shows how many lines do not answer trial calls."""
    SILENT_LINES.set(count)


def clock_behind(seconds: float) -> None:
    """Shows how far the service's time is behind the clock it follows; negative when it is ahead."""
    CLOCK_BEHIND.set(seconds)


def sockets_changed(op: str, by: int) -> None:
    """Shows one socket more or fewer; `op` is what it shows: resident, console or board."""
    SOCKETS.labels(op=op).inc(by)


def facts_behind(events: int) -> None:
    """Shows how many events the facts do not know yet."""
    FACT_LAG.set(events)


def self_check_took(seconds: float) -> None:
    """Notes how long one look of the self-check took."""
    SELF_CHECK_SECONDS.observe(seconds)


def self_check_found(check: str, rows: int) -> None:
    """Shows how many rows a check found broken at its last turn."""
    BROKEN.labels(op=check).set(rows)


def jobs_state(by_state: Mapping[str, int]) -> None:
    """Shows the job rows of each state; a state that is not given has none."""
    JOBS.clear()
    for state, count in by_state.items():
        JOBS.labels(outcome=state).set(count)


def texts_state(by_state: Mapping[str, int]) -> None:
    """Shows the text messages of each state; a state that is not given has none."""
    TEXTS.clear()
    for state, count in by_state.items():
        TEXTS.labels(outcome=state).set(count)


def line_state(by_queue: Mapping[tuple[str, str], tuple[int, float | None]]) -> None:
    """Shows how many wait and the longest wait in seconds by queue and channel; nobody waiting, no series."""
    WAITING.clear()
    OLDEST_WAITING.clear()
    for (queue, channel), (count, seconds) in by_queue.items():
        WAITING.labels(queue=queue, channel=channel).set(count)
        if seconds is not None:
            OLDEST_WAITING.labels(queue=queue, channel=channel).set(seconds)
