"""Screens as they are after a snapshot and the events that followed, to be held against fresh ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core import wire
from core.identity import Actor
from ensilinja import snapshots
from ensilinja.auth.sessions import Identified
from ensilinja.listeners import GOODBYE, Connection
from ensilinja.runtime import Runtime

LISTS = ("own", "waiting", "callbacks")
OF_THE_CLOCK = ("overdue",)  # a browser tells it by its own clock from `target_at`
OF_STATE = ("state", "agent", "channel", "ended_url")
OF_PLACES = ("position", "range", "slower", "line", "now")  # told every second whatever happened


@dataclass(slots=True)
class Watcher:
    """One browser: what it was given first, and what it makes of every frame after."""

    actor: Actor
    role: str
    runtime: Runtime
    connection: Connection = field(init=False)
    state: dict[str, Any] = field(default_factory=dict)
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    was_evicted: bool = False
    is_over: bool = False

    async def open(self) -> None:
        """Joins the feed, then takes the snapshot, as a socket does."""
        self.connection = Connection(actor=self.actor, role=self.role, lang="fi", evict=self.evicted)
        self.runtime.feed.join(self.connection)
        who = Identified(actor=self.actor, session=0, csrf="", lang="fi", answers=None, contact=None)
        snapshot = await snapshots.take(self.runtime, self.connection, who, {"role": self.role})
        self.connection.open_with(wire.ev("snapshot", **snapshot))
        self.listen()

    def evicted(self) -> None:
        self.was_evicted = True

    def listen(self) -> None:
        """Takes in all frames that have come."""
        for frame in self.frames():
            self.take(frame)

    def frames(self) -> Iterator[dict[str, Any]]:
        while self.connection.outbox:
            frame = self.connection.outbox.popleft()
            if frame == GOODBYE:
                return
            yield json.loads(frame)

    def take(self, frame: dict[str, Any]) -> None:
        """One frame, as the browser's modules take it."""
        if frame["ev"] == "snapshot":
            self.take_snapshot(frame)
        elif frame["ev"] == "message":
            self.lines[frame["message"]["seq"]] = frame["message"]
        elif frame["ev"] == "state":
            self.state |= {name: frame[name] for name in OF_STATE if name in frame}
            self.state["closed"] = frame["state"] == "done"
        elif frame["ev"] == "restart":
            self.is_over = True  # the browser opens a new socket, with what is true by then
        elif frame["ev"].startswith("shift."):
            self.state["shift"] = frame["shift_now"]
        else:
            self.take_row(frame)

    def take_row(self, frame: dict[str, Any]) -> None:
        """What a frame tells of a list's row, if anything."""
        contact, n = frame.get("contact", 0), frame.get("n", 0)
        if "row" in frame and n > self.seen.get(contact, 0):
            self.seen[contact] = n
            self.rows.pop(contact, None)
            if frame["row"] is not None:
                self.rows[contact] = frame["row"]
        elif "unread" in frame and contact in self.rows and n > self.rows[contact]["n"]:
            self.rows[contact] |= {"n": n, "unread": frame["unread"]}

    def take_snapshot(self, snapshot: dict[str, Any]) -> None:
        self.lines = {line["seq"]: line for line in snapshot.pop("messages", ())}
        rows = [row for name in LISTS for row in snapshot.pop(name, ())]
        self.rows = {row["contact"]: row for row in rows}
        self.seen = {row["contact"]: row["n"] for row in rows}
        self.state = snapshot

    def shown(self) -> dict[str, Any]:
        """What is on the screen, times and places aside."""
        rows = {
            contact: {name: value for name, value in row.items() if name not in OF_THE_CLOCK}
            for contact, row in self.rows.items()
        }
        state = {name: value for name, value in self.state.items() if name not in ("ev", *OF_PLACES)}
        if state.get("shift"):
            state["shift"] = {**state["shift"], "load": None}  # a console adds up its own rows
        return {"state": state, "rows": rows, "lines": self.lines}

    def leave(self) -> None:
        self.runtime.feed.leave(self.connection)


def differences(stale: dict[str, Any], fresh: dict[str, Any]) -> list[str]:
    """What a stale screen shows otherwise than a fresh one, in words."""
    found = []
    for part in ("state", "rows", "lines"):
        for key in stale[part].keys() | fresh[part].keys():
            was, now = stale[part].get(key), fresh[part].get(key)
            if was != now and part == "rows" and was and now:
                other = [name for name in was if was[name] != now.get(name)]
                found.append(f"row {key}: " + ", ".join(f"{o}: {was[o]} not {now.get(o)}" for o in other))
            elif was != now:
                found.append(f"{part} {key}: {was} not {now}")
    return found
