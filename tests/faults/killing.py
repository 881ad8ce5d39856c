"""The kill test's conductor: a server dies again and again under a load that may notice only a pause."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.failpoints import NAMES
from tests.faults.checker import Judgement, judge, read_kept
from tests.faults.checks.state import LATE
from tests.faults.loading import Load, end_load, start_load
from tests.faults.oplog import Act, OpLog, acknowledged, percentile, read_acts
from tests.faults.seed import seed
from tests.faults.server import OURS, Server, an_open_county, slowness

AGENTS = 12
RARE = ("intake.after_contact", "jobs.mid_run", "jobs.after_effect")
# How likely a pass kills: rarer passes by are surer, so that each point is reached within a few seconds.
CHANCES = {
    **dict.fromkeys(NAMES, 0.015),
    **dict.fromkeys(("queues.mid_offer", "queues.after_hold", "outcome.after_insert"), 0.5),
    **dict.fromkeys(RARE, 1.0),
    "access.in_write": 0.15,
    "chat.after_insert": 0.03,
}
POINT_WITHIN = 6.0  # seconds until a named point must have been reached; else the kill is a random one
RANDOM = "random"
SETTLE = 2.5  # seconds the load has at the beginning and at the end
UP = (0.8, 2.4)  # seconds a server lives between being ready and a random kill


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a run saw."""

    judgement: Judgement
    acts: Sequence[Act]
    restarts: list[float]
    unloaded: float = 0.0
    hits: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    end: dict[str, Any] = field(default_factory=dict)
    stop: tuple[int | None, float] = (None, 0.0)

    def line(self) -> str:
        """One line that says it all."""
        sent = acknowledged(self.acts, "send")
        lost, twice = self.judgement.count("i1"), self.judgement.count("i2")
        points = {point: n for point, n in self.hits.items() if point != RANDOM}
        return (
            f"{self.hits[RANDOM]} random kills and {sum(points.values())} "
            f"at {len(points)} points, {len(sent)} acknowledged "
            f"({len(sent) / self.seconds:.0f} a second over {self.seconds:.0f} s with outages), "
            f"{lost} lost, {twice} duplicated, {self.judgement.count('i8')} held by two, "
            f"{sum(act.duplicate for act in sent)} resends answered as duplicates, "
            f"{len(acknowledged(self.acts, 'hold'))} held, {len(acknowledged(self.acts, 'close'))} closed, "
            f"{len(acknowledged(self.acts, 'arrive'))} came by the pages; "
            f"ready again p50 {percentile(self.restarts, 0.5):.2f} "
            f"p99 {percentile(self.restarts, 0.99):.2f} s ({self.unloaded:.2f} s without load), "
            f"ack p50 {percentile([a.seconds for a in sent], 0.5) * 1000:.0f} ms, "
            f"p99 {percentile([a.seconds for a in sent], 0.99):.2f} s with outages"
        )


class Run:
    """One run on one database."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        program: Sequence[str] = OURS,
        chances: Mapping[str, float] = CHANCES,
    ) -> None:
        self.folder, self.database_url, self.chances = folder, database_url, chances
        self.county = an_open_county(folder)
        self.server = Server(folder, self.county, database_url, program=program)
        self.restarts: list[float] = []
        self.hits: Counter[str] = Counter()
        self.chance = random.Random()

    def play(
        self, *, random_kills: int, point_kills: Sequence[str], residents: int, arrive_every: float = 1.0
    ) -> Seen:
        """Seeds, loads, kills and judges."""
        people = asyncio.run(
            seed(self.database_url, self.county, nurses=AGENTS, residents=residents, callbacks=residents // 8)
        )
        load: Load | None = None
        try:
            unloaded = [self.start_alone() for _ in range(2)][-1]  # the first compiles what others import
            load = start_load(self.folder, self.server, people, arrive_every=arrive_every)
            began = time.monotonic()
            time.sleep(SETTLE)
            self.server.kill()
            order = self.order(random_kills, point_kills)
            while order:
                self.live_and_die(order.pop(0), order, load)
            self.server.start()
            assert self.server.wait_ready(), self.server.told()
            self.note_start()
            time.sleep(SETTLE)
            seconds = time.monotonic() - began
            end = end_load(load)
            stop = self.server.stop()
        finally:
            self.server.kill()
            if load is not None:
                load.kill()
                load.wait()
        acts = read_acts([self.folder / "acts.jsonl", self.folder / "starts.jsonl"])
        return Seen(
            judgement=judge(asyncio.run(read_kept(self.database_url, late=LATE * slowness())), acts),
            acts=acts,
            restarts=self.restarts,
            unloaded=unloaded,
            hits=self.hits,
            seconds=seconds,
            end=end,
            stop=stop,
        )

    def start_alone(self) -> float:
        """Seconds of a start that nobody waits for."""
        self.server.kill()
        began = time.monotonic()
        self.server.start()
        assert self.server.wait_ready(), self.server.told()
        return time.monotonic() - began

    def note_start(self) -> None:
        """What was open at a start lives on for its grace: the judge must know."""
        with OpLog(self.folder / "starts.jsonl") as log:
            log.note("server", "restart", "ok", text=datetime.now(UTC).isoformat())

    def order(self, random_kills: int, points: Sequence[str]) -> list[str]:
        """Random kills and named points, mixed anew each time; what few people reach comes first."""
        mixed = [RANDOM] * random_kills + list(points)
        self.chance.shuffle(mixed)
        return sorted(mixed, key=lambda point: point not in RARE)

    def live_and_die(self, point: str, order: list[str], load: Load) -> None:
        """Starts the server, armed with the point, under load; it dies there or at a random moment.

        A point nobody came by in time changes places with a random kill of the rest of the order.
        """
        began = time.monotonic()
        self.server.start(failpoints="" if point == RANDOM else f"{point}:{self.chances[point]}")
        if self.server.wait_ready():
            self.note_start()
            self.restarts.append(time.monotonic() - began)
            self.server.wait_end(self.chance.uniform(*UP) if point == RANDOM else POINT_WITHIN)
        missed = self.server.is_running()
        self.hits[RANDOM if missed else point] += 1
        if missed and point != RANDOM and RANDOM in order:
            order.remove(RANDOM)
            order.append(point)
        self.server.kill()
        assert load.poll() is None, "the load has ended"
