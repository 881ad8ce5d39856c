"""What has happened, as the events of a database tell it with their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.clock import SystemClock
from core.models import Event
from core.opening import open_store
from core.store import Tx
from core.vault import Vault
from tests.builders import TEST_KEY, patience

TAKEN_BACK = ("entry.returned", "entry.expired", "entry.withdrawn", "entry.unattended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event; `at` in seconds since 1970."""

    contact: int | None
    staff: int | None
    type: str
    at: float
    data: dict[str, Any]

    @property
    def is_taken_back(self) -> bool:
        return self.type in TAKEN_BACK


async def happened(database_url: str) -> Sequence[Happened]:
    """All events in their order; no server may have the database open in the embedded shape."""
    with patience():
        store = open_store(database_url, SystemClock(), Vault(TEST_KEY))
        try:
            return await store.read(all_events)
        finally:
            await store.stop()


def all_events(tx: Tx) -> list[Happened]:
    rows = tx.all(select(Event).order_by(Event.id))  # type: ignore[arg-type]
    return [
        Happened(
            contact=row.contact_id, staff=row.staff_id, type=row.type, at=row.at.timestamp(), data=row.data
        )
        for row in rows
    ]
