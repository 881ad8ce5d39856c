"""Starting the service: the loop, the logs, the demo's accounts, and a clear end when a part fails."""

import asyncio
import errno
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

import structlog

from core.faults import ConfigFaults
from core.lock import AlreadyRunning
from core.logs import setup_logs
from core.settings import Settings, environment
from core.text import TextFaults
from ensilinja import app, checking, demo
from ensilinja.runtime import Runtime
from ensilinja.version import NewerDatabase

log = structlog.get_logger(__name__)

FAULTY, FAILED = 2, 1


def start(settings: Settings, *, is_demo: bool, people: int = 0) -> None:
    """Serves until told to stop; ends the program with a code other than 0 when that is not why it ended."""
    setup_logs(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run(settings, is_demo=is_demo, people=people))
    except (ConfigFaults, TextFaults):
        end(
            "\n".join(checking.all_faults(environment(), settings.model_dump(), is_demo=is_demo)),
            FAULTY,
        )
    except AlreadyRunning:
        end("Ensilinja is running on this data folder already; stop it first", FAILED)
    except NewerDatabase as error:
        end(error.message, FAILED)
    except Exception as error:  # noqa: BLE001 - the last place that can say why
        failed(settings, error)


async def run(settings: Settings, *, is_demo: bool, people: int) -> None:
    """Builds the process and serves."""
    runtime = app.build(settings, is_demo=is_demo)
    checking.crossed_services(runtime.services)
    if not is_demo:
        await app.serve(runtime)
        return
    ready = asyncio.Event()
    welcome = asyncio.create_task(greet(runtime, ready, people))
    try:
        await app.serve(runtime, ready=ready, people=people)
    finally:
        welcome.cancel()


async def greet(runtime: Runtime, ready: asyncio.Event, people: int) -> None:
    """Says where to go once somebody would be let in."""
    await ready.wait()
    print(demo.welcome(runtime.settings.port, str(runtime.settings.data_dir)), flush=True)
    if people:
        print(f"At most {people} simulated people come at a time.", flush=True)


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
