"""The emergency centre's non-urgent tasks: signed, each a contact once, called back, closed with or without a
unit."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from chat.transcript import read_lines
from core.errors import NotFound
from core.signing import sign
from ensilinja import app
from ensilinja.runtime import Runtime
from queues import service as queues
from router.promising import promises_of
from tests.cloud import SECRET as SPOKEN
from tests.demos import a_stored_demo
from tests.rooms import PHONE

Client = TestClient[web.Request, web.Application]
SECRET = SPOKEN.decode().replace(" ", "-")


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    async with a_stored_demo(tmp_path, tasks_secret=SECRET) as runtime:
        yield runtime


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app.make_app(runtime))) as made:
        yield made


def body(runtime: Runtime, event_id: str = "m1", kind: str = "task.created", **more: Any) -> bytes:
    told = {"id": event_id, "type": kind, "task": "T-1", "at": runtime.clock.now().isoformat()}
    if kind == "task.created":
        told |= {
            "number": PHONE,
            "text": "Kaatunut kotona, ei päässyt ylös. Tajuissaan.",
            "urgency": "SAME_DAY",
        }
    return json.dumps(told | more).encode()


async def post(client: Client, runtime: Runtime, sent: bytes, secret: str = SECRET) -> tuple[int, Any]:
    stamp, signature = sign(secret.encode(), runtime.clock.now(), sent)
    headers = {"Ensilinja-Timestamp": stamp, "Ensilinja-Signature": signature}
    async with client.post("/hooks/tasks", data=sent, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_task_is_a_callback_in_its_own_queue_with_a_promise_and_the_centre_s_words(
    client: Client, runtime: Runtime
) -> None:
    status, answer = await post(client, runtime, body(runtime))

    assert status == 200
    entry = await runtime.store.read(queues.entry_of, answer["contact"])
    assert (entry.queue, entry.channel, entry.state) == ("ems", "callback", "waiting")
    (promise,) = await runtime.store.read(promises_of, answer["contact"])
    assert promise.kind == "callback"
    assert promise.due_at - runtime.clock.now() <= timedelta(minutes=75)  # told in quarters of an hour
    assert [line.text for line in await lines_of(runtime, answer["contact"])] == [
        "Kaatunut kotona, ei päässyt ylös. Tajuissaan."
    ]


async def lines_of(runtime: Runtime, contact: int) -> list[Any]:
    return await runtime.store.read(lambda tx: read_lines(tx, contact, after=0, notes=True))


async def test_a_task_told_often_is_one_contact_and_more_about_it_is_a_note(
    client: Client, runtime: Runtime
) -> None:
    _, first = await post(client, runtime, body(runtime))
    for event_id in ("m1", "m1", "m2"):
        assert await post(client, runtime, body(runtime, event_id)) == (200, first)
    more = body(runtime, "m3", "task.noted", text="Yksikkö peruttu.")
    for _ in range(2):
        assert await post(client, runtime, more) == (200, first)

    assert len(await lines_of(runtime, first["contact"])) == 3
    entry = await runtime.store.read(queues.entry_of, first["contact"])
    assert entry.state == "waiting"  # only a person ends it


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"number": "112"}, 422, "invalid"),
        ({"number": "0600 123 123"}, 422, "invalid"),
        ({"urgency": "EMERGENCY"}, 400, "malformed"),
        ({"at": "2026-04-07T08:30:00"}, 400, "malformed"),
        ({"text": "x" * 4001}, 400, "malformed"),
    ],
)
async def test_what_cannot_be_called_stays_with_the_centre(
    client: Client, runtime: Runtime, change: dict[str, str], status: int, error: str
) -> None:
    got, answer = await post(client, runtime, body(runtime, **change))

    assert (got, answer) == (status, {"error": error})
    with pytest.raises(NotFound):
        await runtime.store.read(queues.entry_of, 1)
    assert (await post(client, runtime, body(runtime)))[0] == 200  # the same id, mended, is taken


async def test_only_the_centre_is_heard(client: Client, runtime: Runtime) -> None:
    assert (await post(client, runtime, body(runtime), secret="x" * 40))[0] == 401
    assert await post(client, runtime, body(runtime, kind="task.other")) == (200, {})
    assert await post(client, runtime, body(runtime, kind="task.noted", text="tuntematon")) == (200, {})


async def test_without_a_secret_there_is_no_door(tmp_path: Path) -> None:
    async with a_stored_demo(tmp_path) as runtime, TestClient(TestServer(app.make_app(runtime))) as client:
        assert (await post(client, runtime, body(runtime)))[0] == 404
