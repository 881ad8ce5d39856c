"""The service that still thinks it has the telephone link after it slept. The test of it must see."""

import asyncio
import contextlib
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from callbacks.telephony.asterisk import AsteriskTelephony
from core import lease
from core.errors import Unavailable
from core.tasks import first_of
from ensilinja import calls
from ensilinja.cli import main
from ensilinja.runtime import Runtime


async def keep_link(runtime: Runtime, exchange: AsteriskTelephony) -> None:
    holder = secrets.token_hex(8)
    while not await runtime.store.write(lease.take, calls.LINK, holder, calls.HELD):
        await asyncio.sleep(calls.RENEWED)
    await first_of(link=exchange.run(), lease=renew(runtime, holder))


async def renew(runtime: Runtime, holder: str) -> None:
    while True:
        await asyncio.sleep(calls.RENEWED)
        with contextlib.suppress(Unavailable):
            await runtime.store.write(lease.take, calls.LINK, holder, calls.HELD)


if __name__ == "__main__":
    calls.keep_link = keep_link
    main()
