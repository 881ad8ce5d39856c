"""Where other systems report: signed messages in, each heard once. The answer to a call's event is what its
caller hears."""

import hmac
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from callbacks.telephony.port import Prompts
from callbacks.telephony.webhook import SIGNATURE, TIMESTAMP, WebhookTelephony
from core import wire
from core.county import UnknownId
from core.errors import NotFound
from core.signing import check
from ensilinja import ems, metrics
from ensilinja.doors import Doors
from ensilinja.notify import hearing
from ensilinja.runtime import RUNTIME, Runtime
from ensilinja.spoken import Sentence, spoken

doors = Doors("machine")


@doors.signed("/hooks/telephony", "hook")
async def telephony(request: web.Request) -> web.Response:
    """One event of the cloud exchange."""
    runtime = request.app[RUNTIME]
    exchange = runtime.telephony
    if not isinstance(exchange, WebhookTelephony):
        raise NotFound
    stamp, signature = (request.headers.get(name, "") for name in (TIMESTAMP, SIGNATURE))
    is_known, prompts = await exchange.receive(stamp, signature, await request.read())
    metrics.count_hook("telephony", known=is_known)
    body = told(runtime, prompts) if prompts is not None else {}
    return web.Response(body=wire.dump(body), content_type="application/json", charset="utf-8")


@doors.signed("/hooks/sms", "hook")
async def sms(request: web.Request) -> web.Response:
    """A delivery receipt or a resident's message, from the SMS gateway."""
    runtime = request.app[RUNTIME]
    plan, secrets = runtime.sms_plan, runtime.settings.sms_hook_secrets()
    if plan is None or not secrets:
        raise NotFound
    body = await request.read()
    check_sender(request, secrets, body)
    heard = hearing.read(body, plan)
    known = heard is not None and await runtime.store.write(hearing.hear, heard, runtime.services)
    metrics.count_hook("sms_reply" if isinstance(heard, hearing.Reply) else "sms_receipt", known=known)
    return web.Response(text="{}", content_type="application/json")


@doors.signed("/hooks/tasks", "hook")
async def tasks(request: web.Request) -> web.Response:
    """A non-urgent task of the emergency centre, or more about one. Answers with its contact's number."""
    runtime = request.app[RUNTIME]
    secrets = runtime.settings.tasks_secrets()
    if not secrets:
        raise NotFound
    body = await request.read()
    stamp, signature = (request.headers.get(name, "") for name in (TIMESTAMP, SIGNATURE))
    check(secrets, stamp, signature, body, runtime.clock.now())
    event_id, event = ems.read(body)
    contact = None
    if event is not None:
        contact = await runtime.store.write(ems.hear, event_id, event, runtime.services)
    metrics.count_hook("tasks", known=contact is not None)
    answer = {"contact": contact} if contact is not None else {}
    return web.Response(body=wire.dump(answer), content_type="application/json", charset="utf-8")


def check_sender(request: web.Request, secrets: Sequence[bytes], body: bytes) -> None:
    """Returns when the gateway signed the message or showed the secret as its token; else Unauthenticated."""
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if sum(hmac.compare_digest(shown, secret) for secret in secrets):
        return
    stamp, signature = (request.headers.get(name, "") for name in (TIMESTAMP, SIGNATURE))
    check(secrets, stamp, signature, body, request.app[RUNTIME].clock.now())


def told(runtime: Runtime, prompts: Prompts) -> dict[str, Any]:
    """The prompts for an exchange that plays files by key or reads the sentences aloud."""
    try:
        said = spoken(runtime, runtime.services.catalogue.line(prompts.line), prompts)
    except UnknownId:
        said = tuple(Sentence(prompts.language, "") for _ in prompts.play)
    return {
        "play": [
            {"key": key, "text": each.text, "language": each.lang}
            for key, each in zip(prompts.play, said, strict=True)
        ],
        "language": prompts.language,
        "digits": prompts.digits,
        "ahead": prompts.ahead,
        "wait": list(prompts.wait) if prompts.wait else None,
        "asks": prompts.asks,
        "hang_up": prompts.hang_up,
    }
