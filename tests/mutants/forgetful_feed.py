"""Feeds that forget one thing each. The comparison of stale screens with fresh ones must find every one."""

from dataclasses import replace
from typing import Any

from chat.views import TalkRow
from core.store import Recorded
from ensilinja.feed import Feed, News
from ensilinja.listeners import Connection
from ensilinja.rows import ListRow


class LosesAnEvent(Feed):
    """Professionals do not hear of offers."""

    def _push(self, event: Recorded, news: News) -> None:
        if event.type != "entry.offered":
            super()._push(event, news)


class LosesTheRow(Feed):
    """Frames tell what happened but not how the row is now."""

    def _frame(
        self, connection: Connection, event: Recorded, row: ListRow | TalkRow | None, **more: Any
    ) -> bytes:
        return super()._frame(connection, event, None, **more)


class LosesWhatIsUnread(Feed):
    """A console is not told how much of a conversation is unread."""

    def _frame(
        self, connection: Connection, event: Recorded, row: ListRow | TalkRow | None, **more: Any
    ) -> bytes:
        if isinstance(row, TalkRow):
            row = replace(row, unread=0)
        return super()._frame(connection, event, row, **more)


class LosesTheShift(Feed):
    """A console is not told of its own shift."""

    def _push(self, event: Recorded, news: News) -> None:
        if event.staff is None:
            super()._push(event, news)


class LosesMessages(Feed):
    """A resident's page does not get the lines."""

    def _push_resident(self, connection: Connection, event: Recorded, news: News) -> None:
        if event.type != "chat.message":
            super()._push_resident(connection, event, news)


class LosesTheEnd(Feed):
    """A resident's page is not told that the conversation is over."""

    def _push_resident(self, connection: Connection, event: Recorded, news: News) -> None:
        if event.type not in ("entry.done", "outcome.recorded"):
            super()._push_resident(connection, event, news)


FORGETFUL = (LosesAnEvent, LosesTheRow, LosesWhatIsUnread, LosesTheShift, LosesMessages, LosesTheEnd)
