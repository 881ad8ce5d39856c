"""Two versions of the program on one database, both serving: the next one only adds to the tables."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, text

from ensilinja import schema
from tests.faults.checker import judge, read_kept
from tests.faults.checks.state import LATE
from tests.faults.fleet import Fleet, Visitors
from tests.faults.loading import begun, end_load, start_load
from tests.faults.oplog import acknowledged, read_acts, refusals
from tests.faults.seed import seed
from tests.faults.server import ROOT, Server, an_open_county, serving, slowness, unset
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants, tell
from tests.faults.versions import NEXT, next_version
from tools.servers import RedisServer

pytestmark = pytest.mark.faults

RATE = float(sized(8, 20, 50))  # messages a second
BOTH = float(sized(2, 5, 20))  # seconds in which both versions serve
TOO_SLOW = 3.0  # times slower than alone
ROWS = sized(20_000, 100_000, 1_000_000)
LOCKED_WITHIN = 0.1  # seconds


@pytest.mark.alone
async def test_old_and_new_code_serve_one_database(
    redis_server: RedisServer, pg_url: Callable[[], str], tmp_path: Path
) -> None:
    url, county = pg_url(), an_open_county(tmp_path)
    people = await seed(url, county, nurses=3, residents=30)
    old = Fleet(tmp_path, county, url, processes=2, redis_url=redis_server.url, name="old")
    new = Fleet(
        tmp_path,
        county,
        url,
        processes=2,
        redis_url=redis_server.url,
        name="new",
        root=next_version(tmp_path),
        port=old.port,
    )
    visitors = Visitors(old.origin)
    try:
        old.start()
        await old.serves()
        async with visitors.coming(2):
            load = start_load(tmp_path, old, people, rate=RATE, arrive_every=3.0)
            try:
                await begun(tmp_path / "acts.jsonl")
                new.start()
                await new.serves()
                # One of the old code starts again, on tables that are newer than it.
                os.kill(old.children[0], signal.SIGTERM)
                await old.serves(3)
                slow = await asyncio.to_thread(slowness)
                await asyncio.sleep(BOTH)
                code, _ = await asyncio.to_thread(old.stop, 60)
                await asyncio.sleep(BOTH)
                end = await asyncio.to_thread(end_load, load)
            finally:
                load.kill()
                load.wait()
        stopped, _ = await asyncio.to_thread(new.stop, 60)
    finally:
        old.kill()
        new.kill()
    for fleet in (old, new):
        fleet.note_starts(tmp_path / "starts.jsonl")
    acts = read_acts([tmp_path / "acts.jsonl", tmp_path / "starts.jsonl"])
    judgement = judge(await read_kept(url, late=LATE * slow), acts)
    refused = refusals(acts)

    report(
        "F18",
        "scaled",
        f"{len(acknowledged(acts, 'send'))} sent while two versions served, {len(judgement.all)} violations, "
        f"{len(refused)} refused, {len(visitors.failed)} of {visitors.posted} forms failed",
    )
    report_invariants("F18", judgement)
    assert judgement.all == []
    assert end["faults"] == [] and end["unanswered"] == 0
    if slow > TOO_SLOW:
        tell("this machine has too much else to do to judge what residents notice")
        return
    assert refused == [] and visitors.failed == [] and visitors.shed == 0
    assert (code, stopped) == (0, 0)


def beyond(connection: Connection) -> None:
    """As a version leaves it that changed what exists: ours does not work with it."""
    connection.execute(text(f"UPDATE alembic_version SET version_num = '{NEXT}'"))
    connection.execute(text(f"INSERT INTO compatibility VALUES ('{NEXT}', '{NEXT}')"))


def a_database_beyond(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    schema.migrate(url)
    schema.transact(url, beyond)
    return url


def test_database_that_is_too_new_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path, an_open_county(tmp_path), a_database_beyond(tmp_path))
    server.start()
    try:
        assert server.wait_end(90) == 1
    finally:
        server.kill()
    assert "install that version" in server.told()


def test_gate_of_versions_catches_code_that_serves_anything(tmp_path: Path) -> None:
    program = (sys.executable, str(ROOT / "tests" / "mutants" / "no_version_gate.py"))
    county, url = an_open_county(tmp_path), a_database_beyond(tmp_path)
    with serving(Server(tmp_path, county, url, program=program)) as server:
        tell("mutant no_version_gate: caught, it serves a database that is too new for it")
        assert server.readiness()[0] == 200


async def test_migration_that_adds_holds_a_large_table_shortly(
    pg_url: Callable[[], str], tmp_path: Path
) -> None:
    url = pg_url()
    await asyncio.to_thread(schema.migrate, url)
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica")  # lines without contacts
    await connection.execute(LINES, 0, ROWS)
    waits: list[float] = []
    writing = asyncio.create_task(write(connection, waits))
    try:
        slow = await asyncio.to_thread(slowness)
        await asyncio.to_thread(migrate, next_version(tmp_path), url, tmp_path)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await connection.close()
    longest = max(waits)

    report("F18", f"{ROWS:,} lines", f"a writer waited at most {longest * 1000:.0f} ms for the migration")
    assert len(waits) > 10
    assert longest <= LOCKED_WITHIN * max(slow, 1.0) + 0.1


LINES = (
    "INSERT INTO message (contact_id, seq, sender_key, sender_name, kind, text_key, at) "
    "SELECT n / 50, n, 'system', '', 'system', 'chat.system.joined', now() "
    "FROM generate_series($1::bigint + 1, $1::bigint + $2::bigint) AS n"
)


async def write(connection: asyncpg.Connection, waits: list[float]) -> None:
    """Somebody who says something again and again."""
    seq = ROWS
    while True:
        began = time.monotonic()
        await connection.execute(LINES, seq, 1)
        waits.append(time.monotonic() - began)
        seq += 1
        await asyncio.sleep(0.002)


def migrate(tree: Path, url: str, folder: Path) -> None:
    """The next version's own command."""
    env = unset() | {"DATABASE_URL": url, "ENSILINJA_TESTING": "1"}
    command = [sys.executable, "-m", "ensilinja", "migrate"]
    subprocess.run(command, cwd=tree, env=env, check=True, timeout=120, capture_output=True)
