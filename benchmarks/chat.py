"""The chat's speed beside a plain relay in the same run: `python -m benchmarks.chat [--quick] [--write]`.

Measures P1a (embedded), P1b (PostgreSQL), P1c (acknowledgements), P1d (memory) and how cost grows.
The server and its database have one core, the load the other. `--write` puts each part into `docs/` when it
is done; `--only` does some of them, so that a run may be short.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from platform import machine, python_version
from statistics import median

from benchmarks.chart import Curve, chart
from benchmarks.stage import (
    Cast,
    Crowd,
    Measured,
    Relay,
    conversations,
    our_server,
    percentile,
    pin,
    resident_kib,
    waiting,
)
from tests.faults.server import ROOT, Server, an_open_county, serving
from tools.machine import find_postgres
from tools.servers import PgServer

CONVERSATIONS = 500
IDLE_SOCKETS = 2_000
# Messages a second with its PostgreSQL archive, and of this relay beside it, measured on a like machine:
# as machines differ, what it is of the relay is what can be compared.
EJABBERD, BESIDE = 955, 22_900
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "chat-growth.svg"
BEGIN, END = "<!-- chat, {}: made by benchmarks/chat.py -->\n", "<!-- /chat, {} -->\n"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    closed: float
    open: float
    idle_sockets: int


QUICK, FULL = Size(2, 2.0, 3.0, 200), Size(5, 3.0, 6.0, IDLE_SOCKETS)


@dataclass(slots=True)
class Seen:
    """What both did, round by round."""

    relay: list[Measured] = field(default_factory=list)
    ours: list[Measured] = field(default_factory=list)

    def ratio(self, value: Callable[[Measured], float]) -> float:
        """Ours by the baseline's, of the medians."""
        return median(map(value, self.ours)) / median(map(value, self.relay))


def spread(values: list[float], digits: int = 0) -> str:
    """The median and the range."""
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def p99_delivery(one: Measured) -> float:
    return percentile(one.deliveries, 0.99)


def p99_ack(one: Measured) -> float:
    return percentile(one.acks, 0.99)


@contextlib.contextmanager
def relay() -> Iterator[Relay]:
    """The baseline, running."""
    server = Relay()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def crowd(folder: Path, cast: Cast, kind: str, server: Relay | Server) -> Iterator[Crowd]:
    """The cast, connected to a server."""
    people = Crowd(folder, cast.plan(kind, server.port), server.pid)
    try:
        yield people
    finally:
        people.leave()


class Rows:
    """The table of results, told as it grows."""

    def __init__(self) -> None:
        self.lines = ["| Gate | Required | Goal | Seen |", "| --- | --- | --- | --- |"]

    def add(self, gate: str, required: str, goal: str, seen: str) -> None:
        self.lines.append(f"| {gate} | {required} | {goal} | {seen} |")
        print(f"{gate}: {seen}   (required {required}; goal {goal})", flush=True)

    @property
    def made(self) -> str:
        """As it stands in a document."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is measured, and how much."""

    folder: Path
    county: Path
    size: Size


def measure(folder: Path, ours: Server, cast: Cast, size: Size) -> dict[str, Seen]:
    """Interleaved rounds: closed loop for what is sustained, open loop for how long it takes."""
    seen = {"sustained": Seen(), "50": Seen(), "100": Seen()}
    with (
        relay() as baseline,
        crowd(folder, cast, "relay", baseline) as theirs,
        crowd(folder, cast, "ours", ours) as mine,
    ):
        for people in (theirs, mine):
            people.step(mode="closed", seconds=1.0)  # warm: nothing is compiled or connected the first time
        for _ in range(size.rounds):
            seen["sustained"].relay.append(theirs.step(mode="closed", seconds=size.closed))
            seen["sustained"].ours.append(mine.step(mode="closed", seconds=size.closed))
            for rate in ("50", "100"):
                seconds = size.open / 2
                seen[rate].relay.append(theirs.step(mode="open", rate=int(rate), seconds=seconds))
                seen[rate].ours.append(mine.step(mode="open", rate=int(rate), seconds=seconds))
    return seen


def tell_speed(rows: Rows, gate: str, shape: str, seen: dict[str, Seen]) -> None:
    """The rows of one shape."""
    sustained = seen["sustained"]
    theirs, mine = [one.rate for one in sustained.relay], [one.rate for one in sustained.ours]
    refused = sum(sum(one.refused.values()) for one in sustained.ours)
    ratio = sustained.ratio(lambda one: one.rate)
    rows.add(
        f"{gate} sustained, {shape}",
        "0.15 × relay; 3 × ejabberd",
        "0.4 ×",
        f"{ratio:.2f} ×: {spread(mine)} beside {spread(theirs)} messages/s; "
        f"{ratio * BESIDE / EJABBERD:.1f} × ejabberd by the relay, "
        f"{median(mine) / EJABBERD:.1f} × its {EJABBERD}; {refused} refused",
    )
    rows.add(
        f"{gate} processor time of our process for a message, {shape}",
        "",
        "",
        f"{spread([one.cost for one in sustained.ours])} µs beside "
        f"{spread([one.cost for one in sustained.relay], 1)} µs, "
        f"{1 / sustained.ratio(lambda one: one.cost):.2f} ×",
    )
    rows.add(
        f"{gate} p99 of delivery at 100/s, {shape}",
        "100 ms",
        "",
        f"{spread([p99_delivery(one) for one in seen['100'].ours], 1)} ms beside "
        f"{spread([p99_delivery(one) for one in seen['100'].relay], 1)} ms",
    )
    rows.add(
        f"P1c p99 of acknowledgement at 50/s, {shape}",
        "10 × relay, 25 ms",
        "5 ×",
        f"{seen['50'].ratio(p99_ack):.1f} ×: {spread([p99_ack(one) for one in seen['50'].ours], 1)} ms",
    )


def address(place: Place) -> str:
    """The embedded database, with the people in it once they have been put there."""
    return f"sqlite:///{place.folder / 'chat.sqlite3'}"


@cache
def the_cast(place: Place) -> Cast:
    """The people of the embedded shape, made once a run."""
    return asyncio.run(conversations(address(place), place.county, count=CONVERSATIONS, consoles=100))


def embedded(place: Place) -> str:
    """P1a and P1c."""
    rows, cast = Rows(), the_cast(place)
    with serving(our_server(place.folder, place.county, address(place), "embedded")) as ours:
        seen = measure(place.folder, ours, cast.part(CONVERSATIONS), place.size)
    tell_speed(rows, "P1a", "embedded", seen)
    return rows.made


def postgres(place: Place) -> str:
    """P1b and P1c; nothing where there is no PostgreSQL."""
    rows, binaries = Rows(), find_postgres()
    if not binaries:
        return ""
    database = PgServer(binaries, durable=True)
    try:
        database.start()
        pin(database.pids)
        url = database.create()
        cast = asyncio.run(conversations(url, place.county, count=CONVERSATIONS))
        with serving(our_server(place.folder, place.county, url, "postgres")) as ours:
            tell_speed(rows, "P1b", "PostgreSQL", measure(place.folder, ours, cast, place.size))
    finally:
        database.stop()
    return rows.made


def memory(place: Place) -> str:
    """P1d: what a socket costs that only waits."""
    rows, folder, count = Rows(), place.folder, place.size.idle_sockets
    url = f"sqlite:///{folder / 'idle.sqlite3'}"
    cast = asyncio.run(waiting(url, place.county, count=count))
    with relay() as baseline, serving(our_server(folder, place.county, url, "idle")) as ours:
        took = {}
        for kind, server in (("relay", baseline), ("ours", ours)):
            before = resident_kib(server.pid)
            with crowd(folder, cast, kind, server) as people:
                people.step(mode="idle")
                took[kind] = (resident_kib(server.pid) - before) / people.connected
    rows.add(
        f"P1d memory of an idle socket, {count:,} held",
        "2.5 × relay",
        "1.5 ×",
        f"{took['ours'] / took['relay']:.1f} ×: {took['ours']:.1f} KiB beside {took['relay']:.1f} KiB",
    )
    return rows.made


def growth(place: Place) -> str:
    """How the cost grows, as a chart."""
    cast = the_cast(place)
    with serving(our_server(place.folder, place.county, address(place), "growth")) as ours:
        drawn = chart("Processor time for a message, µs", curves(place, ours, cast))
    (place.folder / CHART.name).write_text(drawn, "utf-8")
    return f"![Processor time for a message as conversations and consoles grow]({CHART.name})"


def curves(place: Place, ours: Server, cast: Cast) -> list[Curve]:
    """The server's processor time for a message as there are ten and a hundred times as many of something."""
    conversations_ = [(n, cast.part(n)) for n in (5, 50, CONVERSATIONS)]
    consoles = [(n, cast.part(5, consoles=n)) for n in (1, 10, 100)]
    found = []
    for name, parts in (("conversations", conversations_), ("consoles", consoles)):
        points: list[tuple[float, float]] = []
        for count, part in parts:
            with crowd(place.folder, part, "ours", ours) as people:
                idle = people.step(mode="idle", seconds=place.size.open / 2)
                busy = people.step(mode="open", rate=50, seconds=place.size.open / 2)
            spent = busy.spent - idle.spent * busy.seconds / idle.seconds
            points.append((count, max(0.0, spent) / max(1, busy.done) * 1e6))
            print(f"{count} {name}: {points[-1][1]:,.0f} µs of processor time for a message", flush=True)
        found.append(Curve(name, points))
    return found


def about() -> str:
    """The machine, and what may disturb it."""
    model = next(
        (s for s in Path("/proc/cpuinfo").read_text().splitlines() if s.startswith("model name")), ""
    )
    name = model.partition(":")[2].strip() or machine()
    return f"{os.cpu_count()} cores ({name}), Python {python_version()}, load {os.getloadavg()[0]:.1f} before"


def write(place: Place, part: str, made: str, told: str) -> None:
    """Puts a part into the documents; the others stay as they are."""
    if (drawn := place.folder / CHART.name).exists():
        shutil.copy(drawn, CHART)
    page = PAGE.read_text("utf-8")
    begin, end = BEGIN.format(part), END.format(part)
    before, rest = page.split(begin, 1)
    after = rest.split(end, 1)[1]
    PAGE.write_text(f"{before}{begin}\n{made}\n\nMeasured on {told}.\n\n{end}{after}", "utf-8")


PARTS: dict[str, Callable[[Place], str]] = {
    "embedded": embedded,
    "postgres": postgres,
    "memory": memory,
    "growth": growth,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute or two, for a first look")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and the chart")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ensilinja-bench-"))
    try:
        place = Place(folder, an_open_county(folder), QUICK if given.quick else FULL)
        for part in given.only:
            told = about()
            print(f"{part}: {told}", flush=True)
            made = PARTS[part](place)
            print(made, flush=True)
            if given.write and made:
                write(place, part, made, told)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
