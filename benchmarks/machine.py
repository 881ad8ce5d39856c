"""What a benchmark says of the machine, and the servers and programs it measures against."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import run
from tools.machine import find_postgres
from tools.servers import PgServer

TICKS = os.sysconf("SC_CLK_TCK")
PROCRASTINATE = ("procrastinate==3.10.0", "psycopg[binary]==3.3.9")


def told() -> str:
    """The machine in one line."""
    load = os.getloadavg()[0]
    python = f"Python {platform.python_version()}"
    return f"{python}, {platform.machine()}, {os.cpu_count()} cores, load average {load:.1f} at the start"


@contextmanager
def durable_postgres() -> Iterator[PgServer]:
    """A PostgreSQL of the benchmark's own, fsync on."""
    binaries = find_postgres()
    if binaries is None:
        sys.exit("PostgreSQL is not installed (package postgresql)")
    server = PgServer(binaries, durable=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def procrastinate(script: Path, *arguments: str) -> str:
    """What a script prints that needs procrastinate: in an environment of its own, kept out of our lock."""
    wanted = [word for package in PROCRASTINATE for word in ("--with", package)]
    command = [run.find_uv(), "run", "--no-project", "--quiet", *wanted, "python", str(script), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def used(pid: int) -> float:
    """Processor seconds of the process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
