"""An rq worker and its work horse killed in the middle of a job: run again soon, with one effect."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select

from core import jobs
from core.clock import SystemClock
from core.errors import Unavailable
from core.jobs import schedule
from core.models import Job
from core.opening import open_store
from core.store import Store, Tx
from core.vault import Vault
from tests.builders import TEST_KEY
from tests.faults.oplog import percentile
from tests.faults.seed import seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving, slowness
from tests.faults.sizes import sized
from tests.faults.telling import report, tell
from tools.servers import RedisServer, wait_until

pytestmark = pytest.mark.faults

KILLS = sized(2, 4, 50)
AT_ONCE = 4  # jobs a round: all must have been begun before the lease of the first ends
AGAIN_WITHIN = 20.0  # seconds from being begun to being done by somebody else
BEGUN_WITHIN = 60.0
MID_JOB = "jobs.mid_run:0.5,jobs.after_effect:1"  # before the text has gone out, or just after it
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "no_rescue.py"))


async def test_killed_workers_job_is_run_again_and_once(
    redis_server: RedisServer, pg_url: Callable[[], str], tmp_path: Path
) -> None:
    again: list[float] = []
    names = (f"sms:kill:{number}" for number in itertools.count())
    async with at_work(redis_server, pg_url(), tmp_path) as (server, store, contact):
        while len(again) < KILLS:
            keys = list(itertools.islice(names, min(AT_ONCE, KILLS)))
            since = await left_in_the_middle(server, store, contact, keys)
            with a_worker(server):
                done = await finished(store, keys, AGAIN_WITHIN * slowness())
            # On a busy machine the service itself runs what no worker has taken in time: that is no kill.
            again += [(done[key] - since[key]).total_seconds() for key in since]
        sent = [line["key"] for line in texts(server)]

    twice = len(sent) - len(set(sent))
    report(
        "F31",
        "scaled",
        f"{len(again)} jobs left by a killed worker: done again p50 {percentile(again, 0.5):.1f} s, "
        f"max {max(again):.1f} s after they were begun, {twice} effects twice",
    )
    assert set(sent) >= set(keys) and twice == 0
    assert max(again) <= AGAIN_WITHIN * slowness()


async def test_service_that_rescues_nothing_is_caught(
    redis_server: RedisServer, pg_url: Callable[[], str], tmp_path: Path
) -> None:
    async with at_work(redis_server, pg_url(), tmp_path, program=MUTANT) as (server, store, contact):
        assert await left_in_the_middle(server, store, contact, ["sms:kill:0"])
        with pytest.raises(TimeoutError):
            await finished(store, ["sms:kill:0"], 6)  # its leases are of 1 s

    tell("mutant no_rescue: caught, the killed worker's job is with nobody for good")


@contextlib.asynccontextmanager
async def at_work(
    redis: RedisServer, url: str, folder: Path, *, program: tuple[str, ...] = OURS
) -> AsyncIterator[tuple[Server, Store, int]]:
    """A server in the scaled shape, a door to its database, and a contact that can be texted."""
    county = an_open_county(folder)
    people = await seed(url, county, nurses=1, residents=1, callbacks=1)
    server = Server(folder, county, url, redis_url=redis.url, program=program)
    store = open_store(url, SystemClock(), Vault(TEST_KEY))
    writer = asyncio.create_task(store.run())
    try:
        with serving(server):
            yield server, store, people.residents[0].number
    finally:
        await store.stop()
        await writer


async def left_in_the_middle(
    server: Server, store: Store, contact: int, keys: list[str]
) -> dict[str, datetime]:
    """Has a worker die in the middle of these jobs, its work horse first; those it left, and since when."""
    with a_worker(server, failpoints=MID_JOB):
        await patiently(store.write, ask_for, contact, keys)
        async with asyncio.timeout(BEGUN_WITHIN):
            while await patiently(store.read, not_begun, keys):
                await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)  # what was not left is done by now
    left: dict[str, datetime] = await patiently(store.read, left_since, keys)
    return left


async def finished(store: Store, keys: list[str], seconds: float) -> dict[str, datetime]:
    """When each of the jobs was done; TimeoutError when one is not."""
    async with asyncio.timeout(seconds + 5):
        while len(done := await patiently(store.read, done_at, keys)) < len(keys):
            await asyncio.sleep(0.05)
    return done


async def patiently(ask: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of a store that a busy machine may make refuse now and then."""
    while True:
        with contextlib.suppress(Unavailable):
            return await ask(*arguments)


def ask_for(tx: Tx, contact: int, keys: list[str]) -> None:
    for key in keys:
        schedule(tx, key=key, kind="sms", args={"contact": contact, "text": "sms.callback_tried"})


def not_begun(tx: Tx, keys: list[str]) -> bool:
    return any(row.key in keys and not row.attempt_count for row in tx.all(select(Job)))


def left_since(tx: Tx, keys: list[str]) -> dict[str, datetime]:
    rows = [row for row in tx.all(select(Job)) if row.key in keys and row.lease_until is not None]
    return {row.key: row.lease_until - jobs.LEASE for row in rows}


def done_at(tx: Tx, keys: list[str]) -> dict[str, datetime]:
    return {
        row.key: row.finished_at for row in tx.all(select(Job)) if row.key in keys and row.state == "done"
    }


def texts(server: Server) -> Iterator[dict[str, str]]:
    with (server.data / "sms.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


@contextlib.contextmanager
def a_worker(server: Server, *, failpoints: str = "") -> Iterator[None]:
    """A worker with the server's settings; at the end it and its work horse are killed."""
    worker = server.spawn("worker", failpoints=failpoints)
    try:
        with Redis.from_url(server.redis_url) as redis:
            wait_until(lambda: bool(redis.scard("rq:workers")), name="the worker")
        yield
    finally:
        kill(worker, server.redis_url)


def kill(worker: "subprocess.Popen[bytes]", redis_url: str) -> None:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    for pid in (worker.pid, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    worker.wait()
    with Redis.from_url(redis_url) as redis:
        redis.delete("rq:workers")  # it could not say goodbye
