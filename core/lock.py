"""One process per data folder: a lock that the kernel drops when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path

from core.errors import EnsilinjaError


class AlreadyRunning(EnsilinjaError):
    """Another process has this data folder open."""

    code = "already_running"


def lock_folder(path: Path) -> int:
    """Takes the lock beside the database file `path` for the life of the process; raises AlreadyRunning."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise AlreadyRunning from None
    return handle


def sqlite_path(database_url: str) -> Path | None:
    """The database's file in the embedded shape; None in the scaled one."""
    prefix = "sqlite:///"
    return Path(database_url.removeprefix(prefix)) if database_url.startswith(prefix) else None
