"""Who may say what and when in one conversation; pure, and refuses rather than drops.

The order is the server's: sequence numbers 1..n without holes, one order for all sides.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from chat.errors import ConversationEnded, MessageIdReused, NewerMessages, StaleAssignment, TextRefused

MAX_TEXT = 4000

# What no text can be and no store can give back as it came: NUL and halves of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Kind(StrEnum):
    """What a line of the conversation is; residents never see notes."""

    TEXT = "text"
    SYSTEM = "system"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation as it stands: where its entry is and the newest line, text of either side (0: none)."""

    state: str
    holder: int | None
    assignment: int
    newest: int
    newest_resident: int
    newest_staff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What saying it means: its number, and what else moves with it."""

    seq: int
    first_reply: bool = False
    returns: bool = False


def check_text(text: str) -> str:
    """Returns the text exactly as it came; refuses none, over 4,000 code points, and what is not text."""
    if not text.strip() or len(text) > MAX_TEXT or _UNSTORABLE.search(text):
        raise TextRefused(field="text")
    return text


def resident_says(talk: Talk) -> Said:
    """A resident may write until the contact is done; writing brings back who left or was wrapped up."""
    if talk.state == "done":
        raise ConversationEnded
    return Said(seq=talk.newest + 1, returns=talk.state in ("left", "wrapping"))


def staff_says(talk: Talk, *, staff: int, assignment: int, seen_seq: int) -> Said:
    """Only the holder of this assignment may write, and not over a resident's message she has not seen.

    The first text of a professional stops the reply clock (metrics: `chat_reply_delay`), once.
    """
    check_holder(talk, staff=staff, assignment=assignment, states=("held",))
    if talk.newest_resident > seen_seq:
        raise NewerMessages(newest=talk.newest)
    return Said(seq=talk.newest + 1, first_reply=talk.newest_staff == 0)


def staff_notes(talk: Talk, *, staff: int, assignment: int) -> Said:
    """The holder may note during the conversation and its wrap-up; a note stops no clock."""
    check_holder(talk, staff=staff, assignment=assignment, states=("held", "wrapping"))
    return Said(seq=talk.newest + 1)


def check_holder(talk: Talk, *, staff: int, assignment: int, states: tuple[str, ...]) -> None:
    """Refuses an act whose assignment is not the one in force, or whose conversation is in another state."""
    if talk.state == "done" and talk.assignment == assignment:
        raise ConversationEnded
    if talk.holder != staff or talk.assignment != assignment:
        raise StaleAssignment(assignment=talk.assignment)
    if talk.state not in states:
        raise ConversationEnded


def check_same(stored: str, text: str) -> None:
    """A message id sent again must carry the same text; then it is the same message, else it is refused."""
    if stored != text:
        raise MessageIdReused
