"""The line's forecast of its promised work, read as it stands now."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from core.catalogue import Catalogue
from core.store import Tx
from queues.agents import on_shift
from queues.dispatch import settings_of
from queues.forecast import Hand, Work, begins
from queues.line import PROMISED, Agent, Rank
from queues.load import matter_is_free
from queues.models import ENTRY, in_states, is_state, one_of
from queues.views import ShiftView

PROMISED_WORK = one_of(ENTRY.c.channel, *sorted(PROMISED))
READ = tuple(
    ENTRY.c[name] for name in ("id", "contact_id", "queue", "tier", "due_at", "arrived_at", "not_before")
)
LINE = select(*READ).where(
    in_states(ENTRY, "waiting", "scheduled"), PROMISED_WORK, ENTRY.c.tier > 0, matter_is_free()
)
LIVE = select(ENTRY.c.queue).where(is_state(ENTRY, "waiting"), ~PROMISED_WORK, ENTRY.c.tier > 0).distinct()


def foreseen(tx: Tx, catalogue: Catalogue, until: datetime) -> dict[int, datetime | None]:
    """When each promised work that is in the line by `until` is begun, by contact, with those on shift.

    None where nobody on shift serves its queue. Of own-team queues, which are pulled from, nothing is told.
    """
    settings = settings_of(catalogue)
    rows = tx.rows(LINE.where(or_(ENTRY.c.not_before.is_(None), ENTRY.c.not_before <= until)))
    line = [work_of(row, tx.now) for row in rows if row.queue not in settings.own_team]
    hands = [hand_of(shift) for shift in on_shift(tx, catalogue.limits) if shift.state != "lost"]
    return begins(line, hands, tx.all(LIVE), tx.now, settings)


def work_of(row: Any, now: datetime) -> Work:
    """The forecast's value for an entry."""
    return Work(
        contact=row.contact_id,
        queue=row.queue,
        rank=Rank(row.tier, row.due_at, row.arrived_at, row.id),
        ready_at=max(row.not_before or now, now),
    )


def hand_of(shift: ShiftView) -> Hand:
    """The forecast's value for a shift."""
    agent = Agent(
        id=shift.staff,
        queues=shift.queues,
        languages=shift.languages,
        capacity=shift.capacity,
        idle_since=shift.idle_since,
        load=shift.load,
    )
    return Hand(agent=agent, is_away=shift.state != "ready")
