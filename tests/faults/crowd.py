"""Residents and nurses of one test, in its own process: they come, talk, and end with nothing unanswered."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.oplog import OpLog
from tests.faults.people import Nurse, Pacer, Person, Resident, World
from tests.faults.seed import People
from tests.faults.server import Server

SEEN = 2.5  # seconds after the last acknowledgement for the last line to reach every page


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Everybody, and what they share."""

    world: World
    residents: Sequence[Resident]
    nurses: Sequence[Nurse]
    tasks: dict[Person, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, *people: Person) -> None:
        for one in people:
            assert isinstance(one, Resident | Nurse)
            self.tasks[one] = asyncio.create_task(one.run())

    async def held(self, seconds: float = 90.0) -> None:
        """Returns when every resident has somebody."""
        await until(lambda: all(one.state == "held" for one in self.residents), seconds)

    async def finish(self, seconds: float = 60.0) -> None:
        """Nothing new is said; returns when everything said is acknowledged and has reached the pages."""
        self.world.pacer.closed.set()
        await until(lambda: not self.world.unanswered, seconds)
        await asyncio.sleep(SEEN)
        for resident in self.residents:
            if resident.line.is_open.is_set():
                resident.note("saw-all", "ok", contact=resident.contact, seq=2**31)


@asynccontextmanager
async def crowd(
    server: Server,
    people: People,
    log: OpLog,
    *,
    rate: float,
    residents_at: Sequence[str] = ("",),
    nurses_at: Sequence[str] = ("",),
    is_browser: bool = True,
) -> AsyncIterator[Crowd]:
    """The people of the test, nobody started yet; they take turns at the addresses given for them."""
    world = World(
        address=server.socket,
        origin=server.origin,
        log=log,
        pacer=Pacer(rate),
        replies=10**6,
        is_browser=is_browser,
    )
    here = Crowd(
        world=world,
        residents=[
            Resident(world, one.number, one.token, address=residents_at[n % len(residents_at)])
            for n, one in enumerate(people.residents)
        ],
        nurses=[
            Nurse(world, one.number, one.token, greed=0, address=nurses_at[n % len(nurses_at)])
            for n, one in enumerate(people.nurses)
        ],
    )
    try:
        yield here
    finally:
        for task in here.tasks.values():
            task.cancel()
        await asyncio.gather(*here.tasks.values(), return_exceptions=True)


async def until(is_so: Callable[[], object], seconds: float, every: float = 0.05) -> float:
    """Seconds until it was so; TimeoutError when it did not come."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(every)
    return asyncio.get_running_loop().time() - began
