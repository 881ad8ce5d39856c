"""The service on the machine's wall clock, jumps and all, each process on its own.

The tests of clocks must find the assignments that are taken away.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.clock import SystemClock
from ensilinja.cli import main


def now(self: SystemClock) -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    SystemClock.now = now  # type: ignore[method-assign]
    main()
