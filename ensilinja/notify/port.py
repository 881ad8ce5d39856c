"""What the program needs of a way to send text messages. An adapter translates; it decides nothing."""

from typing import Protocol


class NotTaken(Exception):
    """The gateway surely did not take the text now: it may be handed over again later."""


class Refused(Exception):
    """The gateway will never take this text."""


class NotKnown(Exception):
    """Nobody knows whether the gateway took the text: it is never handed over again by itself."""


class Sms(Protocol):
    """A way to send text messages. With `is_repeatable` the same key again sends nothing more."""

    name: str
    is_repeatable: bool

    async def send(self, number: str, text: str, key: str) -> str:
        """Hands the text over and returns the gateway's own id of it, empty when it gives none.

        Raises `NotTaken`, `Refused` or `NotKnown`.
        """
        ...
