"""The connection to PostgreSQL goes dead without a word: noticed, refused meanwhile, whole again."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core import postgres
from core.clock import SystemClock
from core.errors import Unavailable
from core.opening import open_store
from core.store import Store, Tx
from core.vault import Vault
from tests.builders import TEST_KEY, a_store
from tests.faults.checker import judge, read_kept
from tests.faults.crowd import crowd
from tests.faults.oplog import OpLog, acknowledged, read_acts
from tests.faults.proxy import Proxy, proxied
from tests.faults.seed import seed
from tests.faults.server import Server, an_open_county, slowness
from tests.faults.sizes import sized
from tests.faults.telling import report

pytestmark = pytest.mark.faults

NOTICED, RECOVERED = 5.0, 5.0  # seconds
TIMES = sized(1, 2, 10)
PATIENCE = 12.0  # seconds another process may have to wait for the lock
RATE = 8.0  # messages a second


async def test_dead_connections_to_the_database_are_noticed(
    pg_url: Callable[[], str], tmp_path: Path
) -> None:
    database, county = pg_url(), an_open_county(tmp_path)
    people = await seed(database, county, nurses=1, residents=3)
    noticed, recovered, lost = [], [], []
    async with proxied(urlsplit(database).port or 0) as proxy:
        server = Server(tmp_path, county, through(database, proxy))
        server.start()
        try:
            assert await asyncio.to_thread(server.wait_ready), server.told()
            with OpLog(tmp_path / "acts.jsonl") as log:
                async with crowd(server, people, log, rate=RATE) as all_:
                    all_.start(*all_.residents, *all_.nurses)
                    await all_.held()
                    for _ in range(TIMES):
                        noticed.append(await silent(proxy, server))
                        recovered.append(await back(proxy, server))
                        lost.append(await half_open(proxy, server))
                    await all_.finish()
        finally:
            await asyncio.to_thread(server.kill)
    acts = read_acts([tmp_path / "acts.jsonl"])
    violations = judge(await read_kept(database), acts).all
    refused = sum(act.phase == "info" and act.code == "unavailable" for act in acts)

    report(
        "F9",
        "scaled",
        f"the line to PostgreSQL silent {TIMES} times: noticed ≤ {max(noticed):.1f} s, {refused} refused "
        f"meanwhile, ready ≤ {max(recovered):.1f} s after; all its connections half-open: ready again "
        f"≤ {max(lost):.1f} s; {len(acknowledged(acts, 'send'))} acknowledged, {len(violations)} violations",
    )
    assert violations == []
    assert max(noticed) <= NOTICED * slowness() and refused
    assert max(recovered) <= RECOVERED * slowness()
    assert max(lost) <= (NOTICED + RECOVERED) * slowness()


@pytest.mark.parametrize("is_mutant", [False, True])
async def test_writers_lock_of_a_lost_process_is_taken_back(
    pg_url: Callable[[], str], is_mutant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = pg_url()
    if is_mutant:
        monkeypatch.setattr(postgres, "LOCK_KEPT", "0")
    async with (
        proxied(urlsplit(database).port or 0) as proxy,
        a_store(database, SystemClock(), patient=False) as other,
    ):
        lost = open_store(through(database, proxy), SystemClock(), Vault(TEST_KEY))
        writer = asyncio.create_task(lost.run())

        def vanish(tx: Tx) -> None:
            proxy.lose()

        began = time.monotonic()
        with pytest.raises(Unavailable):
            await lost.write(vanish)
        noticed = time.monotonic() - began
        free = await seconds_until_written(other)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        await lost.stop()

    name = "mutant without the limit" if is_mutant else "scaled, two processes"
    report(
        "F9", name, f"lost while writing: noticed after {noticed:.1f} s, the other writes {free:.1f} s later"
    )
    assert (free >= PATIENCE) is is_mutant
    assert noticed <= NOTICED * slowness()


async def seconds_until_written(store: Store) -> float:
    """How long until somebody else can write; at most so long."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        with contextlib.suppress(Unavailable):
            await store.write(lambda tx: None)
            break
    return time.monotonic() - began


def through(database: str, proxy: Proxy) -> str:
    """The same database by way of the proxy."""
    return urlsplit(database)._replace(netloc=f"ensilinja@127.0.0.1:{proxy.port}").geturl()


async def silent(proxy: Proxy, server: Server) -> float:
    """Seconds until the process says that it is not ready."""
    proxy.stall()
    return await ready_is(server, False)


async def back(proxy: Proxy, server: Server) -> float:
    """Seconds from the link's return until it is ready."""
    await asyncio.sleep(3)
    proxy.resume()
    return await ready_is(server, True)


async def half_open(proxy: Proxy, server: Server) -> float:
    """Every connection there is dies without an end, new ones work; seconds until it is ready again."""
    proxy.lose()
    began = time.monotonic()
    await ready_is(server, False)
    await ready_is(server, True)
    return time.monotonic() - began


async def ready_is(server: Server, wanted: bool) -> float:
    """Seconds until /readyz says so."""
    began = time.monotonic()
    while (await asyncio.to_thread(server.readiness))[0] != (200 if wanted else 503):
        assert time.monotonic() - began < 60
        await asyncio.sleep(0.05)
    return time.monotonic() - began
