"""The telephone checks itself: no attempt stays without a word."""

from collections.abc import Iterator

from callbacks.attempts import SILENCE, silent_since
from core.checks import LEEWAY, Finding
from core.store import Tx


def wordless(tx: Tx) -> Iterator[Finding]:
    """Attempts that should have been given up two seconds ago (I12)."""
    for row in silent_since(tx, tx.now - SILENCE - LEEWAY):
        yield Finding(check="deadlines", what="attempt", id=row.id or 0)
