"""Messages recorded at Asterisk: told, with their sound, until they are stored, then deleted there.

What nobody has taken, because a process died or a link was lost, lies there by its name and is found again.
"""

from collections.abc import Awaitable, Callable

import structlog

from callbacks.telephony.ari import AriEvent, call_recorded, delete
from callbacks.telephony.ari_link import AriLink
from callbacks.telephony.port import MessageLeft, Prompts, TelephonyEvent
from callbacks.telephony.webhook import NotKnown
from core.clock import Clock
from core.errors import NotFound
from core.failpoints import failpoint

log = structlog.get_logger(__name__)


class Recordings:
    """The recordings of one link."""

    def __init__(
        self,
        link: AriLink,
        clock: Clock,
        tell: Callable[[TelephonyEvent], Awaitable[Prompts | None]],
        answer: Callable[[str, Prompts | None], None],
    ) -> None:
        """`tell` tells the service until it is stored; `answer` has the caller hear what that says."""
        self._link, self._clock, self._tell, self._answer = link, clock, tell, answer
        self._taking: set[str] = set()
        self._foreign: set[str] = set()

    async def ended(self, event: AriEvent) -> None:
        """A recording has ended, or could not be made."""
        await self._take(event.subject, is_sure=True)

    async def look(self) -> None:
        """Takes all that lies there and is not being recorded still."""
        try:
            for name in await self._link.recordings():
                is_ours = bool(call_recorded(name)) and name not in self._foreign
                if is_ours and not await self._link.is_recording(name):
                    await self._take(name, is_sure=False)
        except NotKnown as error:
            log.warning("the exchange did not say", why=str(error))

    async def _take(self, name: str, *, is_sure: bool) -> None:
        """Hands one over; the caller hears something also when there is nothing to hand over."""
        call = call_recorded(name)
        if not call or name in self._taking:
            return
        self._taking.add(name)
        try:
            audio = await self._link.recording(name)
            if audio is None and not is_sure:
                return
            left = MessageLeft(call=call, name=name, audio=audio or b"", at=self._clock.now())
            prompts = await self._tell(left)
            failpoint("message.after_keep")
            if audio is not None:
                await self._link.ask(delete(f"/recordings/stored/{name}"))
            self._answer(call, prompts)
        except NotKnown as error:
            log.warning("the exchange did not say", why=str(error))
        except NotFound:
            # Of another service on this exchange, or of a store that was set back: a person decides.
            self._foreign.add(name)
            log.error("a recording of no known call is left where it is")
        finally:
            self._taking.discard(name)
