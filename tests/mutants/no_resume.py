"""The service that gives a page which comes back none of what it missed. The test of cuts must see it."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ensilinja import snapshots
from ensilinja.cli import main

resident = snapshots.resident


def resident_without_lines(tx: Any, actor: Any, after: int, services: Any) -> Any:
    state, lines = resident(tx, actor, after, services)
    return state, lines if after == 0 else []


if __name__ == "__main__":
    snapshots.resident = resident_without_lines
    main()
