"""From the telephone exchange into the store: every event is one transaction, and may come twice, late or
never."""

import structlog

from callbacks import service as callbacks
from callbacks.telephony.port import OnEvent, Prompts, TelephonyEvent
from core.errors import Unavailable
from ensilinja.runtime import Runtime

log = structlog.get_logger(__name__)


def listener(runtime: Runtime) -> OnEvent:
    """What the exchange reports to; the answer is what a caller hears next."""

    async def heard(event: TelephonyEvent) -> Prompts | None:
        try:
            return await runtime.store.write(callbacks.hear, runtime.telephony.name, event, runtime.services)
        except Unavailable:
            # Unanswered, the exchange's own dialplan serves the caller; the event comes again later.
            log.warning("telephone event not stored", kind=type(event).__name__)
            return None

    return heard
