"""What a process does again and again: sweep and dispatch, push news, run jobs, fold facts, beat. Each turn
is harmless twice."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from callbacks import service as callbacks
from chat import service as chat
from core import jobs, wire
from core.store import Recorded, Tx
from ensilinja import metrics, probes, sockets, work
from ensilinja.reporting import board, keeper
from ensilinja.runtime import Runtime
from queues import dispatch
from queues import reading as queues
from router.services import Services

SECOND = 1.0
TICK = 2.0  # a browser shows a broken line after 5 s of silence
GAUGES = 5.0
LAG_PROBE = 0.05  # a sleep of this length that takes longer is the loop's lag
SESSION_CHECK = 5.0  # an ended session closes its sockets within this
EVENTS_AT_ONCE = 200
REST = 0.05  # between two turns of the line: an offer still comes within a tenth of a second
FIGURES_REST = 0.5  # figures may be half a second behind; they are not worth a write for every message


class Loops:
    """The loops of one process and what wakes them."""

    def __init__(self, runtime: Runtime) -> None:
        """Listens to this process's commits and to the other processes' hints."""
        self.runtime = runtime
        self.wake_line = asyncio.Event()
        self.wake_jobs = asyncio.Event()
        self.wake_facts = asyncio.Event()
        self._seen_today = board.Memory()
        runtime.store.listen(self._committed)
        runtime.bus.listen(self._hinted)

    def _committed(self, events: Sequence[Recorded]) -> None:
        is_talk = all(event.type.startswith("chat.") for event in events)
        self.runtime.bus.publish({"n": events[-1].id, "talk": is_talk})

    def _hinted(self, hint: dict[str, object]) -> None:
        self.runtime.feed.hinted(hint)
        self.wake_facts.set()
        if not hint.get("talk"):  # what is said moves nobody in the line and makes no jobs
            self.wake_line.set()
            self.wake_jobs.set()

    async def run(self) -> None:
        """Runs all loops until cancelled."""
        tasks = self.runtime.tasks
        async with asyncio.TaskGroup() as group:
            for name, turn, every, wake, rest in (
                ("line", self.line, SECOND, self.wake_line, REST),
                ("feed", self.runtime.feed.turn, SECOND, self.runtime.feed.wake, 0.0),
                ("jobs", self.jobs, SECOND, self.wake_jobs, REST),
                ("facts", self.facts, SECOND, self.wake_facts, FIGURES_REST),
                ("heartbeat", self.heartbeat, SECOND, None, 0.0),
                ("places", self.runtime.feed.push_places, SECOND, None, 0.0),
                ("board", self.board, SECOND, None, 0.0),
                ("tick", self.tick, TICK, None, 0.0),
                ("gauges", self.gauges, GAUGES, None, 0.0),
                ("sessions", self.sessions, SESSION_CHECK, None, 0.0),
            ):
                group.create_task(tasks.loop(name, turn, every, wake, rest), name=name)
            group.create_task(tasks.forever("bus", self.runtime.bus.run), name="bus")

    async def line(self) -> None:
        """Everything with a deadline, then the offers; no new offers while draining."""
        await self.runtime.store.write(turn_line, self.runtime.services, offers=not self.runtime.is_draining)

    async def jobs(self) -> None:
        """Jobs whose runner is lost, then those that are due."""
        for unknown in await self.runtime.store.write(jobs.rescue):
            await work.became_unknown(self.runtime, unknown)
        for job, kind in await self.runtime.store.read(jobs.due):
            await work.submit(self.runtime, job, kind)

    async def facts(self) -> None:
        """The figures' rows, up to the newest event."""
        while await self.runtime.store.write(keeper.catch_up, EVENTS_AT_ONCE) >= EVENTS_AT_ONCE:
            pass

    async def heartbeat(self) -> None:
        """A real write; `/readyz` believes nothing else."""
        runtime = self.runtime
        before = time.perf_counter()
        await runtime.store.write(probes.beat, runtime.settings.process_name)
        metrics.commit_took(time.perf_counter() - before)
        metrics.writer_queue(runtime.store.queued)
        metrics.bus_state(runtime.bus.is_up)
        runtime.last_heartbeat = runtime.clock.monotonic()

    async def gauges(self) -> None:
        """What Prometheus may know: the line and the jobs as they stand, and how late this loop is."""
        before = self.runtime.clock.monotonic()
        await asyncio.sleep(LAG_PROBE)
        metrics.loop_lagged(max(0.0, self.runtime.clock.monotonic() - before - LAG_PROBE))
        by_queue, by_state, behind = await self.runtime.store.read(standing)
        metrics.line_state(by_queue)
        metrics.jobs_state(by_state)
        metrics.facts_behind(behind)

    async def board(self) -> None:
        """The supervisors' picture: computed once a second for all who watch."""
        watchers = [c for c in self.runtime.feed.connections if c.role == "board"]
        if not watchers:
            return
        catalogue = self.runtime.services.catalogue
        shown = await self.runtime.store.read(board.snapshot, catalogue, self._seen_today)
        frames = {lang: wire.ev("board", board=shown.wire(lang)) for lang in {c.lang for c in watchers}}
        for connection in watchers:
            connection.send(frames[connection.lang])

    async def tick(self) -> None:
        """A sign of life to every browser."""
        self.runtime.feed.tick(self.runtime.clock.now())

    async def sessions(self) -> None:
        """Ended sessions lose their sockets."""
        await sockets.check_sessions(self.runtime)


def turn_line(tx: Tx, services: Services, *, offers: bool) -> None:
    """One turn of the line in one transaction: deadlines of every room, then the matcher."""
    dispatch.sweep(tx, services.catalogue)
    chat.sweep(tx, services)
    callbacks.sweep(tx, services)
    if offers:
        dispatch.dispatch(tx, services.catalogue)


def standing(tx: Tx) -> tuple[dict[tuple[str, str], tuple[int, float | None]], dict[str, int], int]:
    """Who waits where with the longest wait in seconds, jobs by state, events not yet in the figures."""
    waiting: dict[tuple[str, str], tuple[int, float | None]] = {
        (queue, channel): (count, (tx.now - oldest).total_seconds())
        for queue, channel, count, oldest in queues.lengths(tx)
    }
    return waiting, jobs.by_state(tx), keeper.lag(tx)


async def settled(loops: Loops) -> None:
    """Lets what was committed reach the browsers before the process goes."""
    with contextlib.suppress(Exception):
        await loops.runtime.feed.turn()
