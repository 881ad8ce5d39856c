"""What a conversation refuses; each code is part of the wire."""

from core.errors import Conflict, Invalid
from queues.errors import StaleAssignment

__all__ = [
    "ConversationEnded",
    "MessageIdReused",
    "NewerMessages",
    "NoText",
    "StaleAssignment",
    "TextRefused",
]


class ConversationEnded(Conflict):
    """The conversation has ended; a new contact can be opened."""

    code = "conversation_ended"


class MessageIdReused(Conflict):
    """The same message id was sent before with another text."""

    code = "message_id_reused"


class NewerMessages(Conflict):
    """The resident has written since the professional last looked."""

    code = "newer_messages"


class NoText(Invalid):
    """This person may not be sent a text message."""

    code = "no_text"


class TextRefused(Invalid):
    """The text is empty, too long or not text."""
