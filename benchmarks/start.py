"""From the start of the process to its first 200 at /readyz with a full store (gate S).

    python -m benchmarks.start [--quick]

An empty store, to compare; then 100,000 contacts with a million messages, 500 who wait, 60 at work.
"""

import argparse
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from benchmarks import filling
from benchmarks.machine import durable_postgres, told, used
from ensilinja import schema
from tests.faults.server import Server, an_open_county

QUEUES = ("nurse", "mental", "dental")
STARTS = 5


def full(connection: Connection, contacts: int) -> None:
    """The store of a county after a year."""
    now = datetime.now(UTC)
    filling.professionals(connection, 60, queues=QUEUES, now=now)
    filling.past_shifts(connection, contacts // 10, until=now)
    filling.past(connection, contacts, until=now)
    filling.in_line(connection, 500, queues=QUEUES, channel="chat", now=now)
    filling.settle(connection)


def starts(folder: Path, county: Path, url: str) -> list[tuple[float, float]]:
    """Seconds and processor seconds of each of several starts, without the first, which compiles modules."""
    server, took = Server(folder, county, url), []
    for _ in range(STARTS + 1):
        began = time.perf_counter()
        server.start()
        if not server.wait_ready():
            raise RuntimeError(server.told())
        took.append((time.perf_counter() - began, used(server.pid)))
        server.stop()
    return took[1:]


def compare(contacts: int) -> None:
    """Full and empty, on both databases."""
    print(f"S, start to ready with {contacts:,} contacts and {contacts * filling.LINES:,} messages; {told()}")
    with TemporaryDirectory() as name, durable_postgres() as server:
        folder = Path(name)
        county = an_open_county(folder)
        for size in (0, contacts):
            for url in (f"sqlite:///{folder}/{size}.db", server.create()):
                schema.migrate(url)
                if size:
                    schema.transact(url, partial(full, contacts=size))
                took = sorted(starts(folder, county, url))
                middle, processor = took[len(took) // 2]
                spread = f"{took[0][0]:.2f} to {took[-1][0]:.2f} of {len(took)} (gate 5, goal 1.5)"
                shape = f"{url.partition(':')[0]:>10}, {size:>7,} contacts"
                print(f"{shape}: median {middle:.2f} s (processor {processor:.2f}), {spread}", flush=True)


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="10,000 contacts")
    compare(10_000 if parser.parse_args().quick else 100_000)


if __name__ == "__main__":
    main()
