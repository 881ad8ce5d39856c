"""Stale snapshot + events = fresh snapshot (I4, T7): every event type; residents, consoles and the board."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

import pytest

from core.clock import FixedClock
from core.errors import EnsilinjaError
from core.events import REGISTRY, newest, read_events
from core.identity import Actor, Role
from core.store import Tx
from ensilinja.feed import Feed
from ensilinja.reporting import board
from ensilinja.runtime import Runtime
from queues import agents
from tests.acts import Act, Day, any_act, script
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.faults.sizes import sized
from tests.faults.telling import report
from tests.lines import a_professional
from tests.mutants.forgetful_feed import FORGETFUL
from tests.watching import Watcher, differences

HISTORIES = sized(3, 10, 2_000)
ACTS = 25  # of a random history
QUEUES = ["nurse", "physio"]


@contextlib.asynccontextmanager
async def a_day(folder: Path) -> AsyncIterator[tuple[Runtime, Day]]:
    """A process without doors: its store, its feed, and two nurses who have signed in."""
    clock = FixedClock(MONDAY)
    async with a_stored_demo(folder, clock=clock) as runtime:
        nurses = [await runtime.store.write(a_nurse, name) for name in ("aino", "maija")]
        await runtime.feed.prime()
        yield runtime, Day(runtime.services, clock, nurses)


def a_nurse(tx: Tx, name: str) -> Actor:
    staff = a_professional(tx, name)
    agents.set_queues(tx, staff, QUEUES)
    return Actor(kind="staff", id=staff, roles=frozenset({Role.AGENT}), queues=frozenset(QUEUES))


class Screens:
    """Browsers opened at one time after another, and the pictures the board has pushed."""

    def __init__(self, runtime: Runtime, day: Day) -> None:
        self.runtime, self.day = runtime, day
        self.stale: list[tuple[str, Watcher]] = []
        self.memory = board.Memory()

    def viewers(self) -> list[tuple[Actor, str]]:
        residents = [(self.day.resident(name), "resident") for name in self.day.contacts]
        return residents + [(nurse, "console") for nurse in self.day.nurses]  # a page that opens is news

    async def do(self, name: str, act: Act, *, refusable: bool = False) -> None:
        """New browsers come, the act happens, and every screen there is shows what a fresh one would."""
        for actor, role in self.viewers():
            watcher = Watcher(actor, role, self.runtime)
            await watcher.open()
            self.stale.append((name, watcher))
        with contextlib.suppress(*((EnsilinjaError, IndexError, KeyError) if refusable else ())):
            await self.runtime.store.write(act)
        await self.runtime.feed.turn()
        await self.compare(name)

    async def compare(self, after: str) -> None:
        fresh = {}
        for actor, role in self.viewers():
            watcher = Watcher(actor, role, self.runtime)
            await watcher.open()
            fresh[actor.key] = watcher.shown()
            watcher.leave()
        await self.runtime.feed.turn()
        for since, watcher in self.stale:
            watcher.listen()
            if watcher.is_over:
                watcher.leave()
                continue
            found = differences(watcher.shown(), fresh[watcher.actor.key])
            assert found == [], f"opened before '{since}', after '{after}', {watcher.actor.key}: {found}"
            assert not watcher.was_evicted
        self.stale = [(since, watcher) for since, watcher in self.stale if not watcher.is_over]
        pushed = await self.runtime.store.read(board.snapshot, self.day.services.catalogue, self.memory)
        assert pushed == await self.runtime.store.read(board.snapshot, self.day.services.catalogue)

    def close_the_oldest(self, beyond: int) -> None:
        for _, watcher in self.stale[:-beyond]:
            watcher.leave()
        del self.stale[:-beyond]


async def play(screens: Screens, acts: Sequence[tuple[str, Act]]) -> None:
    for name, act in acts:
        await screens.do(name, act)
        screens.close_the_oldest(30)


async def test_stale_screens_with_events_are_fresh_after_every_event_type(tmp_path: Path) -> None:
    async with a_day(tmp_path) as (runtime, day):
        await play(Screens(runtime, day), script(day))
        told = {event.type for event in await runtime.store.read(read_events, limit=10_000)}

    assert REGISTRY.keys() - told == set(), "event types without a history"
    report("T7", "embedded", f"{len(told)} of {len(REGISTRY)} event types: 0 differences")


async def test_stale_screens_with_events_are_fresh_after_any_history(tmp_path: Path) -> None:
    for seed in range(HISTORIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with a_day(folder) as (runtime, day):
            screens, chance = Screens(runtime, day), Random(seed)
            for number in range(ACTS):
                await screens.do(f"seed {seed}, act {number}", any_act(day, chance), refusable=True)
                screens.close_the_oldest(12)
            assert await runtime.store.read(newest) > 0
    report("T7", "embedded, any order", f"{HISTORIES} histories of {ACTS} acts: 0 differences")
    report("I4", "resume", "0 violations")


@pytest.mark.parametrize("forgetful", FORGETFUL)
async def test_forgetful_feed_is_found(tmp_path: Path, forgetful: type[Feed]) -> None:
    async with a_day(tmp_path) as (runtime, day):
        runtime.feed = forgetful(runtime.store, runtime.services, runtime.texts)
        with pytest.raises(AssertionError, match="opened before"):
            await play(Screens(runtime, day), script(day))
