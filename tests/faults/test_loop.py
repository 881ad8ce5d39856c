"""A process whose event loop stands still or whose task dies says so, and mends or ends itself."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.oplog import percentile
from tests.faults.server import ROOT, Server, an_open_county, serving, slowness
from tests.faults.sizes import sized
from tests.faults.telling import report
from tools.servers import RedisServer

pytestmark = pytest.mark.faults

ODD = ROOT / "tests" / "faults" / "odd.py"
MUTANTS = ROOT / "tests" / "mutants"
BLOCKED = 5  # seconds
ENDED = sized(7, 7, 15)  # seconds of a block after which the process ends; 15 in the product
NOTICED, BACK = 2.0, 5.0  # seconds
KEPT = {
    *("line", "feed", "jobs", "facts", "heartbeat", "places", "board", "tick", "gauges", "sessions"),
    *("deadlines", "pairs", "selfcheck", "admission", "room", "bus", "store"),
}
PARTS = {"bus_send", "bus_receive"}  # of the bus over Redis: each ends it


class Odd:
    """A server that can be given orders."""

    def __init__(self, folder: Path, database: str, *, redis: str = "", program: Path = ODD) -> None:
        self.orders = folder / "orders"
        command = (sys.executable, str(program))
        county = an_open_county(folder)
        self.server = Server(folder, county, database, redis_url=redis, program=command)

    def order(self, line: str) -> None:
        with self.orders.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def names(self) -> set[str]:
        """The tasks there are; none when the loop does not answer."""
        told = self.orders.with_suffix(f".{time.monotonic_ns()}")
        self.order(f"names {told}")
        return set(told.read_text("utf-8").split("\n")) if seconds_until(told.exists, 2) < 2 else set()

    @contextmanager
    def running(self, **env: str) -> Iterator[Server]:
        self.orders.write_text("", "utf-8")
        with serving(self.server, ODD_ORDERS=str(self.orders), **env) as server:
            yield server

    def start_again(self) -> None:
        self.server.kill()
        self.orders.write_text("", "utf-8")
        self.server.start(ODD_ORDERS=str(self.orders))
        assert self.server.wait_ready(), self.server.told()


def seconds_until(is_so: Callable[[], bool], most: float) -> float:
    """Seconds until it was so, at most so many."""
    began = time.monotonic()
    while not is_so() and time.monotonic() - began < most:
        time.sleep(0.01)
    return min(time.monotonic() - began, most)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"


def test_blocked_loop_is_told_of_and_ends_the_process(tmp_path: Path, database: str) -> None:
    odd = Odd(tmp_path, database)
    with odd.running(ODD_TIMES=f"core.watchdog.ENDED={ENDED}") as server:
        odd.order(f"block {BLOCKED}")
        noticed = seconds_until(lambda: "stands still" in server.told(), BLOCKED)
        blamed = "stand_still" in server.told()
        unready = server.readiness()[0]
        back = seconds_until(lambda: server.readiness()[0] == 200, 10)
        odd.order("block 60")
        began = time.monotonic()
        code, took = server.wait_end(ENDED + 10), time.monotonic() - began

    report(
        "F21",
        "embedded",
        f"blocked {BLOCKED} s: stack logged after {noticed:.1f} s, not ready meanwhile, ready again "
        f"{back:.1f} s later; blocked for good: ended with {code} after {took:.1f} s of {ENDED}",
    )
    assert noticed <= NOTICED * slowness() and blamed
    assert unready != 200 and back <= BLOCKED + BACK
    assert code == 1 and ENDED - 1 <= took <= ENDED + 2 * slowness()


def test_block_test_catches_a_service_without_its_watchdog(tmp_path: Path, database: str) -> None:
    odd = Odd(tmp_path, database, program=MUTANTS / "no_watchdog.py")
    with odd.running() as server:
        odd.order(f"block {BLOCKED}")
        time.sleep(BLOCKED)

        report("F21", "mutant no_watchdog", "a blocked loop is not told of")
        assert "stands still" not in server.told()


def test_no_task_dies_in_silence(tmp_path: Path, database: str) -> None:
    odd = Odd(tmp_path, database)
    with odd.running() as server:
        names = odd.names()
        seen = [end_one(odd, server, name) for name in sorted(KEPT)]

    judge("embedded", seen)
    assert names >= KEPT


def test_no_task_of_the_scaled_shape_dies_in_silence(
    redis_server: RedisServer, pg_url: Callable[[], str], tmp_path: Path
) -> None:
    odd = Odd(tmp_path, pg_url(), redis=redis_server.url)
    with odd.running() as server:
        names = odd.names()
        seen = [end_one(odd, server, name) for name in sorted({"line", "bus", "store", *PARTS})]

    judge("scaled", seen)
    assert names >= KEPT | PARTS


def test_task_test_catches_a_silent_death(tmp_path: Path, database: str) -> None:
    odd = Odd(tmp_path, database, program=MUTANTS / "silent_task.py")
    with odd.running() as server:
        odd.names()
        _, unready, back, is_told = end_one(odd, server, "jobs")

    report("F22", "mutant silent_task", f"a dead task: not ready after {unready:.1f} s, back {back:.1f} s")
    assert unready >= NOTICED and back >= BACK and not is_told


Ended = tuple[str, float, float, bool]


def end_one(odd: Odd, server: Server, name: str) -> Ended:
    """How long until the process was not ready, until it was whole again or gone, and whether it was told."""
    before = server.told(10_000).count("task ended")
    odd.order(f"end {name}")
    unready = seconds_until(lambda: server.readiness()[0] != 200, NOTICED)
    back = seconds_until(
        lambda: not server.is_running() or (server.readiness()[0] == 200 and name in odd.names()), 3 * BACK
    )
    is_told = server.told(10_000).count("task ended") > before
    if not server.is_running():
        assert server.wait_end(1) == 1
        odd.start_again()
    return name, unready, back, is_told


def judge(shape: str, seen: list[Ended]) -> None:
    unready, back = ([one[place] for one in seen] for place in (1, 2))
    silent = [name for name, _, _, is_told in seen if not is_told]
    report(
        "F22, I31",
        shape,
        f"{len(seen)} tasks killed in turn: not ready p99 {percentile(unready, 0.99):.2f} s, back or ended "
        f"p99 {percentile(back, 0.99):.2f} s, {len(silent)} silent",
    )
    assert silent == []
    assert max(unready) < NOTICED and max(back) < BACK * slowness()
