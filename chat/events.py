"""What a conversation tells: numbers and kinds, never words."""

from dataclasses import dataclass

from core.events import event


@event("chat.message")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """A line was added."""

    seq: int
    sender: str
    kind: str


@event("chat.replied")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReplied:
    """The first text of a professional; stops the reply clock, once a contact."""

    agent: int
    seq: int


@event("chat.presence")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPresence:
    """The resident came or went."""

    present: bool
