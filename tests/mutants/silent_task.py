"""The service whose ended tasks nobody starts again or misses. The test of dead tasks must see it."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.tasks import Tasks
from tests.faults import odd


def let_lie(self: Tasks, *arguments: Any) -> None:
    self._tasks.pop(next(name for name, task in self._tasks.items() if task is arguments[-1]))


if __name__ == "__main__":
    Tasks._again = let_lie  # type: ignore[method-assign]
    odd.start()
