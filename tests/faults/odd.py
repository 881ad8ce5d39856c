"""The service with shorter times, and with faults at command: `python tests/faults/odd.py serve ...`.

ODD_TIMES="core.watchdog.ENDED=4;..." sets constants. Each line that appears in the file ODD_ORDERS is done
in the event loop: `block 5` stands still for 5 seconds, `end NAME` cancels the task, `names FILE` lists all.
"""

import asyncio
import importlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ensilinja import app
from ensilinja.cli import main

serve = app.serve


async def serve_and_obey(*arguments: Any, **named: Any) -> None:
    loop = asyncio.get_running_loop()
    threading.Thread(target=listen, args=(loop,), daemon=True).start()
    await serve(*arguments, **named)


def listen(loop: asyncio.AbstractEventLoop) -> None:
    orders, done = Path(os.environ["ODD_ORDERS"]), 0
    while True:
        lines = orders.read_text("utf-8").split("\n")[:-1] if orders.exists() else []
        for line in lines[done:]:
            loop.call_soon_threadsafe(obey, *line.split(" ", 1))
        done = len(lines)
        time.sleep(0.02)


def obey(order: str, what: str) -> None:
    if order == "block":
        stand_still(float(what))
    tasks = {task.get_name(): task for task in asyncio.all_tasks()}
    if order == "end" and what in tasks:
        tasks[what].cancel()
    elif order == "names":
        Path(what).write_text("\n".join(tasks), "utf-8")


def stand_still(seconds: float) -> None:
    time.sleep(seconds)


def start() -> None:
    for setting in filter(None, os.environ.get("ODD_TIMES", "").split(";")):
        name, _, value = setting.partition("=")
        place, _, constant = name.rpartition(".")
        module = importlib.import_module(place)
        setattr(module, constant, type(getattr(module, constant))(value))
    app.serve = serve_and_obey
    main()


if __name__ == "__main__":
    start()
