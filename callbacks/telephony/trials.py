"""Our own call to a line at Asterisk: one channel with two ends, an ear and the one that is answered.

The latter comes by the dialplan, as a caller's; it is known by its name, which only we give.
"""

from collections.abc import Awaitable, Callable, Sequence

from callbacks.telephony.ari import AriEvent, Leg, Place, Request, delete, post
from callbacks.telephony.port import Prompts, TelephonyEvent, TrialArrived, TrialHeard
from callbacks.telephony.sounds import files
from callbacks.telephony.ways import Ways
from core.clock import Clock
from core.errors import Unavailable

EAR, CALLED = "ear", "trial"
ROLES = frozenset({EAR, CALLED})
LIMIT_S = 15  # of the whole call: one that we have lost rings no telephone of the PBX for long


def rung(key: str, entry: str, app: str) -> Request:
    """Rings a line's entry in the dialplan, with an ear that tells when there is something to hear."""
    body = {
        "endpoint": f"Local/{entry}/n",
        "app": app,
        "appArgs": f"{EAR},{key}",
        "timeout": LIMIT_S,
        "otherChannelId": Leg(CALLED, key).channel,
        "variables": {"TALK_DETECT(set)": "", "TIMEOUT(absolute)": str(LIMIT_S)},
    }
    return Request(method="POST", path=f"/channels/{Leg(EAR, key).channel}", body=body)


def said(key: str, prompts: Prompts | None, place: Place) -> Sequence[Request]:
    """Answers and plays what a caller would hear; ends a call that nobody answers.

    It never goes on in the dialplan: no person is to be rung by it.
    """
    heard = files(prompts) if prompts is not None else ()
    if not heard:
        return (over(key),)
    channel = f"/channels/{Leg(CALLED, key).channel}"
    media = ",".join(f"sound:{place.sounds}/{name}" for name in heard)
    return post(f"{channel}/answer"), post(f"{channel}/play", media=media)


def over(key: str) -> Request:
    """Ends the call: with one end of it goes the other."""
    return delete(f"/channels/{Leg(EAR, key).channel}", reason="normal")


class Trials:
    """The trial calls of one link."""

    def __init__(
        self,
        ways: Ways,
        place: Place,
        clock: Clock,
        ask: Callable[[Request], Awaitable[None]],
        tell: Callable[[TelephonyEvent], Awaitable[Prompts | None]],
    ) -> None:
        """`ask` asks Asterisk, `tell` tells the service or raises Unavailable."""
        self._ways, self._place, self._clock, self._ask, self._tell = ways, place, clock, ask, tell

    async def ring(self, key: str, line: str) -> None:
        """Rings the line's entry; a used key rings nothing, for Asterisk has its name already."""
        await self._ask(rung(key, self._ways.entry_of(line), self._place.app))

    async def hear(self, event: AriEvent, leg: Leg) -> None:
        """Takes one event of a trial call; what cannot be told is missed."""
        now, channel = self._clock.now(), event.channel
        try:
            if leg.role == CALLED and event.kind == "StasisStart" and channel is not None:
                line = self._ways.line_of(channel.args[1] if len(channel.args) > 1 else "")
                prompts = await self._tell(TrialArrived(key=leg.key, line=line, at=now))
                for request in said(leg.key, prompts, self._place):
                    await self._ask(request)
            elif leg.role == EAR and event.kind == "ChannelTalkingStarted":
                await self._tell(TrialHeard(key=leg.key, at=now))
                await self._ask(over(leg.key))
        except Unavailable:
            await self._ask(over(leg.key))
