"""The service without anybody beside its event loop. The test of a blocked loop must see it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.watchdog import Watchdog
from tests.faults import odd

if __name__ == "__main__":
    Watchdog.start = lambda self: None  # type: ignore[method-assign]
    odd.start()
