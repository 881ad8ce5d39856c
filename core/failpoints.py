"""Named places where a test may kill the process. Inert unless armed by `arm`, which only a testing
configuration calls."""

import os
import random
import signal

NAMES = frozenset({
    "store.after_take",
    "store.after_operation",
    "store.before_commit",
    "store.after_commit",
    "store.before_ack",
    "chat.after_insert",
    "intake.after_contact",
    "queues.mid_offer",
    "queues.after_hold",
    "access.in_write",
    "jobs.mid_run",
    "jobs.after_effect",
    "feed.mid_fanout",
    "outcome.after_insert",
    "message.mid_keep",
    "message.after_keep",
})  # fmt: skip

_armed: dict[str, float] = {}


def arm(spec: str) -> None:
    """Arms `name:probability[,name:probability...]`; raises ValueError on an unknown name."""
    for part in filter(None, spec.split(",")):
        name, _, chance = part.partition(":")
        if name not in NAMES:
            raise ValueError(f"unknown failpoint {name}")
        _armed[name] = float(chance or 1)


def failpoint(name: str) -> None:
    """Kills this process by SIGKILL with the armed probability; does nothing otherwise."""
    if _armed and random.random() < _armed.get(name, 0.0):  # noqa: S311 - chance, not secrecy
        os.write(2, f"failpoint {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
