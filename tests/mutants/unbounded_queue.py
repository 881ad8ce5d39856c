"""The service, on a slow disk, that takes whatever comes. The overload test must find how late it is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core import sqlite
from ensilinja import doors, sockets
from ensilinja.cli import main
from tests.faults.slow_store import slow_down

if __name__ == "__main__":
    slow_down()
    sqlite.WAITING = 10**6
    doors.check_room = lambda *_, **__: None  # type: ignore[assignment]
    doors.takes_residents = sockets.takes_residents = lambda _: True
    main()
