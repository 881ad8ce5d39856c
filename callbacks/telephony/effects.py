"""What follows from a step of a call besides requests: what is told, and what is waited for. Pure."""

from dataclasses import dataclass

from callbacks.telephony.port import TelephonyEvent


@dataclass(frozen=True, slots=True)
class Tell:
    """To be told to the service; its answer comes back as news."""

    event: TelephonyEvent


@dataclass(frozen=True, slots=True)
class Wait:
    """`TimeUp(played)` is due in so many seconds."""

    played: int
    seconds: float
