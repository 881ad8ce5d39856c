"""The operation log: what every client asked for and what it was told, one JSON line each, judged afterwards.

`invoke` is written before asking; then one of `ok` (acknowledged), `fail` (refused), `info` (nobody knows).
Times are CLOCK_MONOTONIC, which all processes of a machine share.
"""

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the log; `who` is resident:1 or staff:1, `key` ties an answer to what was asked."""

    t: float
    who: str
    act: str
    phase: str
    contact: int = 0
    key: str = ""
    seq: int = 0
    text: str = ""
    assignment: int = 0
    code: str = ""
    duplicate: bool = False
    seconds: float = 0.0
    bound: float = 0.0


class OpLog:
    """Appends acts to a file, a line each, so that a killed client loses at most what it never learned."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def note(self, who: str, act: str, phase: str, **details: Any) -> None:
        line = {"t": time.monotonic(), "who": who, "act": act, "phase": phase, **details}
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def read_acts(paths: Iterable[Path]) -> list[Act]:
    """All acts of the logs in the order of time; a last line cut short by a kill is left out."""
    return sorted((act for path in paths for act in _lines(path)), key=lambda act: act.t)


def _lines(path: Path) -> Iterator[Act]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield Act(**json.loads(line))


def acknowledged(acts: Iterable[Act], name: str) -> list[Act]:
    return [act for act in acts if act.act == name and act.phase == "ok"]


def refusals(acts: Sequence[Act]) -> list[str]:
    """What residents were told instead of having their text taken, by the words for it.

    That a professional was ending the conversation when the text came is no fault.
    """
    ended = {act.contact: act.t for act in reversed(acts) if act.act == "close"}  # the first word of it
    return [
        act.code
        for act in acts
        if (act.act, act.phase) == ("send", "fail")
        and act.who.startswith("resident:")
        and act.code != "newer_messages"
        and (act.code != "conversation_ended" or ended.get(act.contact, math.inf) > act.t)
    ]


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of the values do not exceed; 0.0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
