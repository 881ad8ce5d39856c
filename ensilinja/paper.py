"""The open promises on paper, for the day when nothing else works. Needs the database and no key."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from core.db import metadata
from core.text import HELSINKI


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPromise:
    """One promise that nobody has kept yet."""

    due_at: datetime
    kind: str
    place: str
    contact: int


def open_promises(connection: Connection) -> list[OpenPromise]:
    """Every open promise, the one due first on top."""
    promise, contact, entry = (metadata.tables[name] for name in ("promise", "contact", "entry"))
    statement = (
        select(promise.c.due_at, promise.c.kind, contact.c.line, entry.c.queue, contact.c.id)
        .join(contact, contact.c.id == promise.c.contact_id)
        .outerjoin(entry, and_(entry.c.contact_id == contact.c.id, entry.c.ended_at.is_(None)))
        .where(promise.c.kept_at.is_(None), promise.c.ended_at.is_(None))
        .order_by(promise.c.due_at, promise.c.id)
    )
    return [
        OpenPromise(due_at=due, kind=kind, place="/".join(filter(None, (line, queue))), contact=number)
        for due, kind, line, queue, number in connection.execute(statement)
    ]


def sheet(promises: list[OpenPromise], now: datetime) -> str:
    """The page to print: when due in Finnish time, which line and queue, which contact."""
    lines = [f"Open promises {now.astimezone(HELSINKI):%d.%m.%Y %H.%M}: {len(promises)}"]
    lines += [
        f"{promise.due_at.astimezone(HELSINKI):%d.%m. %H.%M}{' LATE' if promise.due_at < now else '':<6}"
        f"{promise.place:<24}{promise.kind:<24}{promise.contact}"
        for promise in promises
    ]
    return "\n".join(lines)
