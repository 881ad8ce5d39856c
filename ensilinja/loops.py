"""What a process does again and again: sweep and dispatch, push news, run jobs, fold facts, beat. Each turn
is harmless twice."""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence

import structlog

from callbacks import service as callbacks
from callbacks.telephony.asterisk import AsteriskTelephony
from core import jobs
from core.clock import NOTICED
from core.store import Recorded, Tx
from ensilinja import calls, metrics, probes, sockets, version, work
from ensilinja.admission import AHEAD, Load, admission, room
from ensilinja.deadlines import sweep_all
from ensilinja.notify import sending
from ensilinja.reporting import keeper
from ensilinja.runtime import Runtime
from queues import dispatch
from queues import reading as queues

log = structlog.get_logger(__name__)

SECOND = 1.0
TICK = 2.0  # a browser shows a broken line after 5 s of silence
PAIRS = 2.0  # an eligible pair found in two turns has waited too long
GAUGES = 5.0
LAG_PROBE = 0.05  # a sleep of this length that takes longer is the loop's lag
SESSION_CHECK = 5.0  # an ended session closes its sockets within this
EVENTS_AT_ONCE = 200
REST = 0.05  # between two turns of the jobs
LINE_REST = 0.01  # between two turns of the line: more than one a commit helps nobody
SWEEP_CHECK = 0.25  # a sweep that is due waits no longer than this
STAND_BACK = 0.3  # a process that hears of another's sweep lets it go on sweeping, and takes over if it stops
TRUSTED = 2.0  # seconds since its own last sweep in which a process believes others that they sweep
STILL = ("chat.", "entry.offered", "entry.held")  # events after which nobody can be offered anything new
MANY = 16  # operations that wait: of fewer, how long they do says nothing
ADMISSION = 0.1  # how soon a process notices that it has too much to do
FIGURES_REST = 0.5  # figures may be half a second behind; they are not worth a write for every message


class Loops:
    """The loops of one process and what wakes them."""

    def __init__(self, runtime: Runtime) -> None:
        """Listens to this process's commits and to the other processes' hints."""
        self.runtime = runtime
        self.wake_line = asyncio.Event()
        self.wake_jobs = asyncio.Event()
        self.wake_facts = asyncio.Event()
        self._revision = version.known()[-1]
        self._name = secrets.token_hex(8)
        self._sweep_at = self._swept_at = runtime.clock.monotonic()
        self._has_moved = False
        self._commit_s = 0.0
        self._beat_since: float | None = None
        self._admitted: float | None = None
        self._clock_is_off = False
        runtime.store.listen(self._committed)
        runtime.bus.listen(self._hinted)

    def _committed(self, events: Sequence[Recorded]) -> None:
        """A process follows up what it committed; if it dies, the others do so at their next turn.

        One that makes no offers any more asks them to.
        """
        self.wake_facts.set()
        if not all(event.type.startswith("chat.") for event in events):  # what is said makes no jobs
            self.wake_jobs.set()
        if not all(event.type.startswith(STILL) for event in events):
            self.move()
        self.runtime.bus.publish({"n": events[-1].id, "moved": self._has_moved and self.runtime.is_draining})

    def move(self) -> None:
        """Somebody may be offered something new: the line is looked at now."""
        self._has_moved = True
        self.wake_line.set()

    def _hinted(self, hint: dict[str, object]) -> None:
        if "n" in hint:
            self.runtime.feed.hinted(hint)
        if hint.get("moved"):
            self.move()
        if hint.get("swept", self._name) != self._name:
            # Not for ever: a hint may be false, and then nobody would sweep.
            later = self.runtime.clock.monotonic() + SECOND + STAND_BACK
            self._sweep_at = min(later, self._swept_at + TRUSTED)

    def start(self) -> None:
        """Starts all loops; the process's tasks keep them going."""
        tasks = self.runtime.tasks
        self_check = self.runtime.settings.self_check_seconds
        for name, turn, every, wake, rest in (
            ("line", self.line, SECOND, self.wake_line, LINE_REST),
            ("deadlines", self.deadlines, SWEEP_CHECK, None, 0.0),
            ("feed", self.runtime.feed.turn, SECOND, self.runtime.feed.wake, 0.0),
            ("jobs", self.jobs, SECOND, self.wake_jobs, REST),
            ("facts", self.facts, SECOND, self.wake_facts, FIGURES_REST),
            ("heartbeat", self.heartbeat, SECOND, None, 0.0),
            ("admission", self.admit, ADMISSION, None, 0.0),
            ("room", self.measure, ADMISSION, None, 0.0),
            ("places", self.runtime.feed.push_places, SECOND, None, 0.0),
            ("board", self.board, SECOND, None, 0.0),
            ("tick", self.tick, TICK, None, 0.0),
            ("gauges", self.gauges, GAUGES, None, 0.0),
            ("trials", self.trials, SECOND, None, 0.0),
            ("sessions", self.sessions, SESSION_CHECK, None, 0.0),
            ("pairs", self.pairs, PAIRS, None, 0.0),
            ("selfcheck", self.runtime.selfcheck.turn, self_check, None, 0.0),
        ):
            tasks.loop(name, turn, every, wake, rest)
        tasks.keep("bus", self.runtime.bus.run)

    async def line(self) -> None:
        """The offers, where something has moved. None are made any more while draining."""
        has_moved, self._has_moved = self._has_moved, False
        if has_moved and not self.runtime.is_draining:
            await self.runtime.store.write_next(dispatch.dispatch, self.runtime.services.catalogue)

    async def deadlines(self) -> None:
        """Once a second, in one of the processes: everything with a deadline. Then the line is looked at, for
        time alone moves it too. Offers do not wait for this.
        """
        runtime = self.runtime
        if runtime.clock.monotonic() < self._sweep_at:
            return
        self._swept_at = runtime.clock.monotonic()
        self._sweep_at = self._swept_at + SECOND
        await sweep_all(runtime.store, runtime.services)
        self.move()
        if not runtime.is_draining:  # one that is going leaves the line to the others
            runtime.bus.publish({"swept": self._name})

    async def jobs(self) -> None:
        """Jobs whose runner is lost, then those that are due."""
        is_lost, due = await self.runtime.store.read(jobs.look)
        if is_lost:
            for unknown in await self.runtime.store.write(jobs.rescue):
                await work.became_unknown(self.runtime, unknown)
            due = await self.runtime.store.read(jobs.due)
        for job, kind in due:
            await work.submit(self.runtime, job, kind)

    async def facts(self) -> None:
        """The figures' rows, up to the newest event. Only what has changed is the writer's to do."""
        store = self.runtime.store
        while (turn := await store.read(keeper.prepare, EVENTS_AT_ONCE)).count:
            if await store.write(keeper.carry_out, turn) < EVENTS_AT_ONCE:
                break

    async def heartbeat(self) -> None:
        """A real write; `/readyz` believes nothing else."""
        runtime = self.runtime
        metrics.writer_queue(runtime.store.queued)  # before the write: it may not come to an end
        metrics.bus_state(runtime.bus.is_up)
        self._beat_since = before = runtime.clock.monotonic()
        name, since = runtime.settings.process_name, runtime.admission.since
        await runtime.store.write(probes.beat, name, self._revision, since)
        self._beat_since = None
        self._commit_s = runtime.clock.monotonic() - before
        metrics.commit_took(self._commit_s)
        metrics.clock_behind(runtime.clock.behind)
        self._notice_clock()
        runtime.last_heartbeat = runtime.clock.monotonic()

    def _notice_clock(self) -> None:
        behind = self.runtime.clock.behind
        was_off, self._clock_is_off = self._clock_is_off, abs(behind) > NOTICED
        if self._clock_is_off and not was_off:
            log.warning("the clock was set; the service's time catches up with it", behind=round(behind, 1))

    async def admit(self) -> None:
        """Decides whether new ones are taken, by what waits, how long commits take and how late this is."""
        runtime, now = self.runtime, self.runtime.clock.monotonic()
        commit_s = now - self._beat_since if self._beat_since is not None else 0.0
        late_s = max(0.0, now - self._admitted - ADMISSION) if self._admitted is not None else 0.0
        load = Load(filled=runtime.filled, commit_s=max(commit_s, self._commit_s), late_s=late_s)
        was, self._admitted = runtime.admission.is_shedding, now
        runtime.admission = admission(runtime.admission, load, runtime.clock.now(), now)
        if runtime.admission.is_shedding != was:
            log.warning("shedding", is_so=not was, filled=load.filled, commit=load.commit_s, late=late_s)
            metrics.shedding(not was)

    async def measure(self) -> None:
        """How long one more operation waits while many do: so many may wait that the last is done soon.

        One that waits for too long is not waited for: meanwhile too many would be let in.
        """
        runtime, queued = self.runtime, self.runtime.store.queued
        if queued >= MANY:
            before = runtime.clock.monotonic()
            try:
                async with asyncio.timeout(AHEAD):
                    await runtime.store.write(nothing)
                took = runtime.clock.monotonic() - before
            except TimeoutError:
                took = 2 * AHEAD
            runtime.room = room(queued, took, runtime.room)

    async def gauges(self) -> None:
        """What Prometheus may know: the line and the jobs as they stand, and how late this loop is."""
        before = self.runtime.clock.monotonic()
        await asyncio.sleep(LAG_PROBE)
        metrics.loop_lagged(max(0.0, self.runtime.clock.monotonic() - before - LAG_PROBE))
        by_queue, by_state, behind, texts, silent = await self.runtime.store.read(standing)
        metrics.line_state(by_queue)
        metrics.jobs_state(by_state)
        metrics.facts_behind(behind)
        exchange = self.runtime.telephony
        if isinstance(exchange, AsteriskTelephony):
            metrics.telephone(is_linked=exchange.is_linked, ignored=exchange.ignored)
        metrics.texts_state(texts)
        metrics.lines_silent(silent)

    async def board(self) -> None:
        """The supervisors' picture: computed once a second for all who watch."""
        watchers = [c for c in self.runtime.feed.connections if c.role == "board"]
        if not watchers:
            return
        for connection in watchers:
            connection.send(await self.runtime.board.frame(connection.lang))

    async def tick(self) -> None:
        """A sign of life to every browser."""
        telephone = await calls.is_linked(self.runtime) if self.runtime.feed.listeners.consoles else False
        self.runtime.feed.tick(self.runtime.clock.now(), telephone=telephone)

    async def pairs(self) -> None:
        """Who waits and who is free meet, unless no offers are made any more."""
        if not self.runtime.is_draining:
            await self.runtime.selfcheck.pairs()

    async def trials(self) -> None:
        """Has the lines rung from time to time, to hear whether they answer; unless that is off, or the
        exchange cannot.
        """
        await calls.try_lines(self.runtime)

    async def sessions(self) -> None:
        """Ended sessions lose their sockets."""
        await sockets.check_sessions(self.runtime)


def nothing(tx: Tx) -> None:
    """An operation that only waits for its turn and its commit."""


Standing = tuple[dict[tuple[str, str], tuple[int, float | None]], dict[str, int], int, dict[str, int], int]


def standing(tx: Tx) -> Standing:
    """Who waits where with the longest wait in seconds, jobs, events not yet in the figures, texts, and how
    many lines do not answer.
    """
    waiting: dict[tuple[str, str], tuple[int, float | None]] = {
        (queue, channel): (count, (tx.now - oldest).total_seconds())
        for queue, channel, count, oldest in queues.lengths(tx)
    }
    silent = len(callbacks.silent_lines(tx))
    return waiting, jobs.by_state(tx), keeper.lag(tx), sending.by_state(tx), silent


async def settled(loops: Loops) -> None:
    """Lets what was committed reach the browsers before the process goes."""
    with contextlib.suppress(Exception):
        await loops.runtime.feed.turn()
