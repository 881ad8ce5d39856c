"""The process dies while contacts are offered: they come back to the line soon, each to its place."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from tests.faults.consoles import Console
from tests.faults.crowd import until
from tests.faults.oplog import percentile
from tests.faults.record import happened
from tests.faults.seed import seed
from tests.faults.server import ROOT, Server, an_open_county, serving, slowness, with_limits
from tests.faults.sizes import sized
from tests.faults.telling import report

pytestmark = pytest.mark.faults

ODD = (sys.executable, str(ROOT / "tests" / "faults" / "odd.py"))
NURSES = sized(2, 4, 20)  # each is offered three contacts
LEASE = 3  # seconds; after a start leases and offers live so long anew
LIMITS = {"lease_s": LEASE, "lost_agent_s": 4, "offer_chat_s": 4}
BACK = 1.5  # seconds after the lease


async def test_offers_of_a_process_that_died_come_back_in_order(tmp_path: Path) -> None:
    url, county = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}", with_limits(an_open_county(tmp_path), LIMITS)
    people = await seed(url, county, nurses=NURSES + 1, residents=3 * NURSES + 3)
    server = Server(tmp_path, county, url, program=ODD)
    odd = {"ODD_ORDERS": str(tmp_path / "orders"), "ODD_TIMES": f"ensilinja.app.GRACE={LEASE}"}
    with serving(server, **odd):
        consoles = [Console(server, one) for one in people.nurses]
        await asyncio.gather(*(console.start() for console in consoles[:-1]))
        await until(lambda: all(len(console.mine) == 3 for console in consoles[:-1]), 60)
        await asyncio.to_thread(server.kill)
        for console in consoles:
            console.die()
        died = time.time()
        await asyncio.to_thread(server.start, failpoints="queues.mid_offer:1", **odd)
        assert await asyncio.to_thread(server.wait_ready), server.told()
        up = time.time()
        await asyncio.sleep(LEASE + BACK + 1)
        again = asyncio.create_task(consoles[-1].start())  # offered to her: the process dies in the middle
        code = await asyncio.to_thread(server.wait_end, 30)
        consoles[-1].die()
        again.cancel()
        await asyncio.to_thread(server.start, **odd)
        assert await asyncio.to_thread(server.wait_ready), server.told()
        consoles[-1] = Console(server, people.nurses[-1])
        await consoles[-1].start()
        await until(lambda: len(consoles[-1].mine) == 3, 60)
        consoles[-1].die()
    events = await happened(url)

    first = {one.contact for one in events if one.type == "entry.offered" and one.at < died}
    back = {one.contact: one.at - up for one in reversed(events) if one.at > died and one.is_taken_back}
    late = [seconds - LEASE for contact, seconds in back.items() if contact in first]
    then = [one.contact for one in events if one.type == "entry.offered" and one.at > up + LEASE + BACK]
    report(
        "F3",
        "embedded",
        f"{len(first)} offers of a dead process: {len(late)} back, p99 "
        f"{percentile(late, 0.99):.1f} s after the lease; killed in an offer ({code}); "
        f"then offered in the old order: {then[:3]}",
    )
    assert code == -9
    assert len(late) == len(first) == 3 * NURSES
    assert percentile(late, 0.99) <= BACK * slowness()
    assert then[:3] == sorted(person.number for person in people.residents)[:3]
