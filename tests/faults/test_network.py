"""Residents' networks break in every way, professionals' browsers die without a word: nothing is lost."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.checker import Judgement, judge, read_kept
from tests.faults.consoles import Console
from tests.faults.crowd import crowd, until
from tests.faults.oplog import Act, OpLog, acknowledged, percentile, read_acts
from tests.faults.people import Resident
from tests.faults.proxy import Proxy, proxied
from tests.faults.record import Happened, happened
from tests.faults.seed import Person, seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, serving, slowness, with_limits
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants

pytestmark = pytest.mark.faults

CUTS = sized(12, 40, 200)
RESIDENTS = sized(4, 8, 20)
LENGTH = sized(4, 8, 60)  # seconds at most that a network is away; 2 at least
RATE = 10.0  # messages a second
RESUMED = 1.0  # seconds after the link is back
KINDS = ("reset", "end", "silence", "half-open")

NURSES = sized(3, 5, 34)  # with three contacts each
IS_REAL = sized(0, 0, 1)  # the county's own limits, or shorter ones
LIMITS = {"lease_s": 15, "lost_agent_s": 60} if IS_REAL else {"lease_s": 6, "lost_agent_s": 10}
BLIP = 10.0 if IS_REAL else 3.0  # seconds; shorter than a lease
SWEEP = 1.0  # seconds between two looks at the deadlines


async def test_cuts_lose_double_and_skip_nothing(tmp_path: Path) -> None:
    judgement, acts, back = await cut_networks(tmp_path, residents=RESIDENTS, each=-(-CUTS // RESIDENTS))

    report(
        "F5",
        "embedded",
        f"{len(back)} cuts of 2-{LENGTH} s: {judgement.count('i1', 'i2')} lost or doubled, "
        f"{judgement.count('i3', 'i4')} gaps, {len(acknowledged(acts, 'send'))} acknowledged; resumed "
        f"p50 {percentile(back, 0.5):.2f} p99 {percentile(back, 0.99):.2f} s after the link was back",
    )
    report_invariants("cut networks", judgement)
    assert judgement.all == []
    assert len(back) >= CUTS
    assert percentile(back, 0.99) <= RESUMED * slowness()


async def test_cut_test_catches_a_page_that_misses_lines(tmp_path: Path) -> None:
    judgement, _, _ = await cut_networks(tmp_path, residents=2, each=2, program=program("no_resume"))

    report("F5", "mutant no_resume", f"{judgement.count('i4')} pages with gaps")
    assert judgement.count("i4") > 0


async def cut_networks(
    folder: Path, *, residents: int, each: int, program: Sequence[str] = OURS
) -> tuple[Judgement, Sequence[Act], list[float]]:
    """Residents talk while each one's network breaks so often; how long each came back after its network."""
    url, county = f"sqlite:///{folder / 'ensilinja.sqlite3'}", an_open_county(folder)
    people = await seed(url, county, nurses=(residents + 2) // 3, residents=residents)
    server, back = Server(folder, county, url, program=program), []
    with serving(server), OpLog(folder / "acts.jsonl") as log:
        async with networks(server, residents) as proxies:
            at = [proxy.address for proxy in proxies]
            async with crowd(server, people, log, rate=RATE, residents_at=at) as all_:
                all_.start(*all_.residents, *all_.nurses)
                await all_.held()
                pairs = zip(all_.residents, proxies, strict=True)
                for took in await asyncio.gather(*(suffer(one, proxy, each) for one, proxy in pairs)):
                    back += took
                await all_.finish()
    acts = read_acts([folder / "acts.jsonl"])
    return judge(await read_kept(url), acts), acts, back


def program(mutant: str) -> Sequence[str]:
    return (sys.executable, str(ROOT / "tests" / "mutants" / f"{mutant}.py"))


@asynccontextmanager
async def networks(server: Server, count: int) -> AsyncIterator[Sequence[Proxy]]:
    """A network for each of so many people."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(proxied(server.port)) for _ in range(count)]


async def suffer(resident: Resident, proxy: Proxy, times: int) -> list[float]:
    """A resident's share of the cuts; the seconds from each link's return to the page's."""
    back = []
    for number in range(times):
        {
            "reset": proxy.cut,
            "end": lambda: proxy.cut(reset=False),
            "silence": proxy.stall,
            "half-open": proxy.lose,
        }[KINDS[number % len(KINDS)]]()
        await asyncio.sleep(random.uniform(2, LENGTH))
        proxy.resume()
        began = time.monotonic()
        resident.line.wake()  # the browser's event "online"
        await until(lambda: resident.line.is_open.is_set() and resident.line.opened_at > began, 60, 0.01)  # noqa: B023
        back.append(resident.line.opened_at - began)
        await asyncio.sleep(0.5)
    return back


async def test_death_test_catches_a_shift_that_is_trusted_for_ever(tmp_path: Path) -> None:
    events, consoles, died, _ = await die(tmp_path, nurses=1, program=program("no_lease"))

    hers = {consoles[1].held, consoles[1].wrapping}
    back = [one for one in events if one.contact in hers and one.at > died and one.is_taken_back]
    report("F4", "mutant no_lease", f"{len(hers) - len(back)} of {len(hers)} contacts are never returned")
    assert back == []


Deaths = tuple[Sequence[Happened], Sequence[Console], float, int]


async def die(folder: Path, *, nurses: int, program: Sequence[str] = OURS) -> Deaths:
    """All browsers but the first die; what happened, who they were, when, and what the first one kept."""
    url, county = f"sqlite:///{folder / 'ensilinja.sqlite3'}", with_limits(an_open_county(folder), LIMITS)
    people = await seed(url, county, nurses=nurses + 1, residents=3 * (nurses + 1))
    server = Server(folder, county, url, program=program)
    with serving(server):
        async with networks(server, nurses + 1) as proxies:
            consoles = await all_at_work(server, people.nurses, proxies)
            for proxy in proxies:
                proxy.stall()
            died = time.time()
            for console in consoles[1:]:
                console.die()
            await asyncio.sleep(BLIP)
            proxies[0].resume()  # the first one was only away for a moment
            await asyncio.sleep(LIMITS["lost_agent_s"] + 2 * SWEEP + 2 - BLIP)
            kept = len(consoles[0].mine)
            consoles[0].die()
    return await happened(url), consoles, died, kept


async def test_death_of_a_browser_gives_back_what_it_had(tmp_path: Path) -> None:
    events, consoles, died, kept = await die(tmp_path, nurses=NURSES)

    lost = [one.at - died for one in events if one.type == "shift.state" and one.data["state"] == "lost"]
    hers = {contact for one in consoles[1:] for contact in (one.held, one.wrapping, one.offered)}
    ends = {
        one.contact: one
        for one in reversed(events)
        if one.at > died and one.is_taken_back and one.contact in hers
    }
    dead = consoles[1:]
    late = [ends[one.offered].at - died for one in dead if one.offered in ends]
    held = [ends[one.held].at - died for one in dead if one.held in ends]
    wrapping = [ends[one.wrapping].type for one in dead if one.wrapping in ends]
    blip = {consoles[0].held, consoles[0].wrapping}
    taken = [one for one in events if one.contact in blip and one.is_taken_back]
    report(
        "F4",
        "embedded",
        f"{NURSES} browsers dead without a word, lease {LIMITS['lease_s']} s: noticed p99 "
        f"{percentile(lost, 0.99):.1f} s; {len(ends)} of {3 * NURSES} returned: offered ≤ {max(late):.1f} s, "
        f"held ≤ {max(held):.1f} s of {LIMITS['lost_agent_s']}, {wrapping.count('entry.unattended')} "
        f"wrapping to the supervisor; {len(taken)} taken on a blip of {BLIP:.0f} s",
    )
    assert len(lost) == NURSES and max(lost) <= (LIMITS["lease_s"] + SWEEP) * slowness()
    assert len(ends) == 3 * NURSES
    assert max(late) <= (LIMITS["lease_s"] + 2 * SWEEP) * slowness()
    assert max(held) <= (LIMITS["lost_agent_s"] + 2 * SWEEP) * slowness()
    assert wrapping == ["entry.unattended"] * NURSES
    assert taken == [] and kept >= 1


async def all_at_work(server: Server, nurses: Sequence[Person], proxies: Sequence[Proxy]) -> list[Console]:
    """Each with one contact held, one wrapping and one just offered."""
    consoles = [
        Console(server, one, address=proxy.address) for one, proxy in zip(nurses, proxies, strict=True)
    ]
    await asyncio.gather(*(console.start() for console in consoles))
    await asyncio.gather(*(console.take_up() for console in consoles))
    return consoles
