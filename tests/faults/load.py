"""The load, in a process of its own: `python tests/faults/load.py <plan.json>` until SIGTERM.

After SIGTERM nothing new is said; what was not acknowledged is sent until it is, then the process ends.
"""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.faults.arrivals import Arriver  # noqa: E402
from tests.faults.oplog import OpLog  # noqa: E402
from tests.faults.people import Nurse, Pacer, Resident, World  # noqa: E402

ARRIVALS = 8  # residents who come by the pages at once
LAST_WORDS = 25.0  # seconds after SIGTERM for everything to be acknowledged


async def residents(world: World, people: list[dict[str, Any]], at_once: int) -> None:
    """So many residents' pages are open at once; when one is done the next comes."""
    room = asyncio.Semaphore(at_once)
    async with asyncio.TaskGroup() as group:
        for one in people:
            await room.acquire()
            if world.pacer.closed.is_set():
                return
            resident = Resident(world, one["number"], one["token"])
            group.create_task(resident.run()).add_done_callback(lambda _: room.release())


async def arrivals(world: World, every: float) -> None:
    """New residents come by the pages, and stay to chat; a few at a time."""
    room = asyncio.Semaphore(ARRIVALS)
    async with asyncio.TaskGroup() as group:
        while not world.pacer.closed.is_set():
            await room.acquire()
            group.create_task(Arriver(world).run()).add_done_callback(lambda _: room.release())
            await asyncio.sleep(every)


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    with OpLog(Path(plan["log"])) as log:
        world = World(
            address=plan["address"],
            origin=plan["origin"],
            log=log,
            pacer=Pacer(plan["rate"]),
            replies=plan["replies"],
        )
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        nurses = [Nurse(world, one["number"], one["token"]) for one in plan["nurses"]]
        tasks = [asyncio.create_task(nurse.run()) for nurse in nurses]
        chats = [one for one in plan["residents"] if not one["callback"]]
        tasks.append(asyncio.create_task(residents(world, chats, plan["at_once"])))
        if plan["arrive_every"]:
            tasks.append(asyncio.create_task(arrivals(world, plan["arrive_every"])))
        await stop.wait()
        world.pacer.closed.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                while world.unanswered:
                    await asyncio.sleep(0.05)
        faults = [repr(task.exception()) for task in tasks if task.done() and task.exception()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return {
            "unanswered": world.unanswered,
            "faults": faults,
            "opened": sum(nurse.line.opened_count for nurse in nurses),
        }


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print(json.dumps(asyncio.run(run(plan))), flush=True)


if __name__ == "__main__":
    main()
