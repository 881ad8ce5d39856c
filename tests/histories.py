"""Histories of contacts as events, written by hand: what the rooms would have recorded."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from core.models import Event
from core.store import Recorded, Tx
from tests.builders import MONDAY

Step = tuple[float, str, dict[str, Any]]
"""Minutes after arrival, event type, fields."""


def iso(minutes: float, start: datetime = MONDAY) -> str:
    return (start + timedelta(minutes=minutes)).isoformat()


def received(channel: str = "chat", queue: str = "nurse", **more: Any) -> Step:
    fields = {
        "channel": channel,
        "line": "ensilinja" if channel == "call" else None,
        "door": "terveys" if channel == "chat" else None,
        "queue": queue,
        "topic": None,
        "language": "fi",
        "first_contact": True,
        "born_of": None,
        "matter": 1,
    }
    return (0, "contact.received", fields | more)


def queued(channel: str = "chat", queue: str = "nurse", urgency: str = "SAME_DAY", at: float = 0) -> Step:
    fields = {
        "entry": 1,
        "queue": queue,
        "channel": channel,
        "urgency": urgency,
        "tier": 2,
        "due_at": iso(10),
    }
    return (at, "entry.queued", fields)


def offered(at: float, agent: int = 1) -> Step:
    fields = {"entry": 1, "agent": agent, "assignment": 1, "expires_at": iso(at + 0.5), "queue": "nurse"}
    return (at, "entry.offered", fields)


def held(at: float, queue: str = "nurse", by: str = "offer", overtook: int = 0) -> Step:
    taken = {"entry": 1, "agent": 1, "assignment": 1, "by": by, "queue": queue, "overtook": overtook}
    return (at, "entry.held", taken)


def replied(at: float) -> Step:
    return (at, "chat.replied", {"agent": 1, "seq": 3})


def left(at: float) -> Step:
    return (at, "entry.left", {"entry": 1, "resume_until": iso(at + 10)})


def done(at: float, why: str = "finished") -> Step:
    return (at, "entry.done", {"entry": 1, "why": why})


def outcome(at: float, code: str = "advice", *, resolved: bool = True, counts: bool = True) -> Step:
    fields = {"outcome": 1, "code": code, "resolved": resolved, "counts": counts, "by": 1, "supersedes": None}
    return (at, "outcome.recorded", fields)


def promised(at: float, due: float, kind: str = "callback", promise: int = 1) -> Step:
    return (at, "promise.made", {"promise": promise, "kind": kind, "due_at": iso(due)})


def surveyed(score: int | None, *, queue: str = "nurse") -> list[Step]:
    """A chat whose resident was asked by text, and answered or not."""
    answer: list[Step] = [] if score is None else [(25, "survey.answered", {"score": score})]
    return [*chat(queue=queue), (20, "survey.asked", {}), *answer]


def kept(at: float, promise: int = 1) -> Step:
    return (at, "promise.kept", {"promise": promise, "kept_at": iso(at), "in_time": True})


def ended(at: float, why: str = "withdrawn_by_resident", promise: int = 1) -> Step:
    return (at, "promise.ended", {"promise": promise, "why": why})


def dialled(at: float, n: int = 1) -> Step:
    return (at, "attempt.dialled", {"attempt": n, "n": n, "dialled_at": iso(at)})


def attempted(at: float, result: str, n: int = 1, rang: float | None = None) -> Step:
    fields = {"attempt": n, "n": n, "result": result, "dialled_at": None if rang is None else iso(rang)}
    return (at, "attempt.ended", fields)


def assessed(at: float, urgency: str = "SAME_DAY") -> Step:
    return (at, "assessment.made", {"assessment": 1, "urgency": urgency, "by": 1})


def chat(reply: float = 3, *, queue: str = "nurse", resolved: bool = True) -> list[Step]:
    """A chat that was answered, assessed and closed."""
    return [
        received(queue=queue),
        queued(queue=queue),
        offered(reply / 2),
        held(reply / 2, queue),
        replied(reply),
        assessed(reply + 1),
        outcome(reply + 5, resolved=resolved),
        done(reply + 5),
    ]


def callback(reached: float = 60, due: float = 240, *, queue: str = "nurse") -> list[Step]:
    """A call that became a callback, was rung back and reached at the first attempt."""
    return [
        received("call", queue),
        queued("callback", queue, at=1),
        promised(1, due),
        held(reached - 1, queue),
        dialled(reached),
        kept(reached),
        attempted(reached + 0.5, "reached", rang=reached),
        assessed(reached + 2),
        outcome(reached + 9),
        done(reached + 9),
    ]


def gone_chat(after: float = 2) -> list[Step]:
    """A chat whose resident left the line and did not come back."""
    return [received(), queued(), left(after), done(after + 10, why="lapsed")]


def events(steps: Iterable[Step], *, contact: int = 1, start: datetime = MONDAY) -> list[Recorded]:
    """The steps as stored events of one contact."""
    return [
        Recorded(
            id=n,
            contact=contact,
            staff=None,
            n=n,
            type=kind,
            at=start + timedelta(minutes=minutes),
            actor="system",
            data=shifted(data, start),
        )
        for n, (minutes, kind, data) in enumerate(steps, start=1)
    ]


def write(tx: Tx, recorded: Iterable[Recorded]) -> None:
    """Stores the events as the rooms would have; their ids are given by the database."""
    for event in recorded:
        tx.add(
            Event(
                contact_id=event.contact,
                staff_id=event.staff,
                n=event.n,
                type=event.type,
                at=event.at,
                actor=event.actor,
                data=event.data,
            )
        )


def shifted(data: dict[str, Any], start: datetime) -> dict[str, Any]:
    """The same fields for a history that starts at another time than Monday."""
    return {
        name: (datetime.fromisoformat(value) - MONDAY + start).isoformat()
        if name.endswith("_at") and value is not None
        else value
        for name, value in data.items()
    }
