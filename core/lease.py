"""What one process at a time does for all: it holds a lease while it renews it; then another takes over."""

from datetime import timedelta

from sqlalchemy import or_, select, update

from core.db import columns
from core.models import Lease
from core.store import Tx

_LEASE = columns(Lease)


def take(tx: Tx, name: str, holder: str, seconds: float) -> bool:
    """Takes or renews the lease for so long; False, changing nothing, while somebody else has it."""
    until = tx.now + timedelta(seconds=seconds)
    mine_or_free = or_(_LEASE.holder == holder, _LEASE.until <= tx.now)
    taken = update(Lease).where(_LEASE.name == name, mine_or_free).values(holder=holder, until=until)
    if tx.execute(taken):
        return True
    if tx.scalar(select(_LEASE.name).where(_LEASE.name == name)) is not None:
        return False
    tx.add(Lease(name=name, holder=holder, until=until))
    return True


def let_go(tx: Tx, name: str, holder: str) -> None:
    """Ends the lease now, if it is this holder's."""
    tx.execute(update(Lease).where(_LEASE.name == name, _LEASE.holder == holder).values(until=tx.now))


def is_held(tx: Tx, name: str) -> bool:
    """Whether anybody has the lease now."""
    return tx.scalar(select(_LEASE.name).where(_LEASE.name == name, _LEASE.until > tx.now)) is not None
