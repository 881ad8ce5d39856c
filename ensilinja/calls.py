"""From the telephone exchange into the store: every event is one transaction, and may come twice, late or
never."""

import asyncio
import contextlib
import secrets
from datetime import timedelta
from functools import partial

import structlog

from callbacks import service as callbacks
from callbacks import trials
from callbacks.telephony.asterisk import AsteriskTelephony
from callbacks.telephony.port import Can, OnEvent, Prompts, TelephonyEvent
from core import lease
from core.errors import Unavailable
from core.store import Tx
from core.tasks import first_of
from ensilinja.runtime import Runtime

log = structlog.get_logger(__name__)

LINK = "telephony"
LINKED = "telephony.linked"  # held by who has the link while it is whole
HELD, RENEWED = 3.0, 1.0  # seconds a lease lasts without renewing, and between two renewals


def listener(runtime: Runtime) -> OnEvent:
    """What the exchange reports to; the answer is what a caller hears next."""

    async def heard(event: TelephonyEvent, event_id: str = "") -> Prompts | None:
        provider = runtime.telephony.name
        try:
            return await runtime.store.write(callbacks.hear_once, provider, event_id, event, runtime.services)
        except Unavailable:
            # Unanswered, the exchange's own plan serves the caller; other news is told again later.
            log.warning("telephone event not stored", kind=type(event).__name__)
            raise

    return heard


async def try_lines(runtime: Runtime) -> None:
    """One turn of the lines' trial calls; the process that has the link rings.

    While nobody has it, they are missed: callers do not get through either.
    """
    exchange, services = runtime.telephony, runtime.services
    every = timedelta(minutes=runtime.settings.telephony_trial_minutes)
    if not every or Can.TRY_LINES not in exchange.can:
        return
    is_due = partial(trials.is_due, every=every, places=exchange.is_linked)
    turn = partial(trials.turn, every=every, places=exchange.is_linked)
    if await runtime.store.read(is_due, services):
        for order in await runtime.store.write(turn, services):
            await exchange.try_line(order.key, order.line)


async def is_linked(runtime: Runtime) -> bool:
    """Whether some process's commands reach the exchange now; not, as long as nobody can know."""
    if not isinstance(runtime.telephony, AsteriskTelephony):
        return runtime.telephony.is_linked
    try:
        return await runtime.store.read(lease.is_held, LINKED)
    except Unavailable:
        return False


async def keep_link(runtime: Runtime, exchange: AsteriskTelephony) -> None:
    """One process has the link to the exchange at a time; when it is silent, another takes over."""
    holder = secrets.token_hex(8)
    while True:
        with contextlib.suppress(TimeoutError, Unavailable):
            before = asyncio.get_running_loop().time()
            if await runtime.store.write(lease.take, LINK, holder, HELD):
                exchange.hold_until(before + HELD)
                async with asyncio.timeout_at(before + HELD) as held:
                    await first_of(link=exchange.run(), lease=_renew(runtime, exchange, holder, held))
        await asyncio.sleep(RENEWED)


async def _renew(runtime: Runtime, exchange: AsteriskTelephony, holder: str, held: asyncio.Timeout) -> None:
    """Returns when somebody else has the lease; a store that is away for longer than it lasts ends it."""
    loop = asyncio.get_running_loop()
    try:
        while True:
            await asyncio.sleep(RENEWED)
            before = loop.time()
            with contextlib.suppress(Unavailable):
                if not await runtime.store.write(_take, holder, is_linked=exchange.is_linked):
                    return
                held.reschedule(before + HELD)
                exchange.hold_until(before + HELD)
    finally:
        with contextlib.suppress(Unavailable):
            await runtime.store.write(_let_go, holder)


def _take(tx: Tx, holder: str, *, is_linked: bool) -> bool:
    has_it = lease.take(tx, LINK, holder, HELD)
    if has_it and is_linked:
        lease.take(tx, LINKED, holder, HELD)
    return has_it


def _let_go(tx: Tx, holder: str) -> None:
    for name in (LINK, LINKED):
        lease.let_go(tx, name, holder)
