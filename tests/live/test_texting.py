"""Text messages over a gateway's real HTTP: each key goes out at most once, and none waits unseen."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from callbacks.telephony.webhook import SIGNATURE, TIMESTAMP
from chat.transcript import read_lines
from core import jobs
from core.clock import FixedClock
from core.events import read_events
from core.jobs import JobView
from core.models import Inbox, Job
from core.settings import load_settings
from core.signing import sign
from core.store import Tx
from ensilinja import app, work
from ensilinja.auth.models import StatusLink
from ensilinja.notify import gateway, sending
from ensilinja.notify.file import FileSms
from ensilinja.notify.models import Notice
from ensilinja.notify.plan import Token
from ensilinja.notify.port import NotTaken
from ensilinja.notify.sending import State, texts_of
from ensilinja.runtime import Runtime
from router.calling import change_number
from router.moves import cancel
from router.parties import change_phone
from router.promising import text_resident
from router.standing import the_contact
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.faults.telling import report
from tests.rooms import OTHER_PHONE, PHONE, SERVICES, a_callback, a_chat, the_resident

HOOK = "the hook's secret of the tests, long enough".replace(" ", "-")
EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "sms" / "rest.toml"
HOME = "https://ensilinja.example"
Client = TestClient[web.Request, web.Application]


class Gateway:
    """An operator's gateway that answers as it is told."""

    def __init__(self) -> None:
        self.answers: list[int | None] = []
        self.taken: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.asked = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0] if self.answers else 201
        if status in (201, 500, None, 302):  # with the last three nobody knows: perhaps it was taken
            self.taken.append((await request.json())["outboundMessageRequest"])
            self.headers.append(dict(request.headers))
        if status is None:
            assert request.transport is not None
            request.transport.abort()
        body = {"outboundMessageRequest": {"resourceURL": f"id-{len(self.taken)}"}}
        return web.json_response(body, status=status or 200, headers={"Location": "/elsewhere"})

    def keys(self) -> list[str]:
        return [text["clientCorrelator"] for text in self.taken]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def operator() -> AsyncIterator[tuple[Gateway, str]]:
    told = Gateway()
    served = web.Application()
    served.router.add_post("/messaging/v1/outbound/{sender}/requests", told.take)
    async with TestServer(served) as server:
        yield told, f"http://127.0.0.1:{server.port}"


@pytest.fixture
async def runtime(tmp_path: Path, operator: tuple[Gateway, str], clock: FixedClock) -> AsyncIterator[Runtime]:
    plan = tmp_path / "rest.toml"
    example = EXAMPLE.read_text("utf-8")
    plan.write_text(example.replace("https://gateway.example", operator[1]), "utf-8")
    given = {
        "sms": "gateway",
        "sms_gateway": plan,
        "sms_secret": "secret-of-ours",
        "sms_hook_secret": HOOK,
        "origins": HOME,
    }
    async with a_stored_demo(tmp_path, clock=clock, **given) as made:
        yield made


@pytest.fixture
def told(operator: tuple[Gateway, str]) -> Gateway:
    return operator[0]


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[Client]:
    async with TestClient(TestServer(app.make_app(runtime))) as made:
        yield made


async def work_off(runtime: Runtime) -> None:
    """Runs what is due now, once each."""
    for job, _ in await runtime.store.read(jobs.due):
        await work.run_job(runtime, job)


async def asked_for(runtime: Runtime, phone: str = PHONE, name: str = "a") -> int:
    received = await runtime.store.write(lambda tx: a_callback(tx, name, phone))
    return received.contact


async def states(runtime: Runtime) -> list[str]:
    return await runtime.store.read(lambda tx: tx.all(select(Notice.state).order_by(Notice.id)))  # type: ignore[call-overload]


def texted(tx: Tx, contact: int, key: str, text: str) -> None:
    assert text_resident(tx, contact, key=key, text=text)


async def test_a_text_goes_out_as_the_plan_says_and_once(runtime: Runtime, told: Gateway) -> None:
    await asked_for(runtime)
    for _ in range(3):
        await work_off(runtime)

    [text] = told.taken
    assert text["address"] == [f"tel:{PHONE}"]
    assert text["clientCorrelator"] == text["receiptRequest"]["callbackData"] == "sms:promise:1"
    words = text["outboundSMSTextMessage"]["message"]
    assert words.startswith("Oma Häme Ensilinja: Soitamme tänään klo 10.00-")
    assert f"{HOME}/s/" in words
    assert told.headers[0]["Authorization"] == "Bearer secret-of-ours"
    assert await states(runtime) == [State.TAKEN]


async def test_neither_the_number_nor_the_link_is_in_a_row(runtime: Runtime, told: Gateway) -> None:
    await asked_for(runtime)
    await work_off(runtime)
    token = told.taken[0]["outboundSMSTextMessage"]["message"].split("/s/")[1].split(" ")[0]

    def rows(tx: Tx) -> str:
        return " ".join(
            repr(row.model_dump()) for model in (Job, Notice, StatusLink) for row in tx.all(select(model))
        )

    kept = await runtime.store.read(rows)
    assert len(token) == 16
    assert token not in kept and PHONE.lstrip("+") not in kept


async def test_a_token_is_got_first_and_used_until_it_is_not_believed(
    runtime: Runtime, told: Gateway, operator: tuple[Gateway, str]
) -> None:
    given: list[dict[str, Any]] = []

    async def token(request: web.Request) -> web.Response:
        given.append({**await request.post(), "auth": request.headers["Authorization"]})
        if len(given) == 1:
            return web.json_response({"error": "busy"}, status=503)
        return web.json_response({"access_token": f"t{len(given)}"})

    tokens = web.Application()
    tokens.router.add_post("/token", token)
    async with TestServer(tokens) as server:
        assert runtime.sms_plan is not None
        way = Token(url=f"http://127.0.0.1:{server.port}/token", headers={"Authorization": "Basic {secret}"})
        plan = runtime.sms_plan.model_copy(
            update={"token": way, "headers": {"Authorization": "Bearer {token}"}}
        )
        sms = gateway.GatewaySms(plan, "YTpi")
        with pytest.raises(NotTaken):
            await sms.send(PHONE, "Hei", "k1")
        assert told.asked == 0
        for key in ("k1", "k2"):
            assert await sms.send(PHONE, "Hei", key)
        told.answers = [401, 201]
        with pytest.raises(NotTaken):
            await sms.send(PHONE, "Hei", "k3")
        await sms.send(PHONE, "Hei", "k3")

    assert given[0] == {"grant_type": "client_credentials", "auth": "Basic YTpi"}
    assert [headers["Authorization"] for headers in told.headers] == ["Bearer t2", "Bearer t2", "Bearer t3"]


@pytest.mark.parametrize("answer", [500, None, 302], ids=str)
async def test_an_unknown_end_is_never_sent_again(
    runtime: Runtime, told: Gateway, clock: FixedClock, answer: int | None
) -> None:
    told.answers = [answer]
    await asked_for(runtime)
    for _ in range(4):
        await work_off(runtime)
        clock.advance(timedelta(minutes=10))

    assert (told.asked, await states(runtime)) == (1, [State.UNKNOWN])


async def test_silence_is_an_unknown_end(
    runtime: Runtime, told: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "ANSWER_WITHIN", 0.05)
    answers = told.take

    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return await answers(request)

    monkeypatch.setattr(Gateway, "take", slow)
    silent = web.Application()
    silent.router.add_post("/messaging/v1/outbound/{sender}/requests", slow)
    async with TestServer(silent) as server:
        assert runtime.sms_plan is not None
        address = f"http://127.0.0.1:{server.port}/messaging/v1/outbound/x/requests"
        runtime.sms = gateway.GatewaySms(runtime.sms_plan.model_copy(update={"url": address}), "s")
        await asked_for(runtime)
        await work_off(runtime)
        await work_off(runtime)

    assert await states(runtime) == [State.UNKNOWN]


async def test_a_runner_that_died_in_the_middle_leaves_an_unknown_end(
    runtime: Runtime, told: Gateway, clock: FixedClock
) -> None:
    await asked_for(runtime)
    [(job, _)] = await runtime.store.read(jobs.due)
    claimed = await runtime.store.write(jobs.claim, job)
    assert isinstance(claimed, JobView)
    await runtime.store.write(sending.begin, claimed, sending.desk_of(runtime), is_repeatable=False)
    clock.advance(jobs.LEASE + timedelta(seconds=1))
    await runtime.store.write(jobs.rescue)
    await work_off(runtime)

    assert (told.asked, await states(runtime)) == (0, [State.UNKNOWN])


async def test_what_the_gateway_refuses_is_not_tried_again(runtime: Runtime, told: Gateway) -> None:
    told.answers = [400]
    await asked_for(runtime)
    await work_off(runtime)
    await work_off(runtime)

    assert (told.asked, await states(runtime)) == (1, [State.REFUSED])


async def test_a_gateway_down_for_two_hours_loses_nothing_and_doubles_nothing(
    runtime: Runtime, told: Gateway, clock: FixedClock
) -> None:
    told.answers = [503]
    for n in range(5):
        await asked_for(runtime, f"+35840123{n:04}", f"c{n}")
    down, back = MONDAY + timedelta(hours=2), MONDAY + timedelta(hours=2, minutes=5)
    while clock.now() < down:
        await work_off(runtime)
        clock.advance(timedelta(seconds=180))
    refused = told.asked
    told.answers = []
    while clock.now() < back:
        await work_off(runtime)
        clock.advance(timedelta(seconds=50))

    keys, wanted = told.keys(), [f"sms:promise:{n}" for n in range(1, 6)]
    lost, doubled = len(set(wanted) - set(keys)), len(keys) - len(set(keys))
    report(
        "F30", "embedded", f"5 texts in two hours of 503: {lost} lost, {doubled} doubled, sent 5 min after"
    )
    assert sorted(keys) == wanted
    assert set(await states(runtime)) == {State.TAKEN}
    assert refused < 5 * 60  # it was left alone meanwhile


async def test_the_night_is_left_alone_but_for_an_answer_to_her_own_act(
    runtime: Runtime, told: Gateway, clock: FixedClock
) -> None:
    quiet = replace(runtime.services.catalogue, limits=SERVICES.catalogue.limits)  # a demo has no such hours
    runtime.services = replace(runtime.services, catalogue=quiet)
    clock.set(datetime(2026, 11, 23, 20, 0, tzinfo=UTC))  # 22.00
    contact = await asked_for(runtime)
    await runtime.store.write(texted, contact, "sms:tried:9", "sms.callback_tried")
    await work_off(runtime)
    assert told.keys() == ["sms:promise:1"]

    clock.set(datetime(2026, 11, 24, 5, 59, tzinfo=UTC))
    await work_off(runtime)
    assert len(told.taken) == 1
    clock.set(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))
    await work_off(runtime)
    assert told.keys() == ["sms:promise:1", "sms:tried:9"]


async def test_what_is_true_no_more_is_not_sent(runtime: Runtime, told: Gateway) -> None:
    received = await runtime.store.write(a_callback)
    await runtime.store.write(texted, received.contact, "sms:tried:1", "sms.callback_tried")
    await runtime.store.write(cancel, received.contact, the_resident(received), SERVICES)
    await work_off(runtime)

    assert told.asked == 0
    assert await states(runtime) == [State.WITHHELD] * 2


async def test_a_text_that_is_late_is_not_sent(runtime: Runtime, told: Gateway, clock: FixedClock) -> None:
    told.answers = [503]
    contact = (await runtime.store.write(lambda tx: a_chat(tx, phone=PHONE))).contact
    await runtime.store.write(texted, contact, "sms:turn:1", "sms.turn")
    await work_off(runtime)
    told.answers = []
    clock.advance(timedelta(minutes=11))
    await work_off(runtime)

    assert (told.taken, await states(runtime)) == ([], [State.LATE])


async def test_a_landline_gets_no_text(runtime: Runtime, told: Gateway) -> None:
    contact = await asked_for(runtime)

    def moved(tx: Tx) -> bool:
        change_phone(tx, the_contact(tx, contact).asker_id, "03 629 6301")
        return text_resident(tx, contact, key="sms:tried:1", text="sms.callback_tried")

    assert not await runtime.store.write(moved)
    await work_off(runtime)
    assert (told.asked, await states(runtime)) == (0, [State.WITHHELD])


async def test_nobody_fills_telephones_by_changing_the_number(runtime: Runtime, told: Gateway) -> None:
    received = await runtime.store.write(a_callback)
    for n in range(15):
        phone = f"+35840777{n:04}"
        await runtime.store.write(change_number, received.contact, phone, the_resident(received), SERVICES)
        runtime.clock.advance(1)  # type: ignore[attr-defined]
        await work_off(runtime)

    assert len(told.taken) == sending.MOST_A_DAY
    assert (await states(runtime)).count(State.WITHHELD) == 16 - sending.MOST_A_DAY


def receipt(key: str, status: str) -> bytes:
    info = {"address": f"tel:{PHONE}", "deliveryStatus": status}
    told = {"deliveryInfoNotification": {"callbackData": key, "deliveryInfo": [info]}}
    return json.dumps(told).encode()


def reply(reply_id: str, text: str, number: str = PHONE) -> bytes:
    said = {"messageId": reply_id, "senderAddress": f"tel:{number}", "message": text}
    return json.dumps({"inboundSMSMessageNotification": {"inboundSMSMessage": said}}).encode()


async def hook(client: Client, body: bytes, **headers: str) -> int:
    given = headers or {"Authorization": f"Bearer {HOOK}"}
    async with client.post("/hooks/sms", data=body, headers=given) as answer:
        return answer.status


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        (["DeliveredToTerminal"] * 5, State.DELIVERED),
        (["DeliveryImpossible", "DeliveredToTerminal"], State.DELIVERED),
        (["DeliveredToTerminal", "DeliveryImpossible"], State.DELIVERED),
        (["MessageWaiting", "DeliveryImpossible", "DeliveredToNetwork"], State.FAILED),
    ],
)
async def test_receipts_come_in_any_order(
    client: Client, runtime: Runtime, heard: list[str], state: State
) -> None:
    await asked_for(runtime)
    await work_off(runtime)
    for status in heard:
        assert await hook(client, receipt("sms:promise:1", status)) == 200
    assert await hook(client, receipt("sms:promise:99", heard[0])) == 200

    assert await states(runtime) == [state]


async def test_the_console_is_told_of_each_change_once(client: Client, runtime: Runtime) -> None:
    """An event for each state, by which an open contact is read anew; the words are in none."""
    await asked_for(runtime)
    await work_off(runtime)
    for status in ("DeliveredToTerminal", "DeliveredToTerminal"):
        assert await hook(client, receipt("sms:promise:1", status)) == 200
    news = await runtime.store.read(read_events, contact=1)
    texts = await runtime.store.read(texts_of, 1)

    told = [event.data for event in news if event.type == "text.told"]
    assert told == [
        {"text": "sms.callback_promised", "state": "taken"},
        {"text": "sms.callback_promised", "state": "delivered"},
    ]
    assert [(text.text, text.state) for text in texts] == [("sms.callback_promised", "delivered")]


async def test_a_receipt_that_overtakes_the_answer_stands(runtime: Runtime) -> None:
    await asked_for(runtime)
    [(job, _)] = await runtime.store.read(jobs.due)
    claimed = await runtime.store.write(jobs.claim, job)
    assert isinstance(claimed, JobView)
    await runtime.store.write(sending.begin, claimed, sending.desk_of(runtime), is_repeatable=False)

    def overtakes(tx: Tx) -> None:
        assert sending.receive(tx, key=claimed.key, gateway_id="", state=State.DELIVERED)
        sending.settle(tx, claimed.key, State.TAKEN, "id-7")
        assert sending.receive(tx, key="", gateway_id="id-7", state=State.FAILED)

    await runtime.store.write(overtakes)
    assert await states(runtime) == [State.DELIVERED]


def forged(now: datetime, body: bytes) -> list[dict[str, str]]:
    stamp, good = sign(HOOK.encode(), now, body)
    late_stamp, late = sign(HOOK.encode(), now - timedelta(seconds=301), body)
    _, other = sign(HOOK.encode(), now, body + b" ")
    _, wrong = sign(b"x" * 40, now, body)
    return [
        {"X-Nothing": "1"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {HOOK[:-1]}"},
        {"Authorization": f"Basic {HOOK}x"},
        {TIMESTAMP: stamp, SIGNATURE: other},
        {TIMESTAMP: stamp, SIGNATURE: wrong},
        {TIMESTAMP: late_stamp, SIGNATURE: late},
        {TIMESTAMP: late_stamp, SIGNATURE: good},
        {SIGNATURE: good},
    ]


async def test_only_the_gateway_is_heard(client: Client, runtime: Runtime) -> None:
    await asked_for(runtime)
    await work_off(runtime)
    body = receipt("sms:promise:1", "DeliveredToTerminal")
    now = runtime.clock.now()
    for headers in forged(now, body):
        assert await hook(client, body, **headers) == 401, headers
    assert await states(runtime) == [State.TAKEN]

    stamp, signature = sign(HOOK.encode(), now, body)
    assert await hook(client, body, **{TIMESTAMP: stamp, SIGNATURE: signature}) == 200
    assert await states(runtime) == [State.DELIVERED]


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{", b"null", b'{"a": 1}', b'{"a": {"b": [1]}}'])
async def test_what_is_not_of_the_shape_is_nothing(client: Client, runtime: Runtime, body: bytes) -> None:
    assert await hook(client, body) in (200, 400)
    assert await runtime.store.read(lambda tx: tx.scalar(select(func.count()).select_from(Inbox))) == 0


async def test_a_reply_is_kept_in_the_open_contact_once(client: Client, runtime: Runtime) -> None:
    contact = await asked_for(runtime)
    await work_off(runtime)
    for _ in range(5):
        assert await hook(client, reply("m1", "Soittakaa\x07 vasta iltapäivällä")) == 200

    lines = await runtime.store.read(lambda tx: read_lines(tx, contact, after=0, notes=True))
    assert [line.text for line in lines] == ["SMS: Soittakaa  vasta iltapäivällä"]


async def test_who_has_no_open_contact_is_answered_once_a_day(
    client: Client, runtime: Runtime, told: Gateway, clock: FixedClock
) -> None:
    for n in range(3):
        assert await hook(client, reply(f"m{n}", "Hei", OTHER_PHONE)) == 200
        await work_off(runtime)
    [answer] = told.taken
    assert answer["address"] == [f"tel:{OTHER_PHONE}"]
    assert "112" in answer["outboundSMSTextMessage"]["message"]
    assert await runtime.store.read(lambda tx: tx.all(select(Notice.number_sealed))) == [None]  # type: ignore[call-overload]

    clock.advance(timedelta(hours=25))
    await hook(client, reply("m9", "Hei", OTHER_PHONE))
    await work_off(runtime)
    assert len(told.taken) == 2


async def test_nobody_is_answered_at_a_number_that_may_not_be_dialled(
    client: Client, runtime: Runtime, told: Gateway
) -> None:
    for n, number in enumerate(("112", "0600123456", "Posti", "16100")):
        assert await hook(client, reply(f"m{n}", "Hei", number)) == 200
    await work_off(runtime)

    assert told.asked == 0


def test_the_shipped_default_cannot_send() -> None:
    assert load_settings({}, {}).sms == "file"
    assert isinstance(app.texting(load_settings({}, {}), None), FileSms)
