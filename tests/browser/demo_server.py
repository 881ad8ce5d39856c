"""The demo as a real process on a free port, to visit, kill and start again on the same data."""

from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.faults.forked import Forked
from tests.faults.server import unset
from tools.servers import free_port, wait_until


class DemoServer:
    """`ensilinja demo` with a data folder of its own; nothing of this machine's setting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Forked | None = None

    def start(self) -> None:
        """Returns when the server is ready for people."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = Forked(self._command(), cwd=self.folder, env=unset(), log=self.folder / "demo.log")
        wait_until(self._is_ready, server=self._process, name="the demo")

    def kill(self) -> None:
        """SIGKILL: no goodbye to anybody, nothing flushed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ends the process, politely first."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            finally:
                self.kill()

    @property
    def log(self) -> str:
        """What the process has written so far."""
        return (self.folder / "demo.log").read_text(encoding="utf-8")

    def _command(self) -> list[str]:
        """A module and its arguments."""
        return ["ensilinja", "demo", "--port", str(self.port), "--data", str(self.folder / "data")]

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
