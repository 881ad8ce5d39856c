"""Lines that are wrong in one thing each. The walks of the line beside its model must find every one."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import false

from core.county import Limits
from core.store import Tx
from queues import line, service, sweep, taking, transitions
from queues.line import Rank
from queues.load import LIMITS
from queues.machine import Event, State, step
from queues.reading import view
from queues.views import EntryView

LONG_BEFORE, LONG_AFTER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@contextlib.contextmanager
def no_state_update() -> Iterator[None]:
    """Legal steps are taken, but the state stays."""

    def stay(state: State, event: Event) -> State:
        step(state, event)
        return state

    with patch.object(transitions, "step", stay):
        yield


@contextlib.contextmanager
def no_lease_expiry() -> Iterator[None]:
    """A console that is silent is trusted for ever."""
    with patch.object(sweep, "SILENT", sweep.SILENT.where(false())):
        yield


@contextlib.contextmanager
def no_dedupe() -> Iterator[None]:
    """The same acceptance again is another acceptance."""

    def hold(tx: Tx, entry: int, agent: int, assignment: int, limits: Limits = LIMITS) -> EntryView:
        taking.accept(tx, transitions.entry_row(tx, entry), agent, assignment)
        taking.renew(tx, agent, limits)
        return view(tx, entry)

    with patch.object(taking, "hold", hold), patch.object(service, "hold", hold):
        yield


@contextlib.contextmanager
def wrong_order() -> Iterator[None]:
    """What is due last is first."""

    def backwards(tier: int, due_at: datetime, arrived_at: datetime, entry: int) -> Rank:
        return Rank(tier, LONG_AFTER - (due_at - LONG_BEFORE), arrived_at, entry)

    with patch.object(line, "Rank", backwards):
        yield


WRONG: Mapping[str, Callable[[], AbstractContextManager[Any]]] = {
    one.__name__: one for one in (no_state_update, no_lease_expiry, no_dedupe, wrong_order)
}
