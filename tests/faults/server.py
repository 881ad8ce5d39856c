"""A real server process to kill, for a county that never closes; never left behind."""

import base64
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.builders import TEST_KEY
from tests.faults.forked import Forked
from tools.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
OURS = (sys.executable, "-m", "ensilinja")
READY_WITHIN = 150.0  # seconds, on a machine with other things to do; what it took is measured
ALWAYS = 'every_day = ["00:00-24:00"]\nholidays = "open"\n'


def an_open_county(folder: Path) -> Path:
    """The county's own configuration, open at all hours and with its triage content approved by the test."""
    county = folder / "county"
    shutil.copytree(ROOT / "config" / "oma-hame", county)
    hours = county / "hours.toml"
    hours.write_text(re.sub(r"^weekdays = .*\n", ALWAYS, hours.read_text("utf-8"), flags=re.M), "utf-8")
    for rules in (county / "triage").glob("*.rules.toml"):
        text = rules.read_text("utf-8").replace('approved_by = ""', 'approved_by = "the tests"')
        rules.write_text(text, "utf-8")
    return county


def with_limits(county: Path, limits: Mapping[str, int]) -> Path:
    """The county with these limits, shorter than real ones so that a test need not wait for them."""
    service = county / "service.toml"
    text = service.read_text("utf-8")
    for name, value in limits.items():
        text = re.sub(rf"^{name} = \d+$", f"{name} = {value}", text, flags=re.M)
    service.write_text(text, "utf-8")
    return county


def unset() -> dict[str, str]:
    """This environment without settings, and so that modules stay compiled as an installation has them."""
    ours = ("ENSILINJA_", "REDIS_", "DATABASE_", "PYTHONDONTWRITEBYTECODE")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


class Server:
    """One process of the service on a port of its own; `program` may be a mutant."""

    def __init__(
        self,
        folder: Path,
        county: Path,
        database_url: str,
        *,
        redis_url: str = "",
        name: str = "main",
        program: Sequence[str] = OURS,
        stderr: int | None = None,
        arguments: Sequence[str] = (),
        root: Path = ROOT,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.root = root
        self.name, self.county, self.database_url, self.redis_url = name, county, database_url, redis_url
        self.log = folder / f"server-{name}.log"
        self.data = folder / f"data-{name}"
        self._stderr = stderr  # instead of the log file: a place that does not take it
        self.program, self._arguments = program, arguments
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._env = {
            **unset(),
            "ENSILINJA_DATA_DIR": str(self.data),
            "ENSILINJA_COUNTY": str(county),
            "ENSILINJA_KEY": base64.b64encode(TEST_KEY).decode(),
            "ENSILINJA_TESTING": "1",
            "ENSILINJA_PROCESS_NAME": name,
            "ENSILINJA_LOG_LEVEL": "WARNING",
            "ENSILINJA_ORIGINS": f"http://127.0.0.1:{self.port}",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def start(self, *, failpoints: str = "", **env: str) -> None:
        """Returns at once; `wait_ready` says when work can be taken.

        The first start is forked where nobody can tell; how long later ones take is the program's own time.
        """
        command = ("serve", "--port", str(self.port), *self._arguments)
        is_plain = self.program == OURS and self.root == ROOT and self._stderr is None
        if self._process is None and is_plain and not any(name.startswith("LD_") for name in env):
            told = self._env | {"ENSILINJA_FAILPOINTS": failpoints} | env
            self._process = Forked(("ensilinja", *command), cwd=ROOT, env=told, log=self.log)
        else:
            self._process = self.spawn(*command, failpoints=failpoints, **env)

    def spawn(self, *command: str, failpoints: str = "", **env: str) -> "subprocess.Popen[bytes]":
        """A command of the program with this server's settings, in a process group of its own."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.program, *command],
                cwd=self.root,
                env=self._env | {"ENSILINJA_FAILPOINTS": failpoints} | env,
                stdout=log,
                stderr=log if self._stderr is None else self._stderr,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_ready(self) -> bool:
        """True when /readyz says 200; False when the process has ended before."""
        give_up_at = time.monotonic() + READY_WITHIN
        while time.monotonic() < give_up_at:
            if not self.is_running():
                return False
            if self.readiness()[0] == 200:
                return True
            time.sleep(0.01)
        raise TimeoutError(f"not ready within {READY_WITHIN:.0f} s: {self.readiness()}\n{self.told()}")

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """The status and the body of /readyz; 0 when nobody listens."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            line.request("GET", "/readyz")
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, {}
        finally:
            line.close()

    def wait_end(self, seconds: float) -> int | None:
        """The exit code (negative: the signal), or None when it still runs after that time."""
        if self._process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def kill(self) -> None:
        """SIGKILL to the whole process group, as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()  # one just forked may not have its group yet
            self._process.wait()

    def stop(self, within: float = 8.0) -> tuple[int | None, float]:
        """SIGTERM; the exit code and the seconds it took, None when it had to be killed."""
        if self._process is None:
            return None, 0.0
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)
        code = self.wait_end(within)
        took = time.monotonic() - began
        self.kill()
        return code, took

    def told(self, lines: int = 30) -> str:
        """The end of what the process has logged."""
        return (
            "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
            if self.log.exists()
            else ""
        )


@contextlib.contextmanager
def serving(server: Server, *, failpoints: str = "", **env: str) -> Iterator[Server]:
    """A ready server, gone at the end whatever happens."""
    server.start(failpoints=failpoints, **env)
    try:
        assert server.wait_ready(), server.told()
        yield server
    finally:
        server.kill()


def slowness() -> float:
    """How much longer work takes now than its processor time: 1.0 on a machine with nothing else to do.

    Beside other tests it is at least their number, for at the next moment they may all be busy.
    """
    beside = float(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    began, used = time.perf_counter(), time.process_time()
    sum(number * number for number in range(3_000_000))
    return max(beside, (time.perf_counter() - began) / (time.process_time() - used))
