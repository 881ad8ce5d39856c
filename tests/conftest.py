"""Real servers for the tests, started when first asked for and stopped at the end.

A test whose server is absent is skipped by name; in CI it fails, as does any other skip.
"""

import asyncio
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from core.db import metadata
from tests.builders import TABLED, create_tables
from tests.faults.sizes import size, sized
from tests.faults.telling import end_of_test
from tools.machine import CHROMIUM_ARGUMENTS, Machine, look_around, nothing_may_be_left_out
from tools.pbx import AsteriskServer
from tools.servers import PgServer, RedisServer

Server = TypeVar("Server", PgServer, RedisServer, AsteriskServer)
TOLD = "told"
# What waits on clocks, processes and browsers, and how a violated invariant looks in a failure's text.
TIMED = ("faults", "browser", "telephone", "live")
VIOLATED = r"\['i\d+_"

# A busy machine is not a fault of the code: examples have no deadline of their own. CI finds the same every
# time; new examples are for the night and the developer's machine, where somebody sees what they found.
settings.register_profile(
    "everyday",
    deadline=None,
    print_blob=True,
    max_examples=sized(50, 100, 2_000),
    derandomize=nothing_may_be_left_out() and size() != "nightly",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("everyday")


# Every row goes and numbers begin anew. TRUNCATE takes three times as long: it makes all files anew.
EMPTIED = "; ".join(
    (
        "SET session_replication_role = replica",
        *(f'DELETE FROM "{name}"' for name in metadata.tables),
        "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence",
    )
)


@pytest.fixture(scope="session")
def machine() -> Machine:
    return look_around()


@pytest.fixture(scope="session")
def pg_server(machine: Machine) -> Iterator[PgServer]:
    """The everyday PostgreSQL, fsync off; a test that kills it takes `durable_pg_server`."""
    yield from running(PgServer(needed(machine, "postgres")))


@pytest.fixture
def durable_pg_server(machine: Machine) -> Iterator[PgServer]:
    """A PostgreSQL of the test's own, fsync on, to kill and start again."""
    yield from running(PgServer(needed(machine, "postgres"), durable=True))


@pytest.fixture
def pg_url(pg_server: PgServer) -> Iterator[Callable[..., str]]:
    """Call it for a new empty database; `pg_url("name")` copies the template made by `pg_server.template`."""
    made: list[str] = []

    def create(template: str = "template0") -> str:
        made.append(pg_server.create(template))
        return made[-1]

    yield create
    for address in made:
        pg_server.drop(address)


@pytest.fixture(params=["sqlite", "pg"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the test's own without tables, once on each of the two stores."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ensilinja.db'}"
    create: Callable[[], str] = request.getfixturevalue("pg_url")
    return create()


@pytest.fixture(scope="session")
def service_database(pg_server: PgServer) -> str:
    """The PostgreSQL database with all tables that the service tests use one after another."""
    address = pg_server.create()
    asyncio.run(create_tables(address))
    TABLED.add(address)
    return address


@pytest.fixture(params=["sqlite", "pg"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without rows for the test, once on each of the two stores; `a_store` has its tables made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ensilinja.db'}"
    address: str = request.getfixturevalue("service_database")
    server: PgServer = request.getfixturevalue("pg_server")
    server.sql(EMPTIED, database=address.rpartition("/")[2])
    return address


@pytest.fixture(scope="session")
def shared_redis(machine: Machine) -> Iterator[RedisServer]:
    yield from running(RedisServer(needed(machine, "redis")))


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """A running, empty Redis, whatever the test before did to it: kill, flush, fill, pause, resume, start."""
    shared_redis.resume()
    shared_redis.start()
    shared_redis.empty()
    shared_redis.flush()
    return shared_redis


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture(scope="session")
def chromium_path(machine: Machine) -> Path:
    return needed(machine, "chromium")


@pytest.fixture(scope="session")
def chromium_options(chromium_path: Path) -> dict[str, object]:
    """What Playwright's `launch` needs to start the machine's own Chromium."""
    return {"executable_path": str(chromium_path), "args": list(CHROMIUM_ARGUMENTS)}


@pytest.fixture
def faketime(machine: Machine) -> Path:
    """The library that gives one process another clock."""
    return needed(machine, "faketime")


def running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def needed(machine: Machine, name: str) -> Path:
    missing = machine.missing()
    if name not in missing:
        return Path(getattr(machine, name))
    if nothing_may_be_left_out():
        pytest.fail(f"nothing may be left out here: {missing[name]}")
    pytest.skip(missing[name])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In CI a test that needs a figure of time has a second try on a machine that others slow down.

    The summary names each; a violated invariant has none, for one that is seen once is there.
    """
    if not nothing_may_be_left_out() or size() == "nightly":
        return
    again = pytest.mark.flaky(reruns=1, rerun_except=[VIOLATED])
    for item in items:
        if {*TIMED} & {*item.keywords, *item.path.parts}:
            item.add_marker(again)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        # With the report, so that the lines of a worker reach the summary too.
        told = end_of_test(item.nodeid, passed=report.passed)
        report.user_properties += [(TOLD, line) for line in told]
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and nothing_may_be_left_out():
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def why_failed(report: pytest.TestReport) -> str:
    """The first line of what a test raised; a first try that failed is not forgotten with it."""
    return next((line[1:].strip() for line in report.longreprtext.splitlines() if line.startswith("E ")), "")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    notes = [note for note in os.environ.get("TEST_NOTES", "").splitlines() if note]
    reports = [one for found in terminalreporter.stats.values() for one in found]
    notes += [
        str(line) for one in reports for name, line in getattr(one, "user_properties", ()) if name == TOLD
    ]
    for one in terminalreporter.stats.get("rerun", ()):
        notes.append(f"tried a second time: {one.nodeid}: {why_failed(one)}")
    if terminalreporter.stats.get("skipped") and nothing_may_be_left_out():
        notes.append("FAILED: tests were skipped where nothing may be left out")
    if notes:
        terminalreporter.section("what the whole run says", sep="=")
    for note in notes:
        terminalreporter.line(note)
