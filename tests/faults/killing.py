"""The kill test's conductor: a server dies again and again under a load that may notice only a pause."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.failpoints import NAMES
from tests.faults.checker import Judgement, judge, read_kept
from tests.faults.oplog import Act, acknowledged, percentile, read_acts
from tests.faults.seed import People, seed
from tests.faults.server import OURS, ROOT, Server, an_open_county, compiled

RATE = 50.0  # messages a second, residents and nurses together
AGENTS = 12
LOAD = ROOT / "tests" / "faults" / "load.py"
RARE = ("intake.after_contact", "jobs.mid_run")
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
    hits: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    end: dict[str, Any] = field(default_factory=dict)
    stop: tuple[int | None, float] = (None, 0.0)

    def line(self, name: str) -> str:
        """One line that says it all."""
        sent = acknowledged(self.acts, "send")
        lost, twice = self.judgement.count("i1"), self.judgement.count("i2")
        points = {point: n for point, n in self.hits.items() if point != RANDOM}
        return (
            f"kill test, {name}: {self.hits[RANDOM]} random kills and {sum(points.values())} "
            f"at {len(points)} points, {len(sent)} acknowledged "
            f"({len(sent) / self.seconds:.0f} a second over {self.seconds:.0f} s with outages), "
            f"{lost} lost, {twice} duplicated, {self.judgement.count('i8')} held by two, "
            f"{sum(act.duplicate for act in sent)} resends answered as duplicates, "
            f"{len(acknowledged(self.acts, 'hold'))} held, {len(acknowledged(self.acts, 'close'))} closed, "
            f"{len(acknowledged(self.acts, 'arrive'))} came by the pages; "
            f"ready again p50 {percentile(self.restarts, 0.5):.2f} "
            f"p99 {percentile(self.restarts, 0.99):.2f} s, "
            f"ack p50 {percentile([a.seconds for a in sent], 0.5) * 1000:.0f} ms, "
            f"p99 {percentile([a.seconds for a in sent], 0.99):.2f} s with outages"
        )


class Run:
    """One run on one database."""

    def __init__(self, folder: Path, database_url: str, *, program: Sequence[str] = OURS) -> None:
        self.folder, self.database_url = folder, database_url
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
        self.server.start()
        load: subprocess.Popen[bytes] | None = None
        try:
            assert self.server.wait_ready(), self.server.told()
            load = self.start_load(people, arrive_every)
            began = time.monotonic()
            time.sleep(SETTLE)
            self.server.kill()
            order = self.order(random_kills, point_kills)
            while order:
                self.live_and_die(order.pop(0), order, load)
            self.server.start()
            assert self.server.wait_ready(), self.server.told()
            time.sleep(SETTLE)
            seconds = time.monotonic() - began
            load.send_signal(signal.SIGTERM)
            end = json.loads(load.communicate(timeout=60)[0])
            stop = self.server.stop()
        finally:
            self.server.kill()
            if load is not None:
                load.kill()
                load.wait()
        acts = read_acts([self.folder / "acts.jsonl"])
        return Seen(
            judgement=judge(asyncio.run(read_kept(self.database_url)), acts),
            acts=acts,
            restarts=self.restarts,
            hits=self.hits,
            seconds=seconds,
            end=end,
            stop=stop,
        )

    def order(self, random_kills: int, points: Sequence[str]) -> list[str]:
        """Random kills and named points, mixed anew each time; what few people reach comes first."""
        mixed = [RANDOM] * random_kills + list(points)
        self.chance.shuffle(mixed)
        return sorted(mixed, key=lambda point: point not in RARE)

    def start_load(self, people: People, arrive_every: float) -> subprocess.Popen[bytes]:
        plan = {
            "address": self.server.socket,
            "origin": self.server.origin,
            "log": str(self.folder / "acts.jsonl"),
            "rate": RATE,
            "replies": 10,
            "at_once": 40,
            "arrive_every": arrive_every,
            **people.plain(),
        }
        path = self.folder / "plan.json"
        path.write_text(json.dumps(plan), "utf-8")
        return subprocess.Popen(
            [sys.executable, str(LOAD), str(path)],
            cwd=ROOT,
            env=compiled(self.folder),
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def live_and_die(self, point: str, order: list[str], load: subprocess.Popen[bytes]) -> None:
        """Starts the server, armed with the point, under load; it dies there or at a random moment.

        A point nobody came by in time changes places with a random kill of the rest of the order.
        """
        began = time.monotonic()
        self.server.start(failpoints="" if point == RANDOM else f"{point}:{CHANCES[point]}")
        if self.server.wait_ready():
            self.restarts.append(time.monotonic() - began)
            self.server.wait_end(self.chance.uniform(*UP) if point == RANDOM else POINT_WITHIN)
        missed = self.server.is_running()
        self.hits[RANDOM if missed else point] += 1
        if missed and point != RANDOM and RANDOM in order:
            order.remove(RANDOM)
            order.append(point)
        self.server.kill()
        assert load.poll() is None, "the load has ended"
