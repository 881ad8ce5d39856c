"""Everything with a deadline, room by room. The live line and the simulation sweep the same."""

from collections.abc import Callable

from callbacks import service as callbacks
from chat import service as chat
from core.store import Store, Tx
from queues import dispatch
from router import breaking
from router.services import Services

Sweep = Callable[[Tx, Services], object]


def sweeps() -> tuple[Sweep, ...]:
    """The rooms' sweeps in their order. Each may be a transaction of its own: none needs another's."""
    return (sweep_line, chat.sweep, callbacks.sweep, breaking.sweep)


async def sweep_all(store: Store, services: Services) -> None:
    """Every room's sweep, in a transaction of its own, so that nobody's text waits for all of them."""
    for sweep in sweeps():
        await store.write_next(sweep, services)


def sweep_line(tx: Tx, services: Services) -> None:
    """The line's own: offers nobody answered, leases that ran out, holds that end."""
    dispatch.sweep(tx, services.catalogue)
