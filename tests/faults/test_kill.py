"""kill -9 at any moment: what was acknowledged is there once, and nobody is held by two."""

import sys
from pathlib import Path

import pytest

from core.failpoints import NAMES
from tests.faults.killing import CHANCES, Run, Seen
from tests.faults.oplog import acknowledged, percentile
from tests.faults.server import ROOT, slowness
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants, tell
from tools.servers import PgServer

pytestmark = pytest.mark.faults

# Between commit and answer first: in every size a message sent again after those deaths must be known.
UNANSWERED = ("store.after_commit", "store.before_ack")
POINTS = [*UNANSWERED, *sorted(NAMES - {*UNANSWERED})]
FULL = sized(4, 12, 50)  # kills of each kind on the embedded store
FEW = sized(2, 5, 50)  # and on the scaled one
SLOWEST = 5.0  # acknowledged messages a second, outages counted in: less would prove little
CAUGHT_IN = 4  # kills in which a mutant must be found out
READY_P99 = 3.0  # seconds, or twice a start without load on this machine
MUTANTS = ROOT / "tests" / "mutants"
# What a client of ours never asks for: such an answer is a fault of the server or of the test.
NEVER = {"malformed", "unknown_op", "forbidden", "unauthenticated", "error", "message_id_reused"}


def test_kills_of_the_embedded_server_lose_and_double_nothing(tmp_path: Path) -> None:
    points = [POINTS[number % len(POINTS)] for number in range(FULL)]

    seen = Run(tmp_path, f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}").play(
        random_kills=FULL, point_kills=points, residents=6 * FULL
    )

    check(seen, "embedded")
    assert sum(act.duplicate for act in acknowledged(seen.acts, "send")) >= FULL / 4
    assert len(seen.hits) - 1 >= min(12, FULL // 2)


@pytest.mark.alone
def test_kills_of_the_scaled_server_lose_and_double_nothing(
    durable_pg_server: PgServer, tmp_path: Path
) -> None:
    points = [POINTS[number % len(POINTS)] for number in range(FEW)]

    seen = Run(tmp_path, durable_pg_server.create()).play(random_kills=FEW, point_kills=points, residents=60)

    check(seen, "scaled")


@pytest.mark.parametrize(
    ("mutant", "point", "chance", "invariant"),
    [
        ("ack_before_commit", "store.before_commit", 0.2, "i1"),  # of few commits: see the mutant
        ("no_client_id", "store.before_ack", CHANCES["store.before_ack"], "i2"),
    ],
)
def test_kill_test_catches(mutant: str, point: str, chance: float, invariant: str, tmp_path: Path) -> None:
    program = (sys.executable, str(MUTANTS / f"{mutant}.py"))
    url = f"sqlite:///{tmp_path / 'ensilinja.sqlite3'}"
    run = Run(tmp_path, url, program=program, chances={point: chance})

    seen = run.play(random_kills=0, point_kills=[point] * CAUGHT_IN, residents=50, arrive_every=0)

    found = seen.judgement.count(invariant)
    tell(f"mutant {mutant}: caught with {found} violations of {invariant} in {CAUGHT_IN} kills")
    assert found > 0


def check(seen: Seen, name: str) -> None:
    report("F1, F2", name, seen.line())
    report_invariants(f"kills, {name}", seen.judgement)
    assert seen.judgement.all == []
    assert len(acknowledged(seen.acts, "send")) >= SLOWEST * seen.seconds / slowness()
    assert seen.end["faults"] == []
    assert seen.end["unanswered"] == 0
    assert {act.code for act in seen.acts if act.phase == "fail"} & NEVER == set()
    assert seen.stop[0] == 0 and seen.stop[1] <= 5.0
    assert percentile(seen.restarts, 0.99) <= max(READY_P99 * slowness(), 2 * seen.unloaded)
