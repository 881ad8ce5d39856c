"""Real PostgreSQL and Redis servers for tests and benchmarks, on free ports in folders of their own.

Never touches a server that it did not start.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

READY_WITHIN_SECONDS = 90.0  # three tests at a time may all start servers at once


class PgServer:
    """One PostgreSQL cluster; give each test a database of its own with `create`.

    `durable=False` switches fsync off: right for everyday tests, wrong for what claims to prove durability.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self.port = free_port()
        self._binaries = binaries
        self._home = Path(tempfile.mkdtemp(prefix="ensilinja-pg-"))
        self._durable = durable
        self._server: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._templates: dict[str, str] = {}
        # PostgreSQL refuses to run as root.
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self._home, "postgres", "postgres")
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self._run(
            "initdb", "-D", "data", "-U", "ensilinja", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )

    def start(self) -> None:
        """Returns when the server answers."""
        with (self._home / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*self._as_user, str(self._binaries / "postgres"), "-D", "data", *self._settings()],
                cwd=self._home,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, server=self._server, name="PostgreSQL")

    @property
    def pids(self) -> list[int]:
        """The postmaster and its children of this moment."""
        server = self._running()
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        return [server.pid, *map(int, children)]

    def kill(self) -> None:
        """SIGKILL to the postmaster and its children, as a crash does; `start` recovers from the log."""
        server, pids = self._running(), self.pids
        for pid in pids:
            signal_quietly(pid, signal.SIGKILL)
        server.wait()
        wait_until(lambda: not any(map(is_alive, pids)), name="PostgreSQL's end")
        self._server = None

    def pause(self) -> None:
        """The postmaster and the sessions at work stand still."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def stop(self) -> None:
        """Ends the server if it runs, and removes its folder."""
        if self._server is not None:
            self.resume()
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
            self._server = None
        shutil.rmtree(self._home, ignore_errors=True)

    def create(self, template: str = "template0") -> str:
        """A new database and its address; `template` is the name of one made by `template`."""
        self._made += 1
        name = f"test_{self._made}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """The database `name`, prepared once by `prepare(address)`, to be copied by `create(name)`."""
        if name not in self._templates:
            self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
            prepare(self.url(name))
            self._templates[name] = name
        return name

    def drop(self, address: str) -> None:
        """Removes a database, ending the sessions in it."""
        self.sql(f"DROP DATABASE IF EXISTS {address.rpartition('/')[2]} WITH (FORCE)")

    def url(self, database: str) -> str:
        return f"postgresql://ensilinja@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """What psql prints for one statement, without headers."""
        return self._run(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(database)
        )

    def _settings(self) -> list[str]:
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self._home}",
        ]
        settings += ["max_connections=200", "shared_buffers=64MB"]
        settings += [] if self._durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        return [word for setting in settings for word in ("-c", setting)]

    def _answers(self) -> bool:
        command = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self.pids:
            signal_quietly(pid, number)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._server is None:
            raise RuntimeError("PostgreSQL is not running")
        return self._server

    def _run(self, program: str, *arguments: str) -> str:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        done = subprocess.run(command, cwd=self._home, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
        return done.stdout.strip()


class RedisServer:
    """One Redis or Valkey without persistence: whatever it forgets must cost nothing."""

    def __init__(self, binary: Path) -> None:
        self.port = free_port()
        self._binary = binary
        self._home = Path(tempfile.mkdtemp(prefix="ensilinja-redis-"))
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns when the server answers; does nothing when it runs already."""
        if self._server is not None:
            return
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._home)]
        options += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        with (self._home / "log").open("ab") as log:
            self._server = subprocess.Popen([str(self._binary), *options], stdout=log, stderr=log)
        wait_until(self._answers, server=self._server, name="Redis")

    def kill(self) -> None:
        """SIGKILL; all it held is gone, and its port refuses."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def flush(self) -> None:
        """FLUSHALL, while everyone stays connected."""
        self._say(b"FLUSHALL\r\n")

    def fill(self) -> None:
        """No memory is left: what would store something is refused."""
        self._say(b"CONFIG SET maxmemory 1\r\n")

    def empty(self) -> None:
        """There is memory again."""
        self._say(b"CONFIG SET maxmemory 0\r\n")

    def pause(self) -> None:
        """Connections stay open and nothing answers."""
        if self._server is not None:
            self._server.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends the server if it runs, and removes its folder."""
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            return self._say(b"PING\r\n").startswith(b"+PONG")
        except OSError:
            return False

    def _say(self, command: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            line.sendall(command)
            return line.recv(512)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ending(Protocol):
    """A process that may end."""

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...


def wait_until(
    is_so: Callable[[], bool],
    *,
    name: str,
    server: Ending | None = None,
    every: float = 0.02,
) -> None:
    """Returns when it is so; raises when the server has ended, or after READY_WITHIN_SECONDS."""
    give_up_at = time.monotonic() + READY_WITHIN_SECONDS
    while not is_so():
        if server is not None and server.poll() is not None:
            raise RuntimeError(f"{name} ended at once with code {server.returncode}")
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{name} did not come within {READY_WITHIN_SECONDS:.0f} s")
        time.sleep(every)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def signal_quietly(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
