"""A recorded day: when and how contacts came, read from the fact table. No person, no word, no number."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.county import Catalogue
from core.errors import Invalid
from core.store import Tx
from core.urgency import Urgency
from core.vault import Vault
from ensilinja.reporting.facts import Fact
from ensilinja.reporting.keeper import facts_between
from ensilinja.reporting.kpis import helsinki_day
from ensilinja.simulation.visits import Coming, Way

AT_ONCE = timedelta(seconds=60)  # a call back asked for so soon was asked for by pressing 1
NO_SECRETS = bytes(32)


def recorded(connection: Connection, day: date, catalogue: Catalogue) -> list[Coming]:
    """The arrivals of a Helsinki date in the store, to the minute."""
    period = helsinki_day(day)
    with Session(connection) as session:
        tx = Tx(session=session, now=period.end, vault=Vault(NO_SECRETS))
        facts = facts_between(tx, period.start, period.end)
    known = {queue.id for queue in catalogue.queues}
    lines = {line.id for line in catalogue.lines}
    return [
        coming_of(fact, fact.arrived_at, lines)
        for fact in facts
        if fact.first_queue in known and fact.born_of is None and fact.arrived_at is not None
    ]


def coming_of(fact: Fact, arrived_at: datetime, lines: set[str]) -> Coming:
    """How one contact came."""
    at = arrived_at.replace(second=0, microsecond=0)
    rang = fact.channel == "call" and fact.line in lines
    if rang:
        asked = fact.requested_at is not None and fact.requested_at - at <= AT_ONCE + timedelta(minutes=1)
        way = Way.CALLBACK if asked else Way.HOLD
    else:
        way = Way.CHAT if fact.channel == "chat" else Way.MESSAGE
    level = Urgency(fact.urgency_given) if fact.urgency_given and not rang else None
    line = fact.line if rang else None
    return Coming(at=at, way=way, queue=fact.first_queue or "", line=line, urgency=level)


def write(path: Path, comings: Sequence[Coming]) -> None:
    """Keeps arrivals in a file, one a line."""
    lines = [
        json.dumps(
            {"at": c.at.isoformat(), "way": c.way, "queue": c.queue, "line": c.line, "urgency": c.urgency}
        )
        for c in comings
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: Path) -> list[Coming]:
    """The arrivals of a file; Invalid when it is no such file."""
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [
            Coming(
                at=datetime.fromisoformat(row["at"]),
                way=Way(row["way"]),
                queue=str(row["queue"]),
                line=row["line"],
                urgency=Urgency(row["urgency"]) if row["urgency"] else None,
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise Invalid(field="record") from None
