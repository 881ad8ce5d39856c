"""Reading the line: entries as frozen values, in rank order."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, func, select, tuple_

from core.store import Tx
from queues.line import PROMISED
from queues.models import ENTRY, in_hand, is_state
from queues.transitions import Row, contact_row, entry_row
from queues.views import EntryView, entry_view

RANK = (ENTRY.c.tier, ENTRY.c.due_at, ENTRY.c.arrived_at, ENTRY.c.id)
_PLACE = ("tier", "due", "arrived", "id")
_WAITING = is_state(ENTRY, "waiting")
_KEY = (ENTRY.c.queue, ENTRY.c.channel)
_LENGTHS = select(*_KEY, func.count(), func.min(ENTRY.c.queued_here_at)).where(_WAITING).group_by(*_KEY)
_PROMISED = ENTRY.c.channel.in_(sorted(PROMISED))
_BEFORE = {
    is_promised: select(func.count()).where(
        _WAITING,
        ENTRY.c.queue == bindparam("queue"),
        _PROMISED if is_promised else ~_PROMISED,
        tuple_(*RANK)
        < tuple_(*(bindparam(name, type_=one.type) for name, one in zip(_PLACE, RANK, strict=True))),
    )
    for is_promised in (False, True)
}


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
    return [tuple(row) for row in tx.rows(_LENGTHS)]


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
    place = {"queue": row.queue, "tier": row.tier, "due": row.due_at, "arrived": row.arrived_at, "id": row.id}
    return 1 + int(tx.scalar(_BEFORE[row.channel in PROMISED], place) or 0)
