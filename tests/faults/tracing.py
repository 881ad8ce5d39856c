"""What a program told the kernel, by strace: which log was written and synced before which words left.

A power cut cannot be had in a test; the order of system calls can. Nothing that was asked for under an id may
leave by a socket before the write to the store's log that holds the id has been synced.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CALLS = "pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync"
SHOWN = 262_144  # bytes of a call that are shown: more than a write of PostgreSQL's log has
LINE = re.compile(r"^(\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<call>\w+)\()(?P<rest>.*)$")
PLACE = re.compile(r"^\d+<(?P<place>(?:[^>\\]|\\.|->)*)>")
SENDS = {"write", "writev", "sendto", "sendmsg"}
SYNCS = {"fdatasync", "fsync"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One system call: the numbers of the lines where it began and ended, and what it named."""

    name: str
    began: int
    ended: int
    place: str
    text: str
    done: bool


def command(strace: Path, output: Path, *, beside: Iterable[int] = ()) -> list[str]:
    """What stands before a program to trace it, and with it the running processes `beside`."""
    kept = ["-o", str(output), "-f", "-y", "-s", str(SHOWN), "-e", f"trace={CALLS}", "-e", "signal=none"]
    others = [word for pid in beside for word in ("-p", str(pid))] or ["--seccomp-bpf"]
    return [str(strace), "-q", "-I", "2", *kept, *others]  # 2: SIGTERM ends it


def read_calls(path: Path) -> Iterator[Call]:
    """The calls of a trace in the order in which they ended."""
    open_calls: dict[str, tuple[str, int, str]] = {}
    with path.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines):
            found = LINE.match(line)
            if found is None:
                continue
            name, rest, began = found["call"], found["rest"], number
            if name is None:
                name, began, first = open_calls.pop(found[1], ("", number, ""))
                rest = first + rest
            elif rest.endswith("<unfinished ...>"):
                open_calls[found[1]] = (name, number, rest.removesuffix("<unfinished ...>"))
                continue
            place = PLACE.match(rest)
            if name and place is not None:
                done = not rest.rpartition(" = ")[2].startswith(("-1", "?"))
                yield Call(name=name, began=began, ended=number, place=place["place"], text=rest, done=done)


def unsynced(calls: Iterable[Call], keys: Sequence[str], log: str) -> tuple[list[str], int]:
    """The ids that left before their write to a file named like `log` was synced; how many left at all."""
    written: dict[str, Call] = {}
    left: dict[str, Call] = {}
    syncs: list[Call] = []
    halves = {key: (key[: len(key) // 2], key[len(key) // 2 :]) for key in keys}
    for call in calls:
        is_log = log in call.place
        if call.name in SYNCS and is_log and call.done:
            syncs.append(call)
        elif call.name == "pwrite64" and is_log:
            # An id may lie over the edge of two pages: either half of it tells where it was written.
            for key in [
                key for key in halves if key not in written and any(h in call.text for h in halves[key])
            ]:
                written[key] = call
        elif call.name in SENDS and ("socket:" in call.place or "TCP" in call.place):
            # As a frame names it: to PostgreSQL the id goes before, in an INSERT.
            for key in [key for key in halves if key not in left and f'id\\":\\"{key}' in call.text]:
                left[key] = call
    return [key for key in left if not _synced(written.get(key), left[key], syncs)], len(left)


def _synced(write: Call | None, leaving: Call, syncs: Sequence[Call]) -> bool:
    if write is None or write.ended > leaving.began:
        return False
    return any(
        write.ended < sync.began and sync.ended < leaving.began and write.place == sync.place
        for sync in syncs
    )
