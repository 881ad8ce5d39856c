"""A storm whose agents check what they have read and then take it, without a condition in the taking UPDATE.

The test of the storm must find that contacts come into two hands.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import update

from core.events import record
from core.store import Store, Tx
from queues import service
from queues.errors import OfferGone
from queues.events import EntryHeld
from queues.models import ENTRY
from queues.views import EntryView
from tests.faults import storm


async def take_by_hand(store: Store, agent: int, seen: EntryView) -> EntryView:
    now = await store.read(service.entry, seen.id)
    if now.state != "waiting":
        raise OfferGone(entry=seen.id)
    return await store.write(grab, now, agent)


def grab(tx: Tx, seen: EntryView, agent: int) -> EntryView:
    assignment = seen.assignment + 1
    held = {"state": "held", "agent_id": agent, "assignment": assignment, "expires_at": None}
    tx.execute(update(ENTRY).where(ENTRY.c.id == seen.id).values(**held))
    fact = EntryHeld(
        entry=seen.id, agent=agent, assignment=assignment, by="hand", queue=seen.queue, reason="", overtook=0
    )
    record(tx, fact, contact=seen.contact, actor=f"staff:{agent}")
    return service.entry(tx, seen.id)


if __name__ == "__main__":
    storm.take_by_hand = take_by_hand
    storm.main(sys.argv[1:])
