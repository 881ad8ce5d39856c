"""The service on a slow disk: each operation takes 5 ms more, so that any machine can be asked too much."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from core import store  # noqa: E402
from ensilinja.cli import main  # noqa: E402

SECONDS = 0.005  # so at most 200 operations a second, however they are carried out


def slowly(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same after a while for each of the operations given."""

    def wait_and_run(connection: Any, operations: Any, *more: Any) -> Any:
        time.sleep(SECONDS * (len(operations) if isinstance(operations, list) else 1))
        return run(connection, operations, *more)

    return wait_and_run


def slow_down() -> None:
    store.run_together = slowly(store.run_together)
    store.run_operation = slowly(store.run_operation)


if __name__ == "__main__":
    slow_down()
    main()
