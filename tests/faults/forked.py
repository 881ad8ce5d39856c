"""Programs forked from a process that has loaded the service already: seconds less for each start.

For servers whose start is not what a test looks at; a start that is measured is a new program's.
"""

import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

LOADED = ["ensilinja.starting", "ensilinja.worker", "core.over_redis"]


class Forked:
    """`python -m` of a module in a session of its own; what tests ask of `subprocess.Popen`."""

    def __init__(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        """Starts it; what it prints is added to `log`."""
        context = get_context("forkserver")
        context.set_forkserver_preload(LOADED)
        self._process = context.Process(target=run, args=(list(command), str(cwd), dict(env), str(log)))
        log.touch()
        self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; TimeoutExpired before."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return code

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()


def run(command: list[str], cwd: str, env: dict[str, str], log: str) -> None:
    """In the forked process: becomes what `python -m` would have become."""
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(written, stream.fileno())
    os.close(written)
    sys.argv, sys.orig_argv = command, [sys.executable, "-m", *command]
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
