"""The service whose writer dies when the file named by DIE_WHEN appears. The process must end with it."""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.sqlite import SqliteStore
from ensilinja.cli import main

write_batch = SqliteStore._write_batch


def write_batch_or_die(self: SqliteStore, *arguments: Any) -> bool:
    if Path(os.environ["DIE_WHEN"]).exists():
        raise RuntimeError("the writer dies")
    return write_batch(self, *arguments)


if __name__ == "__main__":
    SqliteStore._write_batch = write_batch_or_die  # type: ignore[method-assign]
    main()
