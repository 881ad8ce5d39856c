"""The county's real hours at an hour of the test's choice: a demo that closes, as a process.

python -P -m tests.browser.clocked PORT DATA COUNTY    the instant is read from DATA/clock.txt when it changes
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.catalogue import load_catalogue
from core.clock import FixedClock
from core.hours import HELSINKI
from core.settings import load_settings
from ensilinja import app, schema
from router.services import Services
from tests.browser.demo_server import DemoServer
from tests.faults.server import ROOT

TASKS = "sovittu-hatakeskuksen-kanssa-vain-testeissa"  # what the emergency centre signs with


class SetClock(FixedClock):
    """A clock that runs on from the instant last written to a file."""

    def __init__(self, file: Path) -> None:
        super().__init__(datetime.now(UTC))
        self._file, self._text, self._from, self._base = file, "", 0.0, self._now

    def now(self) -> datetime:
        """The instant, in UTC."""
        text = self._file.read_text(encoding="utf-8")
        if text != self._text and text:
            self._text, self._from = text, time.monotonic()
            self._base = datetime.fromisoformat(text).astimezone(UTC)
        return self._base + timedelta(seconds=time.monotonic() - self._from)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class ClockedServer(DemoServer):
    """A demo with its county's own hours, and with its clock in the test's hand."""

    def __init__(self, folder: Path, county: Path) -> None:
        super().__init__(folder)
        self._county = county
        self.set("2026-11-24 10:00")

    def set(self, local: str) -> None:
        """Sets the Helsinki clock of the server."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        at = datetime.fromisoformat(local).replace(tzinfo=HELSINKI)
        (self.folder / "data" / "clock.txt").write_text(at.isoformat(), encoding="utf-8")

    def _command(self) -> list[str]:
        data = str(self.folder / "data")
        return ["tests.browser.clocked", str(self.port), data, str(self._county)]


def changed_county(folder: Path, change: Callable[[str, str], str]) -> Path:
    """A copy of the county with its files changed by `change(name, text)`."""
    county = folder / "county"
    source = ROOT / "config" / "oma-hame"
    for path in source.rglob("*"):
        if path.is_file():
            target = county / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(change(path.name, path.read_text(encoding="utf-8")), encoding="utf-8")
    return county


def clocked(folder: Path, change: Callable[[str, str], str]) -> Iterator[ClockedServer]:
    """A running service of that county."""
    server = ClockedServer(folder, changed_county(folder, change))
    try:
        server.start()
        yield server
    finally:
        server.stop()


def main(port: str, data: str, county: str) -> None:
    """Serves until it is told to stop."""
    clock = SetClock(Path(data) / "clock.txt")
    overrides = {"port": int(port), "data_dir": Path(data), "county": Path(county)}
    settings = load_settings({"ENSILINJA_TASKS_SECRET": TASKS}, overrides)
    schema.migrate(settings.database_url)
    runtime = app.build(settings, is_demo=True, clock=clock)
    content = runtime.services.content
    runtime.services = Services(catalogue=load_catalogue(Path(county)), content=content)
    runtime.feed = type(runtime.feed)(runtime.store, runtime.services, runtime.texts)
    asyncio.run(app.serve(runtime))


if __name__ == "__main__":
    main(*sys.argv[1:])
