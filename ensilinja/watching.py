"""The live board of one process: made at most once a second, whatever the number of those who watch."""

import asyncio

from core import wire
from core.clock import Clock
from core.county import Catalogue
from core.store import Store
from ensilinja.reporting import board
from ensilinja.selfcheck import Selfcheck

FRESH = 0.9  # seconds a picture is shown to whoever asks; the loop asks once a second
FIGURES_KEPT = 5.0  # seconds the day's figures stand before they are made again; waits and alarms never do


class LiveBoard:
    """The newest picture and its frames; whoever asks at once waits for one and the same."""

    def __init__(self, store: Store, catalogue: Catalogue, selfcheck: Selfcheck, clock: Clock) -> None:
        """Nothing is read before somebody asks."""
        self._store, self._catalogue, self._selfcheck, self._clock = store, catalogue, selfcheck, clock
        self._memory = board.Memory(kept_s=FIGURES_KEPT)
        self._making = asyncio.Lock()
        self._shown: board.Board | None = None
        self._made_at = float("-inf")
        self._frames: dict[str, bytes] = {}

    async def latest(self) -> board.Board:
        """The picture now, or of less than a second ago."""
        async with self._making:
            if self._shown is None or self._clock.monotonic() - self._made_at >= FRESH:
                broken = self._selfcheck.alarms()
                read = self._store.read(board.snapshot, self._catalogue, self._memory, broken)
                self._shown, self._made_at = await read, self._clock.monotonic()
                self._frames.clear()
            return self._shown

    async def frame(self, lang: str) -> bytes:
        """`latest` as the watchers of a language get it."""
        shown = await self.latest()
        if lang not in self._frames:
            self._frames[lang] = wire.ev("board", board=shown.wire(lang))
        return self._frames[lang]
