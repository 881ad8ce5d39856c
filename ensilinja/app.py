"""Assembly: builds one process from its settings, opens its doors, and closes them in order."""

import asyncio
import contextlib
import gc
import importlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import structlog
from aiohttp import web
from jinja2 import Environment

from callbacks.telephony.ari_link import AriLink
from callbacks.telephony.asterisk import AsteriskTelephony
from callbacks.telephony.port import Can, Telephony
from callbacks.telephony.simulated import SimulatedTelephony
from callbacks.telephony.ways import Ways
from callbacks.telephony.webhook import WebhookTelephony
from core import failpoints
from core.bus import Bus, LocalBus
from core.catalogue import load_catalogue
from core.clock import Clock, SystemClock
from core.errors import Unavailable
from core.opening import open_store
from core.runner import LocalRunner, Runner
from core.settings import Settings, load_key
from core.tasks import Tasks
from core.text import Texts
from core.vault import Vault
from ensilinja import calls, demo, hooks, probes, sockets, work
from ensilinja.doors import FALLBACK, Doors, headers, install
from ensilinja.feed import Feed
from ensilinja.listeners import Connection
from ensilinja.listening import Listener, await_predecessor, handed_over, open_socket, tell
from ensilinja.loops import Loops, settled
from ensilinja.notify.file import FileSms
from ensilinja.notify.gateway import GatewaySms
from ensilinja.notify.plan import Plan, load_plan
from ensilinja.notify.port import Sms
from ensilinja.pages import faults, figures, offline, resident, staff, static, telephone
from ensilinja.people import run as run_people
from ensilinja.rendering import make_templates
from ensilinja.runtime import RUNTIME, Runtime
from ensilinja.selfcheck import Selfcheck
from ensilinja.version import is_usable
from ensilinja.watching import LiveBoard
from queues import dispatch
from router.services import Services
from triage.checking import load_approved
from triage.loader import load as load_content

log = structlog.get_logger(__name__)

ROOT = Path(__file__).resolve().parent.parent
GRACE = 15.0  # seconds at least that leases and offers live on after a start: browsers need them to come back
DRAIN = 2.0  # seconds for browsers to go at a stop, and for loops to end
PATIENCE = 30.0  # seconds in which a start asks a database again that refuses
ANSWERING = 1.0  # seconds more for requests that are being answered
RESTART_SPREAD_MS = 3000  # browsers come back spread over this


def load_services(settings: Settings, *, is_demo: bool) -> Services:
    """The county's catalogue and questionnaires; raises with every fault of either.

    A demo (and a test) takes example content that nobody has approved, and is open at all hours.
    """
    is_trial = is_demo or settings.testing
    catalogue = load_catalogue(settings.county)
    folder = settings.county / "triage"
    content = load_content(folder, require_approval=False) if is_trial else load_approved(folder)
    return Services(catalogue=demo.open_at_all_hours(catalogue) if is_trial else catalogue, content=content)


@cache
def load_texts() -> Texts:
    """The texts of the three languages; once a process, for they are the program's own."""
    return Texts.load(ROOT / "ensilinja" / "locale")


@cache
def load_templates() -> Environment:
    """The pages' templates; once a process, so that each is compiled once."""
    return make_templates(load_texts())


def build(
    settings: Settings,
    *,
    is_demo: bool,
    clock: Clock | None = None,
    services: Services | None = None,
    succeeds: bool = False,
) -> Runtime:
    """The parts of a process, not yet running; one that succeeds another waits until that has let go.

    Reads the county's files unless `services` are given.
    """
    clock = clock or SystemClock()
    services = services or load_services(settings, is_demo=is_demo)
    telephony = exchange(settings, services, clock)
    if Can.RECORD not in telephony.can:
        services = without_voicemail(services)
    plan = load_plan(settings.sms_gateway) if settings.sms_gateway else None
    texts = load_texts()
    if succeeds:
        await_predecessor(settings)
    store = open_store(settings.database_url, clock, Vault(load_key(settings, generate=is_demo)))
    bus: Bus = LocalBus()
    runtime: Runtime

    async def run_here(job: int) -> None:
        await work.run_job(runtime, job)

    runner: Runner = LocalRunner(run_here)
    if settings.redis_url:
        over_redis = importlib.import_module("core.over_redis")  # not loaded where there is no Redis
        bus, runner = over_redis.RedisBus(settings.redis_url), over_redis.RqRunner(settings.redis_url, runner)
    selfcheck = Selfcheck(store, services.catalogue)
    runtime = Runtime(
        settings=settings,
        services=services,
        store=store,
        clock=clock,
        texts=texts,
        templates=load_templates(),
        bus=bus,
        runner=runner,
        telephony=telephony,
        sms=texting(settings, plan),
        sms_plan=plan,
        tasks=Tasks(clock),
        feed=Feed(store, services, texts),
        selfcheck=selfcheck,
        board=LiveBoard(store, services.catalogue, selfcheck, clock),
        origins=frozenset(settings.origins) or own_origins(settings),
        is_demo=is_demo,
    )
    return runtime


def exchange(settings: Settings, services: Services, clock: Clock) -> Telephony:
    """The telephone exchange that the settings name."""
    if settings.telephony == "webhook":
        lacks = frozenset(map(Can, settings.telephony_lacks.split()))
        return WebhookTelephony(clock, settings.telephony_url, settings.hook_secrets(), lacks)
    if settings.telephony == "asterisk":
        password = settings.hook_secrets()[0].decode()
        link = AriLink(
            settings.telephony_url,
            settings.telephony_user,
            password,
            settings.telephony_app,
            settings.listens_for_telephony(),
        )
        numbers = {line.id: line.number or "" for line in services.catalogue.lines}
        ways = Ways(trunk=settings.telephony_trunk, device=settings.telephony_device, numbers=numbers)
        return AsteriskTelephony(clock, link, ways, settings.telephony_sounds)
    return SimulatedTelephony(clock)


def without_voicemail(services: Services) -> Services:
    """The same county on an exchange that cannot record: no caller is offered to leave a message."""
    lines = tuple(replace(line, voicemail=False) for line in services.catalogue.lines)
    return replace(services, catalogue=replace(services.catalogue, lines=lines))


def texting(settings: Settings, plan: Plan | None) -> Sms:
    """The way to send text messages that the settings name."""
    if settings.sms == "gateway" and plan is not None:
        return GatewaySms(plan, settings.sms_secret.get_secret_value() if settings.sms_secret else "")
    return FileSms(settings.data_dir)


def own_origins(settings: Settings) -> frozenset[str]:
    """The addresses a browser on this machine uses."""
    return frozenset(f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost", settings.host))


def all_doors(*, is_demo: bool) -> list[Doors]:
    """Every route there is; the demo telephone only in a demo."""
    rooms = [
        probes.doors,
        sockets.doors,
        hooks.doors,
        static.doors,
        offline.doors,
        *resident.ALL,
        staff.doors,
        figures.doors,
    ]
    return [*rooms, telephone.doors] if is_demo else rooms


def make_app(runtime: Runtime) -> web.Application:
    """The web application over a runtime."""
    app = web.Application(middlewares=[headers], client_max_size=32_768)
    app[RUNTIME] = runtime
    app[FALLBACK] = faults.page
    runtime.offline_mark = offline.mark(runtime)
    install(app, [door for doors in all_doors(is_demo=runtime.is_demo) for door in doors.all])
    return app


async def serve(
    runtime: Runtime,
    *,
    ready: asyncio.Event | None = None,
    stop: asyncio.Event | None = None,
    people: int = 0,
    fd: int | None = None,
) -> None:
    """Runs the process until SIGTERM, SIGINT or `stop`; raises when a part it cannot live without dies.

    In a demo, at most so many simulated `people` come at a time. `fd` is a listening socket that is open.
    """
    stop = stop or asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, ValueError):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    if runtime.settings.testing:
        failpoints.arm(runtime.settings.failpoints)
    if not await is_usable(runtime.store):
        migrations = importlib.import_module("ensilinja.schema")  # slow to load, and hardly ever needed
        await asyncio.to_thread(migrations.migrate, runtime.settings.database_url)
    runtime.tasks.vital("store", runtime.store.run)
    try:
        async with running(runtime, ready, fd):
            if people and runtime.is_demo:
                runtime.tasks.keep("people", partial(run_people, runtime, people))
            await runtime.tasks.until(stop)
    finally:
        await runtime.tasks.stop()
        await runtime.store.stop()


@contextlib.asynccontextmanager
async def running(runtime: Runtime, ready: asyncio.Event | None, fd: int | None) -> AsyncIterator[None]:
    """Doors open: grace first, so that a restart takes no chat from anybody; last the sockets."""
    limits = runtime.services.catalogue.limits
    if runtime.is_demo:
        await runtime.store.write(demo.seed, runtime.services.catalogue)
    await insist(lambda: go_on(runtime))
    await insist(lambda: runtime.store.write(dispatch.grace, max(GRACE, float(limits.lease_s))))
    await insist(runtime.feed.prime)
    loops = Loops(runtime)
    loops.start()
    await runtime.telephony.start(calls.listener(runtime))
    if isinstance(runtime.telephony, AsteriskTelephony):
        runtime.tasks.keep("telephony", partial(calls.keep_link, runtime, runtime.telephony))
    await insist(loops.heartbeat)  # from the first connection on, this process is ready
    scaled = runtime.settings.database_url.startswith("postgresql")
    runner = web.AppRunner(
        make_app(runtime), access_log=None, shutdown_timeout=ANSWERING, handle_signals=False
    )
    await runner.setup()
    opened = handed_over(fd) if fd is not None else open_socket(runtime.settings, is_shared=scaled)
    listener = Listener(runner, opened)
    await listener.start()
    gc.freeze()  # what was loaded stays for ever: not to be looked through again and again
    gc.enable()
    tell("READY=1")
    log.info("serving", port=runtime.settings.port, shape="scaled" if scaled else "embedded")
    if ready is not None:
        ready.set()
    try:
        yield
    finally:
        await drain(runtime, loops, listener)
        await runtime.telephony.stop()
        await runner.cleanup()


async def go_on(runtime: Runtime) -> None:
    """Goes on from the time that a process has written down last."""
    if (written := await runtime.store.read(probes.newest_beat)) is not None:
        runtime.clock.not_before(written)


async def insist(act: Callable[[], Awaitable[object]]) -> None:
    """Does it although a database that is busy or just coming back refuses at first."""
    give_up_at = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            await act()
        except Unavailable:
            if asyncio.get_running_loop().time() > give_up_at:
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def drain(runtime: Runtime, loops: Loops, listener: Listener) -> None:
    """Not ready and no new offers; then no new connections; then browsers are told to come back elsewhere.

    Between the first two, whoever shares out the connections has time to notice.
    """
    runtime.is_draining = True
    tell("STOPPING=1")
    if not runtime.tasks.has_failed:  # what cannot write any more has nothing to wait for
        await asyncio.sleep(runtime.settings.drain_s)
    await listener.stop()
    await settled(loops)
    told: set[Connection] = set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN):
            while runtime.feed.connections:
                for connection in runtime.feed.connections - told:  # one may still have been coming in
                    connection.restart(RESTART_SPREAD_MS)
                told |= runtime.feed.connections
                await asyncio.sleep(0.05)
