"""Programs that end a callback by themselves, each in one way: the Chancellor's walks must find every one."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import select, update

from callbacks import service as callbacks
from chat import presence
from core.identity import SYSTEM
from core.store import Store, Tx
from ensilinja import loops
from queues import service as queues
from queues.models import ENTRY
from router.outcomes import record_outcome
from router.services import Services


@contextlib.contextmanager
def purges_by_night() -> Iterator[None]:
    """What has waited for a day is cleared away, as Espoo's queue was."""
    sweeping = loops.sweep_all

    def purge(tx: Tx) -> None:
        old = (ENTRY.c.channel == "callback", ENTRY.c.ended_at.is_(None), ENTRY.c.state == "waiting")
        tx.execute(update(ENTRY).where(*old).values(state="done", ended_at=tx.now))

    async def purging(store: Store, services: Services) -> None:
        await sweeping(store, services)
        await store.write(purge)

    with patch.object(loops, "sweep_all", purging):
        yield


@contextlib.contextmanager
def gives_up_after_the_last_try() -> Iterator[None]:
    """After the last unanswered try the program itself records that nobody was reached."""
    sweep = callbacks.sweep

    def giving_up(tx: Tx, services: Services) -> int:
        free = ENTRY.c.state.in_(("waiting", "scheduled"))
        for contact in tx.all(select(ENTRY.c.contact_id).where(free)):
            if callbacks.attempts_of(tx, contact):
                queues.end_elsewhere(tx, contact, SYSTEM.key)
                code = services.catalogue.outcome("UNREACHED")
                record_outcome(tx, contact, code, by=None, actor=SYSTEM.key)
        return sweep(tx, services)

    with patch.object(callbacks, "sweep", giving_up):
        yield


@contextlib.contextmanager
def ends_who_closes_the_page() -> Iterator[None]:
    """A resident whose page is gone has cancelled."""

    def gone(tx: Tx, contact: int, resume_until: datetime) -> None:
        if queues.entry_of(tx, contact).state in ("waiting", "scheduled"):
            queues.end_elsewhere(tx, contact, SYSTEM.key)

    with patch.object(presence, "disconnected", gone):
        yield


ALL: tuple[Any, ...] = (purges_by_night, gives_up_after_the_last_try, ends_who_closes_the_page)
