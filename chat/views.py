"""What the conversation gives out: frozen values with opened texts."""

from dataclasses import dataclass, field
from datetime import datetime

from chat.conversation import Kind
from queues.views import EntryView


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One line as a reader gets it: `sender` is resident, staff or system; a system line has a text key."""

    contact: int
    seq: int
    kind: Kind
    sender: str
    name: str
    text: str | None = field(repr=False)
    text_key: str | None
    client_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TalkRow:
    """What talk changes of a contact's row, and what decides who sees it."""

    contact: int
    queue: str
    channel: str
    state: str
    agent: int | None
    unread: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a text changed: the line, and the row as its transaction left it. Kept beside its event."""

    line: MessageView
    row: TalkRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The acknowledgement of a text; `duplicate` when the same id had been stored before."""

    contact: int
    seq: int
    at: datetime
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A conversation opened to a professional."""

    entry: EntryView
    messages: tuple[MessageView, ...] = field(repr=False)
