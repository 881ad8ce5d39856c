"""One call under way at Asterisk, and the news that waits for its turn."""

import asyncio
from dataclasses import dataclass, field

from callbacks.telephony import inbound, outbound
from callbacks.telephony.inbound import Caller
from callbacks.telephony.ordering import Order
from callbacks.telephony.outbound import Dialled

UNREAD = 64  # news of one call that may wait; a person presses no more keys than that


@dataclass(slots=True)
class Course:
    """One call under way: where it is, and the news it has not heard yet."""

    state: Caller | Dialled
    news: asyncio.Queue[inbound.News | outbound.News | Order] = field(
        default_factory=lambda: asyncio.Queue(UNREAD)
    )
