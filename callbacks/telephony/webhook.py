"""A cloud exchange over signed HTTP: it posts its events to us, we post commands to its one address.

Nothing that a message says is ever fetched: commands go to the configured address only.
"""

from collections.abc import Sequence

import aiohttp

from callbacks.results import Result
from callbacks.telephony.messages import command, read_event
from callbacks.telephony.port import Can, DialFailed, OnEvent, Prompts, Talk
from core.clock import Clock
from core.errors import Conflict, Unavailable
from core.signing import check, sign

TIMESTAMP, SIGNATURE = "Ensilinja-Timestamp", "Ensilinja-Signature"
ANSWER_WITHIN = 5.0  # seconds; later nobody knows whether a telephone rings


class NotKnown(Exception):
    """The exchange did not take the command, or did not say whether it did."""


# Her telephone rings and she answers it; for the rest there is no command.
NOT_BY_COMMAND = frozenset({Can.ANSWER, Can.RECORD, Can.TRY_LINES})


class WebhookTelephony:
    """A `Telephony` at the other end of signed HTTP."""

    name = "webhook"
    is_linked = True

    def __init__(
        self, clock: Clock, url: str, secrets: Sequence[bytes], lacks: frozenset[Can] = frozenset()
    ) -> None:
        """Commands go to `url`, signed with the first secret; any of the secrets may sign events.

        `lacks` is what this exchange cannot do: the console offers none of it.
        """
        self.can = frozenset(Can) - NOT_BY_COMMAND - lacks
        self._clock = clock
        self._url = url
        self._secrets = tuple(secrets)
        self._on_event: OnEvent | None = None
        self._http: aiohttp.ClientSession | None = None

    async def start(self, on_event: OnEvent) -> None:
        """Begins to take events."""
        self._on_event = on_event
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN))

    async def stop(self) -> None:
        """Refuses events from now on: the exchange's own plan serves the callers."""
        self._on_event = None
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def receive(self, stamp: str, signature: str, body: bytes) -> tuple[bool, Prompts | None]:
        """Takes one signed event; whether its type is known, and what the caller hears next.

        Raises Unauthenticated for a signature that is not the exchange's, Malformed for a shape that is not
        ours, Unavailable when nothing could be stored: the exchange tells it again.
        """
        check(self._secrets, stamp, signature, body, self._clock.now())
        event_id, event = read_event(body, self._clock.now())
        if self._on_event is None:
            raise Unavailable(reason="telephony")
        if event is None:
            return False, None
        return True, await self._on_event(event, event_id)

    async def dial(self, key: str, line: str, number: str, agent_device: str) -> None:
        """Asks the exchange to ring; a clear refusal is told as failed, silence raises `NotKnown`."""
        if not await self._send("dial", key=key, line=line, number=number, device=agent_device):
            failed = DialFailed(key=key, result=Result.FAILED, at=self._clock.now())
            if self._on_event is not None:
                await self._on_event(failed)

    async def connect(self, key: str, call: str, agent_device: str, *, stays: bool = False) -> None:
        """Asks the exchange to join a caller to the device."""
        name = "join" if stays else "connect"
        if not await self._send(name, key=key, call=call, device=agent_device):
            raise NotKnown("refused")

    async def release(self, key: str, talk: Talk) -> bool:
        """Asks the exchange to let the caller wait."""
        return await self._send("release", key=key, **_named(talk))

    async def hold(self, key: str, talk: Talk, *, on: bool) -> bool:
        """Asks the exchange to hold the resident, or to let both talk on."""
        return await self._send("hold" if on else "resume", key=key, **_named(talk))

    async def hangup(self, key: str, talk: Talk) -> bool:
        """Asks the exchange to end the call."""
        return await self._send("hangup", key=key, **_named(talk))

    async def try_line(self, key: str, line: str) -> None:
        """Is refused: the exchange has no command for it."""
        raise Conflict(reason="cannot_try_lines")

    async def _send(self, name: str, **fields: str) -> bool:
        """Whether the exchange took the command; `NotKnown` when it did not say."""
        if self._http is None:
            return False
        now = self._clock.now()
        body = command(name, now, **fields)
        stamp, signature = sign(self._secrets[0], now, body)
        headers = {TIMESTAMP: stamp, SIGNATURE: signature, "Content-Type": "application/json"}
        try:
            async with self._http.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except aiohttp.ClientConnectorError:
            return False  # no connection, so nothing was asked
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise NotKnown(type(error).__name__) from None
        if 200 <= status < 300:
            return True
        if 400 <= status < 500 and status not in (408, 425, 429):
            return False
        raise NotKnown(str(status))


def _named(talk: Talk) -> dict[str, str]:
    return {"call": talk.call} if talk.call else {"dial": talk.dial}
