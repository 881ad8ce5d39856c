"""Ways of storing texts together that forget one thing each. The comparison must find every one."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from chat import sending
from chat.conversation import Said, Talk, resident_says
from chat.sending import Saying
from chat.views import Sent
from core.store import Tx


@contextlib.contextmanager
def instead_of(name: str, other: Any) -> Iterator[None]:
    """The module with one of its names standing for something else."""
    was = getattr(sending, name)
    setattr(sending, name, other)
    try:
        yield
    finally:
        setattr(sending, name, was)


def forgets_the_silence(tx: Tx, sayings: Sequence[Saying]) -> list[Sent]:
    """Since when the resident is silent is not noted."""
    with instead_of("agents", SimpleNamespace(mark_all_idle=lambda *_: 0)):
        return sending.send_together(tx, sayings)


def forgets_returns(tx: Tx, sayings: Sequence[Saying]) -> list[Sent]:
    """A resident who writes after the end of the conversation is not brought back."""

    def says(talk: Talk) -> Said:
        return replace(resident_says(talk), returns=False)

    with instead_of("resident_says", says):
        return sending.send_together(tx, sayings)


def trusts_what_was_seen(tx: Tx, sayings: Sequence[Saying]) -> list[Sent]:
    """A professional may write over a message that she has not seen."""
    return sending.send_together(tx, [replace(one, seen_seq=2**31) for one in sayings])


CARELESS = (forgets_the_silence, forgets_returns, trusts_what_was_seen)
