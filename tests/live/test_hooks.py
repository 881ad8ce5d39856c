"""The cloud exchange's door: only what it has signed is heard, each event once, and nothing it names is
fetched."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from callbacks.models import Call
from callbacks.telephony.port import CallArrived, CallerGone, KeyPressed
from callbacks.telephony.webhook import SIGNATURE, TIMESTAMP
from core.models import Inbox
from core.signing import sign
from core.store import Tx
from ensilinja import app, calls
from ensilinja.runtime import Runtime
from router.models import Promise
from tests.cloud import SECRET, event_body
from tests.demos import a_demo, a_stored_demo
from tests.rooms import LINE, PHONE

Client = TestClient[web.Request, web.Application]
OLD_SECRET = b"the one before, also of more than thirty-two characters"


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    """A demo's parts with a cloud exchange, its store running, without loops."""
    settings = {
        "telephony": "webhook",
        "telephony_url": "http://127.0.0.1:9/",
        "telephony_secret": f"{SECRET.decode().replace(' ', '-')} {OLD_SECRET.decode().replace(' ', '-')}",
    }
    async with a_stored_demo(tmp_path, **settings) as runtime:
        await runtime.telephony.start(calls.listener(runtime))
        yield runtime
        await runtime.telephony.stop()


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app.make_app(runtime))) as made:
        yield made


def secret(runtime: Runtime, place: int = 0) -> bytes:
    return runtime.settings.hook_secrets()[place]


async def post(client: Client, body: bytes, stamp: str, signature: str) -> tuple[int, Any]:
    headers = {TIMESTAMP: stamp, SIGNATURE: signature, "Content-Type": "application/json"}
    async with client.post("/hooks/telephony", data=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def told(client: Client, runtime: Runtime, body: bytes, place: int = 0) -> tuple[int, Any]:
    return await post(client, body, *sign(secret(runtime, place), runtime.clock.now(), body))


def arrival(runtime: Runtime, call: str = "c1", event_id: str = "e1", **more: Any) -> bytes:
    event = CallArrived(call=call, line=LINE, number=PHONE, at=runtime.clock.now())
    return event_body(event, event_id, **more)


def key(runtime: Runtime, n: int, pressed: str, event_id: str, call: str = "c1") -> bytes:
    return event_body(KeyPressed(call=call, n=n, key=pressed, at=runtime.clock.now()), event_id)


def rows(tx: Tx) -> tuple[int, int, int]:
    return tuple(int(tx.scalar(select(func.count()).select_from(m))) for m in (Call, Promise, Inbox))  # type: ignore[return-value]


async def test_a_caller_is_promised_a_call_back_by_the_cloud(client: Client, runtime: Runtime) -> None:
    status, greeted = await told(client, runtime, arrival(runtime))
    assert (status, greeted["asks"], greeted["hang_up"]) == (200, True, False)
    assert greeted["play"][0]["key"] == "call.greeting"
    assert "112" in greeted["play"][0]["text"]

    await told(client, runtime, key(runtime, 1, "1", "e2"))
    status, promised = await told(client, runtime, key(runtime, 2, "1", "e3"))
    assert promised["play"][0]["key"] == "call.promised"
    assert promised["hang_up"]
    await told(client, runtime, event_body(CallerGone(call="c1", at=runtime.clock.now()), "e4"))

    assert await runtime.store.read(rows) == (1, 1, 4)


async def test_an_event_told_again_gets_the_answer_of_the_first(client: Client, runtime: Runtime) -> None:
    bodies = [arrival(runtime), key(runtime, 1, "1", "e2"), key(runtime, 2, "1", "e3")]
    first = [await told(client, runtime, body) for body in bodies]
    again = [await told(client, runtime, body) for body in reversed(bodies)]

    assert again == first[::-1]
    assert await runtime.store.read(rows) == (1, 1, 3)


async def test_the_secret_before_is_still_believed(client: Client, runtime: Runtime) -> None:
    assert (await told(client, runtime, arrival(runtime), place=1))[0] == 200


async def test_an_unknown_type_is_counted_and_left(client: Client, runtime: Runtime) -> None:
    body = json.dumps({"id": "e1", "type": "call.recorded", "url": "http://169.254.169.254/"}).encode()

    assert await told(client, runtime, body) == (200, {})
    assert await runtime.store.read(rows) == (0, 0, 0)


def forgeries(runtime: Runtime) -> list[tuple[bytes, str, str]]:
    """What somebody else could send: 31 ways."""
    now, body = runtime.clock.now(), arrival(runtime)
    stamp, good = sign(secret(runtime), now, body)
    old = [sign(secret(runtime), now + timedelta(seconds=s), body) for s in (-301, -3600, 301, 86_400)]
    wrong_keys = [sign(k, now, body) for k in (b"", b"x" * 32, SECRET[::-1], secret(runtime)[:-1])]
    stamps = ("", "x", "-1", "1e9", stamp + "0", "9" * 30, "٣" * 10, "0", stamp + ".0")
    signs = (
        "",
        "v1=",
        good[:-1],
        good[:-2] + "zz",
        good.upper().replace("V1", "v1"),
        good[3:10],
        "v2=x",
        "é",
    )
    changed = (body.replace(PHONE.encode(), b"+358501234567"), body + b" ", body[:-1], b"", b"{}", b"null")
    return [
        *((body, *one) for one in (*old, *wrong_keys)),
        *((body, one, good) for one in stamps),
        *((body, stamp, one) for one in signs),
        *((one, stamp, good) for one in changed),
    ]


async def test_what_is_not_signed_is_refused_and_changes_nothing(client: Client, runtime: Runtime) -> None:
    for body, stamp, signature in forgeries(runtime):
        status, answer = await post(client, body, stamp, signature)
        assert (status, answer["error"]) == (401, "unauthenticated"), (stamp, signature)

    assert await runtime.store.read(rows) == (0, 0, 0)
    assert (await told(client, runtime, arrival(runtime)))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"1", b'"x"', b"{", b'{"id":1}', b'{"id":"","type":"call.gone"}',
        b'{"id":"e","type":7}', b'{"id":"e","type":"call.gone"}', b'{"id":"e","type":"call.gone","call":1}',
        b'{"id":"e","type":"call.gone","call":"c","at":"yesterday"}',
        b'{"id":"e","type":"call.gone","call":"c","at":"2026-04-07T08:00:00"}',
        b'{"id":"e","type":"call.key","call":"c","n":"1","key":"1","at":"2026-04-07T08:00:00Z"}',
        b'{"id":"e","type":"call.key","call":"c","n":0,"key":"1","at":"2026-04-07T08:00:00Z"}',
        b'{"id":"e","type":"call.key","call":"c","n":1,"key":"12","at":"2026-04-07T08:00:00Z"}',
        b'{"id":"e","type":"dial.failed","key":"c","result":"x","at":"2026-04-07T08:00:00Z"}',
        b'{"id":"e","id":"f","type":"call.gone","call":"c","at":"2026-04-07T08:00:00Z"}',
        b'{"id":"e","type":"call.gone","call":"\xff","at":"2026-04-07T08:00:00Z"}',
        b'{"id":"e","type":"call.gone","call":"a\\u0000","at":"2026-04-07T08:00:00Z"}',
    ],
)  # fmt: skip
async def test_what_is_signed_but_of_no_shape_is_refused(
    client: Client, runtime: Runtime, body: bytes
) -> None:
    status, answer = await told(client, runtime, body)

    assert (status, answer["error"]) == (400, "malformed")
    assert await runtime.store.read(rows) == (0, 0, 0)


async def test_nothing_a_message_names_is_fetched(client: Client, runtime: Runtime) -> None:
    asked: list[str] = []

    async def canary(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    watching = web.Application()
    watching.router.add_route("*", "/{any:.*}", canary)
    async with TestServer(watching) as server:
        url = str(server.make_url("/"))
        named = {"recording_url": url, "media": [url], "callback": url, "number": url[:32], "line": url[:40]}
        for number, (name, value) in enumerate(named.items()):
            body = arrival(runtime, call=f"c{number}", event_id=f"e{number}", **{name: value})
            assert (await told(client, runtime, body))[0] == 200

    assert asked == []


async def test_the_future_is_taken_as_now(client: Client, runtime: Runtime) -> None:
    event = CallArrived(call="c1", line=LINE, number=PHONE, at=runtime.clock.now() + timedelta(hours=2))
    await told(client, runtime, event_body(event, "e1"))

    def arrived(tx: Tx) -> datetime:
        at: datetime = tx.scalar(select(Call.arrived_at))  # type: ignore[call-overload]
        return at

    assert await runtime.store.read(arrived) <= runtime.clock.now()


async def test_another_exchange_has_no_such_door(tmp_path: Path) -> None:
    runtime = a_demo(tmp_path)
    async with TestClient(TestServer(app.make_app(runtime))) as client:
        status, _ = await post(client, b"{}", *sign(SECRET, runtime.clock.now(), b"{}"))
    await runtime.store.stop()

    assert status == 404


async def test_a_store_that_is_down_lets_the_exchange_s_own_plan_serve(
    client: Client, runtime: Runtime
) -> None:
    await runtime.telephony.stop()

    assert (await told(client, runtime, arrival(runtime)))[0] == 503
