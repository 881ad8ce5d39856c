"""The load of `tests/faults/load.py` as a process beside the test."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.faults.seed import People
from tests.faults.server import ROOT, Server, unset

RATE = 50.0  # messages a second, residents and nurses together
LOAD = ROOT / "tests" / "faults" / "load.py"

Load = subprocess.Popen[bytes]


def start_load(
    folder: Path,
    server: Server,
    people: People,
    *,
    arrive_every: float = 1.0,
    rate: float = RATE,
    replies: int = 10,
) -> Load:
    """Residents and nurses begin to use the server; the folder's `acts.jsonl` tells what they do and hear."""
    plan = {
        "address": server.socket,
        "origin": server.origin,
        "log": str(folder / "acts.jsonl"),
        "rate": rate,
        "replies": replies,
        "at_once": 40,
        "arrive_every": arrive_every,
        **people.plain(),
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan), "utf-8")
    return subprocess.Popen(
        [sys.executable, str(LOAD), str(path)],
        cwd=ROOT,
        env=unset(),
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def end_load(load: Load) -> dict[str, Any]:
    """Nothing new is said; returns when everything said is answered, with what the load tells of itself."""
    load.send_signal(signal.SIGTERM)
    told: dict[str, Any] = json.loads(load.communicate(timeout=60)[0])
    return told


async def begun(log: Path) -> None:
    """Returns when the load is under way: that of a busy machine takes its time to start."""
    async with asyncio.timeout(90):
        while not log.exists() or '"send","phase":"ok"' not in log.read_text("utf-8"):
            await asyncio.sleep(0.1)
