"""The process dies while contacts are offered: they come back to the line soon, each to its place."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "back_of_the_line.py"))
NURSES = sized(2, 4, 20)  # each is offered three contacts
LEASE = 3  # seconds; after a start leases and offers live so long anew
LIMITS = {"lease_s": LEASE, "lost_agent_s": 4, "offer_chat_s": 4}
BACK = 1.5  # seconds after the lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was offered, how late after the lease it was back, how the process ended, what came then."""

    first: set[int]
    late: list[float]
    code: int | None
    then: list[int]
    due: list[int]

    @property
    def line(self) -> str:
        return (
            f"{len(self.first)} offers of a dead process: {len(self.late)} back, p99 "
            f"{percentile(self.late, 0.99):.1f} s after the lease; killed in an offer ({self.code}); "
            f"then offered in the old order: {self.then == self.due}"
        )


async def test_offers_of_a_process_that_died_come_back_in_order(tmp_path: Path) -> None:
    seen = await die_in_offers(tmp_path, NURSES, ODD)

    report("F3", "embedded", seen.line)
    assert seen.code == -9
    assert len(seen.late) == len(seen.first) == 3 * NURSES
    assert percentile(seen.late, 0.99) <= BACK * slowness()
    assert seen.then == seen.due


async def test_offer_test_catches_a_place_that_is_lost(tmp_path: Path) -> None:
    seen = await die_in_offers(tmp_path, 1, MUTANT)

    report("F3", "mutant back_of_the_line", f"offered in the old order: {seen.then == seen.due}")
    assert len(seen.late) == 3
    assert seen.then != seen.due


async def die_in_offers(tmp_path: Path, nurses: int, program: Sequence[str]) -> Seen:
    """Twice: while all offers stand, and in the middle of one."""
    url, county = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}", with_limits(an_open_county(tmp_path), LIMITS)
    people = await seed(url, county, nurses=nurses + 1, residents=3 * nurses + 3)
    server = Server(tmp_path, county, url, program=program)
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
    return Seen(
        first=first,
        late=late,
        code=code,
        then=then[:3],
        due=sorted(person.number for person in people.residents)[:3],
    )
