"""An SMS gateway over HTTP, spoken to as the county's plan says. Nothing that it answers is ever fetched."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from ensilinja.notify.plan import Plan, filled, found
from ensilinja.notify.port import NotKnown, NotTaken, Refused

ANSWER_WITHIN = 5.0  # seconds; later nobody knows whether the text was taken
LONGEST_ANSWER = 65_536  # bytes
# Nothing was taken: too many, or not now. 401 and 403 are our keeper's to mend, and no text is lost by it.
LATER = frozenset({401, 403, 408, 425, 429, 503})


class GatewaySms:
    """A `Sms` at the other end of HTTP."""

    name = "gateway"
    is_repeatable = False

    def __init__(self, plan: Plan, secret: str) -> None:
        """Texts go to the plan's address only; `secret` fills the plan's `{secret}`."""
        self._plan = plan
        self._secret = secret
        self._token, self._token_until = "", 0.0

    async def send(self, number: str, text: str, key: str) -> str:
        """See `Sms.send`."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
            token = await self._a_token(http)
            try:
                return await self._hand_over(http, number, text, key, token)
            except NotTaken:
                self._token_until = 0.0  # it may be the token that is not believed any more
                raise

    async def _hand_over(
        self, http: aiohttp.ClientSession, number: str, text: str, key: str, token: str
    ) -> str:
        plan = self._plan
        values = {"to": number, "digits": number.lstrip("+"), "text": text, "key": key, "sender": plan.sender}
        values |= {"secret": self._secret, "token": token}
        body = filled(plan.body, values)
        given: dict[str, Any] = {"json": body} if plan.format == "json" else {"data": _flat(body)}
        url = filled(plan.url, {"sender": quote(plan.sender, safe="")})
        headers = filled(plan.headers, values)
        try:
            async with http.request(
                plan.method, url, headers=headers, allow_redirects=False, **given
            ) as answer:
                return _judged(answer.status, await answer.content.read(LONGEST_ANSWER), plan)
        except aiohttp.ClientConnectorError:
            raise NotTaken("no connection") from None  # so nothing was asked
        except (TimeoutError, aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise NotKnown(type(error).__name__) from None

    async def _a_token(self, http: aiohttp.ClientSession) -> str:
        """The token that is still good, or a new one. Without one no text was handed over: `NotTaken`."""
        wanted = self._plan.token
        now = asyncio.get_running_loop().time()
        if wanted is None or now < self._token_until:
            return self._token
        headers, body = (filled(each, {"secret": self._secret}) for each in (wanted.headers, wanted.body))
        try:
            async with http.post(wanted.url, headers=headers, data=body, allow_redirects=False) as answer:
                told = await answer.content.read(LONGEST_ANSWER)
                self._token = found(json.loads(told), wanted.answer) if answer.status == 200 else ""
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise NotTaken(type(error).__name__) from None
        if not self._token:
            raise NotTaken("no token")
        self._token_until = now + wanted.lives_s
        return self._token


def _judged(status: int, body: bytes, plan: Plan) -> str:
    if 200 <= status < 300:
        try:
            return found(json.loads(body), plan.answer.id)[:200] if plan.answer.id else ""
        except ValueError:
            return ""
    if status in LATER:
        raise NotTaken(str(status))
    if 400 <= status < 500:
        raise Refused(str(status))
    raise NotKnown(str(status))


def _flat(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in body.items()}
