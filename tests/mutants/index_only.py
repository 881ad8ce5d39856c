"""A storm whose taking UPDATE names the entry alone and trusts the unique indexes with the rest.

The test of the storm must find that contacts come into two hands.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import update

from core.store import Tx
from queues import service, taking
from queues.models import ENTRY
from queues.transitions import entry_row
from queues.views import EntryView
from tests.faults import storm


def take(tx: Tx, entry: int, agent: int, *, reason: str = "") -> EntryView:
    row = entry_row(tx, entry)
    held = {"state": "held", "agent_id": agent, "assignment": row.assignment + 1, "expires_at": None}
    tx.execute(update(ENTRY).where(ENTRY.c.id == entry).values(**held))
    taking.held(tx, row, agent, row.assignment + 1, by="hand", reason=reason)
    return service.view(tx, entry)


if __name__ == "__main__":
    service.take = take
    storm.main(sys.argv[1:])
