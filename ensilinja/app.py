"""Assembly: builds one process from its settings, opens its doors, and closes them in order."""

import asyncio
import contextlib
import importlib
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import structlog
from aiohttp import web

from callbacks.telephony.simulated import SimulatedTelephony
from core import failpoints
from core.bus import Bus, LocalBus
from core.catalogue import load_catalogue
from core.clock import Clock, SystemClock
from core.opening import open_store
from core.runner import LocalRunner, Runner
from core.settings import Settings, load_key
from core.tasks import Tasks
from core.text import Texts
from core.vault import Vault
from ensilinja import calls, demo, probes, sockets, work
from ensilinja.doors import FALLBACK, Doors, headers, install
from ensilinja.feed import Feed
from ensilinja.loops import Loops, settled
from ensilinja.pages import faults, resident, staff, static, telephone
from ensilinja.people import run as run_people
from ensilinja.rendering import make_templates
from ensilinja.runtime import RUNTIME, Runtime
from ensilinja.version import is_current
from queues import dispatch
from router.services import Services
from triage.loader import load as load_content

log = structlog.get_logger(__name__)

ROOT = Path(__file__).resolve().parent.parent
GRACE = 15.0  # seconds at least that leases and offers live on after a start: browsers need them to come back
DRAIN = 3.0  # seconds for what was begun to end at a stop
RESTART_SPREAD_MS = 3000  # browsers come back spread over this


def load_services(settings: Settings, *, is_demo: bool) -> Services:
    """The county's catalogue and questionnaires; raises with every fault of either.

    A demo (and a test) takes example content that nobody has approved, and is open at all hours.
    """
    is_trial = is_demo or settings.testing
    catalogue = load_catalogue(settings.county)
    content = load_content(settings.county / "triage", require_approval=not is_trial)
    return Services(catalogue=demo.open_at_all_hours(catalogue) if is_trial else catalogue, content=content)


def build(settings: Settings, *, is_demo: bool, clock: Clock | None = None) -> Runtime:
    """The parts of a process, not yet running."""
    clock = clock or SystemClock()
    services = load_services(settings, is_demo=is_demo)
    texts = Texts.load(ROOT / "ensilinja" / "locale")
    store = open_store(settings.database_url, clock, Vault(load_key(settings, generate=is_demo)))
    bus: Bus = LocalBus()
    runtime: Runtime

    async def run_here(job: int) -> None:
        await work.run_job(runtime, job)

    runner: Runner = LocalRunner(run_here)
    if settings.redis_url:
        over_redis = importlib.import_module("core.over_redis")  # not loaded where there is no Redis
        bus, runner = over_redis.RedisBus(settings.redis_url), over_redis.RqRunner(settings.redis_url, runner)
    runtime = Runtime(
        settings=settings,
        services=services,
        store=store,
        clock=clock,
        texts=texts,
        templates=make_templates(texts),
        bus=bus,
        runner=runner,
        telephony=SimulatedTelephony(clock),
        tasks=Tasks(clock),
        feed=Feed(store, services, texts),
        origins=frozenset(settings.origins) or own_origins(settings),
        is_demo=is_demo,
    )
    return runtime


def own_origins(settings: Settings) -> frozenset[str]:
    """The addresses a browser on this machine uses."""
    return frozenset(f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost", settings.host))


def all_doors(*, is_demo: bool) -> list[Doors]:
    """Every route there is; the demo telephone only in a demo."""
    rooms = [probes.doors, sockets.doors, static.doors, *resident.ALL, staff.doors]
    return [*rooms, telephone.doors] if is_demo else rooms


def make_app(runtime: Runtime) -> web.Application:
    """The web application over a runtime."""
    app = web.Application(middlewares=[headers], client_max_size=32_768)
    app[RUNTIME] = runtime
    app[FALLBACK] = faults.page
    install(app, [door for doors in all_doors(is_demo=runtime.is_demo) for door in doors.all])
    return app


async def serve(
    runtime: Runtime,
    *,
    ready: asyncio.Event | None = None,
    stop: asyncio.Event | None = None,
    people: int = 0,
) -> None:
    """Runs the process until SIGTERM, SIGINT or `stop`; raises when a part it cannot live without dies.

    In a demo, at most so many simulated `people` come at a time.
    """
    stop = stop or asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, ValueError):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    if runtime.settings.testing:
        failpoints.arm(runtime.settings.failpoints)
    if not await is_current(runtime.store):
        migrations = importlib.import_module("ensilinja.schema")  # slow to load, and hardly ever needed
        await asyncio.to_thread(migrations.migrate, runtime.settings.database_url)
    async with asyncio.TaskGroup() as group:
        writer = group.create_task(run_store(runtime), name="store")
        async with running(runtime, group, ready), peopled(runtime, group, people):
            await stop.wait()
        await runtime.store.stop()
        await writer


async def run_store(runtime: Runtime) -> None:
    """The writer; ending before it was told to ends the process."""
    await runtime.store.run()
    if not runtime.is_draining:
        raise RuntimeError("the store's writer ended")


@contextlib.asynccontextmanager
async def running(
    runtime: Runtime, group: asyncio.TaskGroup, ready: asyncio.Event | None
) -> AsyncIterator[None]:
    """Doors open: grace first, so that a restart takes no chat from anybody; last the sockets."""
    limits = runtime.services.catalogue.limits
    if runtime.is_demo:
        await runtime.store.write(demo.seed, runtime.services.catalogue)
    await runtime.store.write(dispatch.grace, max(GRACE, float(limits.lease_s)))
    await runtime.feed.prime()
    loops = Loops(runtime)
    running_loops = group.create_task(loops.run(), name="loops")
    await runtime.telephony.start(calls.listener(runtime))
    runner = web.AppRunner(make_app(runtime), access_log=None, shutdown_timeout=2.0, handle_signals=False)
    await runner.setup()
    scaled = runtime.settings.database_url.startswith("postgresql")
    await web.TCPSite(
        runner, runtime.settings.host, runtime.settings.port, reuse_port=scaled or None, backlog=512
    ).start()
    log.info("serving", port=runtime.settings.port, shape="scaled" if scaled else "embedded")
    if ready is not None:
        ready.set()
    try:
        yield
    finally:
        await drain(runtime, loops)
        await runtime.telephony.stop()
        await runner.cleanup()
        running_loops.cancel()
        await asyncio.wait([running_loops], timeout=DRAIN)


@contextlib.asynccontextmanager
async def peopled(runtime: Runtime, group: asyncio.TaskGroup, count: int) -> AsyncIterator[None]:
    """Simulated people come while the doors are open; never in anything but a demo."""
    if not (count and runtime.is_demo):
        yield
        return
    come = partial(run_people, runtime, count)
    people = group.create_task(runtime.tasks.forever("people", come), name="people")
    try:
        yield
    finally:
        people.cancel()
        await asyncio.wait([people], timeout=DRAIN)


async def drain(runtime: Runtime, loops: Loops) -> None:
    """No new offers, browsers told to come back elsewhere, what was begun is finished."""
    runtime.is_draining = True
    await settled(loops)
    for connection in list(runtime.feed.connections):
        connection.restart(RESTART_SPREAD_MS)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN):
            await runtime.feed.emptied()
