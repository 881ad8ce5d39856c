"""The service where whom nobody answered stands last. The test of a death in an offer must see the order."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from queues import sweep
from tests.faults.odd import start

released = sweep.released


def released_last(row: Any) -> dict[str, Any]:
    return {**released(row), "due_at": row.due_at + timedelta(hours=1)}


if __name__ == "__main__":
    sweep.released = released_last
    start()
