"""The service writing its log from where it works, waiting until each line is taken."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.logs import Outlet
from ensilinja.cli import main


def write(self: Outlet, text: str) -> None:
    self._stream.write(text)
    self._stream.flush()


if __name__ == "__main__":
    Outlet.write = write  # type: ignore[method-assign]
    main()
