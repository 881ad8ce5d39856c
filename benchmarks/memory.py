"""What a socket costs that only waits (P1d): `python -m benchmarks.memory [--sockets 2000]`.

Growth of the process's resident memory for each resident in the waiting room, beside the relay's. The line is
filled by statements, as to let so many come by the pages takes longer than to measure them.
"""

import argparse
import contextlib
import resource
import secrets
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from benchmarks import filling
from benchmarks.machine import told
from benchmarks.stage import Cast, Crowd, Relay, our_server, resident_kib
from core.models import Session
from ensilinja import schema
from ensilinja.auth.sessions import RESIDENT_LIFE, hash_token
from tests.faults.seed import QUEUE
from tests.faults.server import Server, an_open_county, serving

SOCKETS = 2_000
FIRST = 20  # residents who come and go before it is measured
SPARE = 1_000  # files a process has open besides its sockets, at most
BACKLOG = timedelta(minutes=5)  # as long ago the first of them came


def in_the_waiting_room(connection: Connection, count: int) -> Cast:
    """So many residents who wait for a chat, each with a session; nobody is at work."""
    now = datetime.now(UTC)
    filling.in_line(
        connection, count, queues=(QUEUE,), channel="chat", now=now, hours=BACKLOG / timedelta(hours=1)
    )
    newest = filling.newest(connection, "contact")
    people = [(contact, secrets.token_urlsafe(32)) for contact in range(newest - count + 1, newest + 1)]
    session = {"kind": "resident", "lang": "fi", "created_at": now, "seen_at": now}
    lasting = {**session, "expires_at": now + RESIDENT_LIFE}
    connection.execute(
        Session.__table__.insert(),  # type: ignore[attr-defined]
        [
            {**lasting, "contact_id": contact, "token_hash": hash_token(token), "csrf": token[:16]}
            for contact, token in people
        ],
    )
    filling.settle(connection)
    return Cast(people, [])


def grown(folder: Path, cast: Cast, kind: str, server: Relay | Server) -> float:
    """KiB the server grows by for each socket while all of them are held.

    The first few come and go before: what a process keeps from then on is no socket's.
    """
    with crowd(folder, cast.part(FIRST), kind, server) as people:
        people.step(mode="idle")
    before = resident_kib(server.pid)
    with crowd(folder, cast, kind, server) as people:
        people.step(mode="idle")
        if people.connected != len(cast.residents):
            raise RuntimeError(f"only {people.connected} of {len(cast.residents)} sockets are held")
        growth: float = (resident_kib(server.pid) - before) / people.connected
    return growth


@contextlib.contextmanager
def crowd(folder: Path, cast: Cast, kind: str, server: Relay | Server) -> Iterator[Crowd]:
    """The cast, connected to a server."""
    people = Crowd(folder, cast.plan(kind, server.port), server.pid)
    try:
        yield people
    finally:
        people.leave()


def held(folder: Path, county: Path, count: int) -> tuple[float, float]:
    """KiB for a socket of ours and of the relay's, with so many open at once."""
    allow_files(count + SPARE)
    url = f"sqlite:///{folder / 'idle.sqlite3'}"
    schema.migrate(url)
    cast = schema.transact(url, partial(in_the_waiting_room, count=count))
    baseline = Relay()
    baseline.start()
    try:
        theirs = grown(folder, cast, "relay", baseline)
    finally:
        baseline.stop()
    with serving(our_server(folder, county, url, "idle")) as ours:
        return grown(folder, cast, "ours", ours), theirs


def allow_files(count: int) -> None:
    """As many open files for this process and for those it starts; ValueError when the machine forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(count, hard)))


def tell(count: int, ours: float, theirs: float) -> str:
    """The figure in one line."""
    return f"{ours / theirs:.1f} x: {ours:.1f} KiB beside {theirs:.1f} KiB, {count:,} held"


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sockets", type=int, default=SOCKETS, help="residents who wait at once")
    count = parser.parse_args().sockets
    print(f"P1d, memory of an idle socket (gate 2.5 x the relay's, goal 1.5); {told()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="ensilinja-bench-") as name:
        folder = Path(name)
        print(tell(count, *held(folder, an_open_county(folder), count)), flush=True)


if __name__ == "__main__":
    main()
