"""Another system sends each of its messages five times at once: each has one effect and one answer."""

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from callbacks.models import Call
from callbacks.telephony.port import CallArrived, CallerGone, KeyPressed
from callbacks.telephony.webhook import SIGNATURE, TIMESTAMP
from core.models import Inbox
from core.settings import load_settings
from core.signing import sign
from core.store import Tx
from ensilinja import app, calls
from ensilinja.runtime import Runtime
from router.models import Contact, Promise
from tests.builders import create_tables
from tests.cloud import event_body
from tests.faults.sizes import sized
from tests.faults.telling import report
from tests.rooms import LINE

pytestmark = pytest.mark.faults

CALLS = sized(10, 25, 250)  # of four messages each
TIMES = 5
Client = TestClient[web.Request, web.Application]


async def test_each_message_told_five_times_at_once_has_one_effect(database_url: str, tmp_path: Path) -> None:
    settings = {
        "data_dir": tmp_path,
        "database_url": database_url,
        "telephony": "webhook",
        "telephony_url": "http://127.0.0.1:9/",
        "telephony_secret": "s" * 40,
    }
    runtime = app.build(load_settings({}, settings), is_demo=True)
    await create_tables(database_url)
    writer = asyncio.create_task(runtime.store.run())
    await runtime.telephony.start(calls.listener(runtime))
    answers: list[set[str]] = []
    async with TestClient(TestServer(app.make_app(runtime))) as client:
        for start in range(0, CALLS, 5):
            callers = [a_call(client, runtime, number) for number in range(start, min(start + 5, CALLS))]
            answers += [told for one in await asyncio.gather(*callers) for told in one]
    found = await runtime.store.read(effects)
    await runtime.telephony.stop()
    await runtime.store.stop()
    await writer

    different = sum(len(told) - 1 for told in answers)
    shape = "scaled" if database_url.startswith("postgresql") else "embedded"
    report(
        "F25",
        shape,
        f"{4 * CALLS} messages of a cloud exchange, each {TIMES} times at once: {found[0]} calls, {found[1]} "
        f"contacts, {found[2]} promises of {CALLS}; {found[3]} kept; {different} answers that differ",
    )
    assert found == (CALLS, CALLS, CALLS, 4 * CALLS)
    assert different == 0


async def a_call(client: Client, runtime: Runtime, number: int) -> list[set[str]]:
    """A caller who presses 1 twice and goes; the different answers that each message got."""
    call, at = f"c{number}", runtime.clock.now()
    messages = (
        CallArrived(call=call, line=LINE, number=f"+35840123{number:04}", at=at),
        KeyPressed(call=call, n=1, key="1", at=at),
        KeyPressed(call=call, n=2, key="1", at=at),
        CallerGone(call=call, at=at),
    )
    told = []
    for place, message in enumerate(messages):
        body = event_body(message, f"{call}-{place}")
        told.append(set(await asyncio.gather(*(post(client, runtime, body) for _ in range(TIMES)))))
    return told


async def post(client: Client, runtime: Runtime, body: bytes) -> str:
    """Sends a message until it is taken, as an exchange does."""
    while True:
        stamp, signature = sign(runtime.settings.hook_secrets()[0], runtime.clock.now(), body)
        headers = {TIMESTAMP: stamp, SIGNATURE: signature}
        async with client.post("/hooks/telephony", data=body, headers=headers) as answer:
            if answer.status == 200:
                return json.dumps(await answer.json(), sort_keys=True)
            assert answer.status == 503
        await asyncio.sleep(0.1)


def effects(tx: Tx) -> tuple[int, ...]:
    return tuple(
        int(tx.scalar(select(func.count()).select_from(model))) for model in (Call, Contact, Promise, Inbox)
    )
