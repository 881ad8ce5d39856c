"""The telephone checks itself: no attempt and no order stays without a word."""

from collections.abc import Iterator

from callbacks import orders
from callbacks.attempts import SILENCE, silent_since
from core.checks import LEEWAY, Finding
from core.store import Tx


def wordless(tx: Tx) -> Iterator[Finding]:
    """Attempts and orders that should have been given up two seconds ago (I12)."""
    for row in silent_since(tx, tx.now - SILENCE - LEEWAY):
        yield Finding(check="deadlines", what="attempt", id=row.id or 0)
    for order in orders.silent_orders(tx, tx.now - orders.SILENCE - LEEWAY):
        yield Finding(check="deadlines", what="order", id=order.id or 0)
