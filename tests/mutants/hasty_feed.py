"""Feeds that push carelessly what this process committed. Held against one that reads, each must be found."""

from collections.abc import Sequence
from dataclasses import replace

from chat.views import Told
from core.store import Recorded
from ensilinja.feed import Feed


class Jumps(Feed):
    """Pushes its own texts though something that it has not pushed comes before them."""

    def _committed(self, events: Sequence[Recorded]) -> None:
        first = next((event for event in events if isinstance(event.beside, Told)), None)
        if first is not None:
            self.seen = max(self.seen, first.id - 1)
            super()._committed(events[events.index(first) :])


class RemembersOldRows(Feed):
    """Pushes the row as it was when its contact was first talked in."""

    def _committed(self, events: Sequence[Recorded]) -> None:
        rows = self.__dict__.setdefault("rows", {})
        for event in events:
            if isinstance(event.beside, Told):
                rows.setdefault(event.contact, event.beside.row)
        super()._committed(
            [
                replace(event, beside=replace(event.beside, row=rows[event.contact]))
                if isinstance(event.beside, Told)
                else event
                for event in events
            ]
        )


class SkipsOne(Feed):
    """Takes the first text of a commit for pushed."""

    def _committed(self, events: Sequence[Recorded]) -> None:
        super()._committed(events)
        if self._own:
            self.seen = self._own[0].id


HASTY = (Jumps, RemembersOldRows, SkipsOne)
