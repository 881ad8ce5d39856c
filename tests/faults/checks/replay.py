"""A fold over the events to what the rows must be, as far as events carry it (I23). Pure.

It knows the transitions anew and reads no rows, so that a row and its events cannot be wrong together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.faults.checks.state import Ended, Place, Promised, Step, Tried

STATES = {
    "entry.queued": "waiting",
    "entry.offered": "offered",
    "entry.declined": "waiting",
    "entry.expired": "waiting",
    "entry.withdrawn": "waiting",
    "entry.held": "held",
    "entry.returned": "waiting",
    "entry.transferred": "waiting",
    "entry.left": "left",
    "entry.resumed": "waiting",
    "entry.scheduled": "scheduled",
    "entry.came_due": "waiting",
    "entry.wrapping": "wrapping",
    "entry.unwrapped": "held",
    "entry.done": "done",
}
IN_HAND = ("offered", "held", "wrapping")
CARRIED = ("queue", "channel", "urgency", "tier")


@dataclass(slots=True, kw_only=True)
class Row:
    """What the events tell of one row; only what they carry is compared."""

    values: dict[str, Any] = field(default_factory=dict)

    def differences(self, row: Place | Promised | Tried | Ended) -> str:
        """What the row has otherwise, in words; empty when it is as told."""
        return ", ".join(
            f"{name} is {getattr(row, name)}, told {told}"
            for name, told in self.values.items()
            if getattr(row, name) != told
        )


@dataclass(slots=True, kw_only=True)
class Replayed:
    """Rows by their ids: those the events tell, or those there are."""

    places: dict[int, Any] = field(default_factory=dict)
    promises: dict[int, Any] = field(default_factory=dict)
    attempts: dict[int, Any] = field(default_factory=dict)
    outcomes: dict[int, Any] = field(default_factory=dict)


def replay(steps: Iterable[Step]) -> Replayed:
    """Folds the events in their order."""
    told = Replayed()
    for step in steps:
        room, _, what = step.type.partition(".")
        if room == "entry":
            entry(told.places.setdefault(step.data["entry"], Row()).values, step)
        elif room == "promise":
            promise(told.promises.setdefault(step.data["promise"], Row()).values, step, what)
        elif room == "attempt":
            attempt(told.attempts.setdefault(step.data["attempt"], Row()).values, step, what)
        elif step.type == "outcome.recorded":
            told.outcomes[step.data["outcome"]] = Row(
                values={
                    "contact": step.contact,
                    "code": step.data["code"],
                    "by": step.data["by"],
                    "supersedes": step.data["supersedes"],
                }
            )
    return told


def entry(values: dict[str, Any], step: Step) -> None:
    """One event of an entry."""
    values["contact"] = step.contact
    values |= {name: step.data[name] for name in CARRIED if name in step.data}
    if "due_at" in step.data:
        values["due_at"] = datetime.fromisoformat(step.data["due_at"])
    if step.type in STATES:
        values["state"] = STATES[step.type]
        agent = step.data.get("agent", values.get("agent"))
        values["agent"] = agent if values["state"] in IN_HAND else None
    if step.type in ("entry.offered", "entry.held"):
        values["assignment"] = step.data["assignment"]
    elif step.type == "entry.queued":
        values["assignment"] = 0
    elif step.type in RELEASING:
        values["assignment"] = values.get("assignment", 0) + 1


RELEASING = (
    *("entry.declined", "entry.expired", "entry.withdrawn", "entry.returned"),
    *("entry.transferred", "entry.left", "entry.scheduled"),
)
"""What takes an entry out of hands gives it a new number, so that old acts are refused."""


def promise(values: dict[str, Any], step: Step, what: str) -> None:
    """One event of a promise."""
    if what == "made":
        due_at = datetime.fromisoformat(step.data["due_at"])
        values |= {"contact": step.contact, "kind": step.data["kind"], "due_at": due_at}
        values |= {"kept_at": None, "ended_why": None, "second_due_at": None}
    elif what == "second":
        values["second_due_at"] = datetime.fromisoformat(step.data["due_at"])
    elif what == "kept":
        values["kept_at"] = datetime.fromisoformat(step.data["kept_at"])
    else:
        values["ended_why"] = step.data["why"]


def attempt(values: dict[str, Any], step: Step, what: str) -> None:
    """One event of an attempt."""
    if what == "requested":
        values |= {"contact": step.contact, "n": step.data["n"], "result": None}
    elif what == "ended":
        values["result"] = step.data["result"]
