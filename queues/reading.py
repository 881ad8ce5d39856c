"""Reading the line: entries as frozen values, in rank order."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, func, select, tuple_

from core.store import Tx
from queues.line import PROMISED
from queues.models import ENTRY, in_hand, is_state
from queues.transitions import Row, contact_row, entry_row
from queues.views import EntryView, entry_view

RANK = (ENTRY.c.tier, ENTRY.c.due_at, ENTRY.c.arrived_at, ENTRY.c.id)


def view(tx: Tx, entry: int) -> EntryView:
    """The entry as it is now; NotFound when there is none."""
    return entry_view(entry_row(tx, entry))


def entry(tx: Tx, entry_id: int) -> EntryView:
    """The entry as it is now; NotFound when there is none."""
    return view(tx, entry_id)


def entry_of(tx: Tx, contact: int) -> EntryView:
    """The contact's open entry, or its last one; NotFound when it never had any."""
    return entry_view(contact_row(tx, contact))


def waiting(tx: Tx, queues: Collection[str], limit: int = 200) -> list[EntryView]:
    """Who waits in the queues, first in line first."""
    here = (is_state(ENTRY, "waiting"), ENTRY.c.queue.in_(sorted(queues)))
    return [entry_view(row) for row in tx.rows(select(ENTRY).where(*here).order_by(*RANK).limit(limit))]


def lengths(tx: Tx) -> list[tuple[str, str, int, datetime]]:
    """Queue, channel, how many wait there and since when the first of them."""
    key = (ENTRY.c.queue, ENTRY.c.channel)
    counted = select(*key, func.count(), func.min(ENTRY.c.queued_here_at))
    here = is_state(ENTRY, "waiting")
    return [tuple(row) for row in tx.rows(counted.where(here).group_by(*key))]


def own(tx: Tx, agent: int) -> list[EntryView]:
    """What is offered to the agent, held or being wrapped up by her, oldest arrival first."""
    hers = (ENTRY.c.agent_id == agent, in_hand(ENTRY))
    return [
        entry_view(row)
        for row in tx.rows(select(ENTRY).where(*hers).order_by(ENTRY.c.arrived_at, ENTRY.c.id))
    ]


def position(tx: Tx, entry_id: int) -> int:
    """Place from 1 among those who wait in the same queue for work of the same sort, live or promised."""
    return position_of(tx, entry_row(tx, entry_id))


def position_of(tx: Tx, row: Row) -> int:
    """See `position`."""
    promised = ENTRY.c.channel.in_(sorted(PROMISED))
    alike = promised if row.channel in PROMISED else ~promised
    before = tuple_(*RANK) < tuple_(row.tier, row.due_at, row.arrived_at, row.id)
    here = and_(is_state(ENTRY, "waiting"), ENTRY.c.queue == row.queue)
    return 1 + int(tx.scalar(select(func.count()).where(here, alike, before)) or 0)
