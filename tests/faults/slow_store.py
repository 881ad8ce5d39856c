"""The service on a slow disk: each operation takes 5 ms more, so that any machine can be asked too much."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from core import sqlite, store  # noqa: E402
from ensilinja.cli import main  # noqa: E402

SECONDS = 0.005  # so at most 200 operations a second, however they are carried out


def run_slowly(connection: Any, operations: Sequence[Any], *more: Any) -> list[store.Outcome]:
    time.sleep(SECONDS * len(operations))
    return store.run_batch(connection, operations, *more)


def slow_down() -> None:
    sqlite.run_batch = run_slowly


if __name__ == "__main__":
    slow_down()
    main()
