"""Starting the service: the loop, the logs, the demo's accounts, and a clear end when a part fails."""

import asyncio
import errno
import gc
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

import structlog

from core.faults import ConfigFaults
from core.lock import AlreadyRunning
from core.logs import Outlet, setup_logs
from core.settings import Settings, environment
from core.text import TextFaults
from core.watchdog import Watchdog
from ensilinja import app, checking, demo, metrics, parent
from ensilinja.runtime import Runtime
from ensilinja.version import NewerDatabase, OlderProgramRuns

log = structlog.get_logger(__name__)

FAULTY, FAILED = 2, 1


def start(settings: Settings, *, is_demo: bool, people: int = 0, fd: int | None = None) -> None:
    """Serves until told to stop; ends the program with a code other than 0 when that is not why it ended."""
    outlet = Outlet(sys.stderr)  # a log that nobody reads must not stop the service
    setup_logs(settings.log_level, outlet)
    metrics.DROPPED_LINES.set_function(lambda: outlet.dropped)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run(settings, is_demo=is_demo, people=people, fd=fd))
    except (ConfigFaults, TextFaults):
        end(
            "\n".join(checking.all_faults(environment(), settings.model_dump(), is_demo=is_demo)),
            FAULTY,
        )
    except AlreadyRunning:
        end("Ensilinja is running on this data folder already; stop it first", FAILED)
    except (NewerDatabase, OlderProgramRuns) as error:
        end(error.message, FAILED)
    except Exception as error:  # noqa: BLE001 - the last place that can say why
        failed(settings, error)


async def run(settings: Settings, *, is_demo: bool, people: int, fd: int | None) -> None:
    """Builds the process and serves."""
    runtime = app.build(settings, is_demo=is_demo, succeeds=fd is not None)
    checking.crossed_services(runtime.services)
    ready, watchdog = asyncio.Event(), Watchdog()
    welcome = asyncio.create_task(opened(runtime, ready, watchdog, people))
    try:
        await app.serve(runtime, ready=ready, people=people, fd=fd)
    finally:
        welcome.cancel()
        watchdog.stop()


async def opened(runtime: Runtime, ready: asyncio.Event, watchdog: Watchdog, people: int) -> None:
    """Once somebody would be let in: the loop is watched from then on, and a demo says where to go."""
    await ready.wait()
    watchdog.start()
    if not runtime.is_demo:
        return
    print(demo.welcome(runtime.settings.port, str(runtime.settings.data_dir)), flush=True)
    if people:
        print(f"At most {people} simulated people come at a time.", flush=True)


def start_several(settings: Settings, count: int) -> NoReturn:
    """Starts so many processes behind one socket and keeps them until told to stop."""
    setup_logs(settings.log_level)
    gc.enable()
    try:
        code = parent.run(settings, count)
    except OSError as error:
        failed(settings, error)
    sys.exit(code)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed; None is the standard library's own loop."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return factory


def failed(settings: Settings, error: Exception) -> NoReturn:
    """Ends the program because a part of it died; a taken port gets a sentence of its own."""
    leaves = list(flattened(error))
    if any(isinstance(leaf, OSError) and leaf.errno == errno.EADDRINUSE for leaf in leaves):
        end(f"port {settings.port} is taken", FAILED)
    log.critical("a part failed", parts=",".join(type(leaf).__name__ for leaf in leaves), exc_info=error)
    sys.exit(FAILED)


def flattened(error: BaseException) -> Iterator[BaseException]:
    """The errors inside groups of errors."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from flattened(inner)
    else:
        yield error


def end(why: str, code: int) -> NoReturn:
    """Says why on stderr and ends the program."""
    print(f"ensilinja: {why}", file=sys.stderr)
    sys.exit(code)
