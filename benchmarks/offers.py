"""From a professional becoming free to the offer on her socket (P2c), on a real server under the test load.

    python -m benchmarks.offers [--quick] [--arrivals 5]

60 consoles, 50 messages a second, 150 residents' pages, a line that never empties, and residents who come by
the pages, so many a second and eight at once at most. Chats have one to nine replies, so that they do not end
in waves: about five end a second, and five others begin. Told is the time from the answer to `contact.close`
at her console until the frame with the next offer, and from her click.
"""

import argparse
import asyncio
import json
import math
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.machine import durable_postgres, told
from tests.faults import load
from tests.faults.oplog import OpLog
from tests.faults.people import Nurse, Pacer, World
from tests.faults.seed import seed
from tests.faults.server import Server, an_open_county, serving
from tests.faults.talk import Frame

CONSOLES, RATE, REPLIES, ROOM = 60, 50.0, 5, 150  # half of what is said is theirs: five chats a second end
WARM_UP = 15.0


class TimedNurse(Nurse):
    """Takes one chat at a time, never by hand, and notes when the next offer comes."""

    def __init__(self, world: World, number: int, token: str, waits: list[tuple[float, float]]) -> None:
        super().__init__(world, number, token, capacity=1, greed=0.0)
        self.waits = waits
        self.clicked_at = self.freed_at = math.inf

    async def close(self, held: Frame) -> None:
        self.clicked_at = time.monotonic()
        await super().close(held)
        self.freed_at = time.monotonic()

    def replies(self) -> int:
        return random.randint(1, 2 * REPLIES - 1)

    def look(self, row: Frame) -> None:
        if row["mine"] and row["state"] == "offered" and self.freed_at < math.inf:
            now = time.monotonic()
            self.waits.append((now - self.freed_at, now - self.clicked_at))
            self.freed_at = math.inf
        super().look(row)


async def under_load(plan: Frame) -> list[tuple[float, float]]:
    """The waits of all consoles, after the warm-up."""
    waits: list[tuple[float, float]] = []
    with OpLog(Path(plan["log"])) as log:
        world = World(
            address=plan["address"], origin=plan["origin"], log=log, pacer=Pacer(RATE), replies=REPLIES
        )
        nurses = [TimedNurse(world, one["number"], one["token"], waits) for one in plan["nurses"]]
        tasks = [asyncio.create_task(nurse.run()) for nurse in nurses]
        tasks.append(asyncio.create_task(load.residents(world, plan["residents"], ROOM)))
        if plan["arrivals"]:
            tasks.append(asyncio.create_task(load.arrivals(world, 1 / plan["arrivals"])))
        await asyncio.sleep(WARM_UP)
        waits.clear()
        await asyncio.sleep(plan["seconds"])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return waits


def measure(folder: Path, county: Path, url: str, seconds: float, arrivals: float) -> None:
    """One database."""
    name = url.partition(":")[0]
    line = int(60 + (seconds + WARM_UP) * 8)  # more than can be served in the time
    people = asyncio.run(seed(url, county, nurses=CONSOLES, residents=line)).plain()
    with serving(Server(folder, county, url, name=name)) as server:
        plan = {
            "address": server.socket,
            "origin": server.origin,
            "log": str(folder / f"{name}.log"),
            "seconds": seconds,
            "arrivals": arrivals,
            **people,
        }
        written = folder / f"{name}.json"
        written.write_text(json.dumps(plan), "utf-8")
        command = [sys.executable, "-m", "benchmarks.offers", "--load", str(written)]
        waits = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if not waits:
        sys.exit(f"{name}: nobody became free; the machine has too much else to do")
    for what, values in (("answer", [wait for wait, _ in waits]), ("click", [wait for _, wait in waits])):
        p50, p99 = (at(sorted(values), share) for share in (0.5, 0.99))
        gate = " (gate 100, goal 30)" if what == "answer" else ""
        figures = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms of {len(values)}"
        print(f"{name:>10}, from the {what}: {figures}{gate}", flush=True)


def at(ordered: list[float], share: float) -> float:
    """The percentile in milliseconds by nearest rank."""
    return 1_000 * ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="20 s of load a database instead of 60")
    parser.add_argument("--arrivals", type=float, default=5.0, help="new contacts a second by the pages")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.load:
        print(json.dumps(asyncio.run(under_load(json.loads(given.load.read_text("utf-8"))))))
        return
    seconds = 20.0 if given.quick else 60.0
    print(f"P2c, {CONSOLES} consoles, {RATE:.0f} messages and {given.arrivals:g} contacts a second; {told()}")
    with TemporaryDirectory() as name, durable_postgres() as server:
        folder = Path(name)
        run = partial(measure, folder, an_open_county(folder), seconds=seconds, arrivals=given.arrivals)
        run(f"sqlite:///{folder}/ensilinja.db")
        run(server.create())


if __name__ == "__main__":
    main()
