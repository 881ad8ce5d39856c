"""Nobody gets past a policy: not by a route, not by an operation, not by a guess, not by 2,000 bad frames."""

import json
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select, text

from chat import service as chat
from core.access import first_broken
from core.errors import EnsilinjaError
from core.identity import Actor, Role
from core.models import AccessLog
from core.rights import POLICIES, Subject, Verdict
from core.store import Tx
from ensilinja import accounts, app, demo
from ensilinja.accounts import NewAccount
from ensilinja.auth import sessions
from ensilinja.doors import COOKIES, SECURITY_HEADERS, Door
from ensilinja.ops import OPS, Op, perform, read_body
from ensilinja.runtime import Runtime
from queues import agents
from queues.service import entry_of
from router.intake import receive
from router.services import Services
from tests.demos import a_stored_demo
from tests.rooms import an_arrival

Client = TestClient[web.Request, web.Application]
SECRET = "Vain hoitajalle tarkoitettu asia"
GONE = 999_999
DENIED = ("forbidden", "not_found", "unauthenticated")
# Something of the right shape for every field that any operation has; a new field is added here.
SAMPLE: dict[str, Any] = {
    "again": False,
    "answers": {"who": "self"},
    "assignment": 1,
    "attempt": 1,
    "capacity": 3,
    "chat": 1,
    "client_id": "0123456789abcdef",
    "code": "RESOLVED_ADVICE",
    "device": "browser",
    "languages": ["fi"],
    "note": "",
    "others_no": True,
    "queue": "physio",
    "reason": "busy",
    "result": "reached",
    "seen_seq": 9,
    "seq": 1,
    "siblings": [],
    "start": None,
    "state": "ready",
    "release": False,
    "sure": False,
    "text": "Hei",
    "to": 1,
    "topic": "sore_throat",
    "urgency": "SAME_DAY",
    "why": "",
    "words": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Two residents, of whom B talks with Maija, and the staff; each with the secret of a session."""

    a: int
    b: int
    tokens: Mapping[str, str]
    actors: Mapping[str, Actor]


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    """A demo's parts with its store and without its loops."""
    async with a_stored_demo(tmp_path) as runtime:
        yield runtime


@pytest.fixture
async def house(runtime: Runtime) -> House:
    found = await runtime.store.write(furnish, runtime.services)
    await runtime.feed.prime()
    return found


def furnish(tx: Tx, services: Services) -> House:
    admin = NewAccount(username="aino", name="Aino A.", profession="pääkäyttäjä", roles=(Role.ADMIN,))
    for person in (*demo.people_for(services.catalogue), admin):
        accounts.create(tx, person, "-", {queue.id for queue in services.catalogue.queues})
    a, b = (receive(tx, an_arrival(tx, name), services).contact for name in ("a", "b"))
    tokens = {
        "resident A": sessions.begin_resident(tx, lang="fi", answers=None, contact=a),
        "resident B": sessions.begin_resident(tx, lang="fi", answers=None, contact=b),
    }
    for name in ("maija", "ville", "sanna", "liisa", "aino"):
        tokens[name] = sessions.sign_in(tx, accounts.find(tx, name) or 0, "fi")
    actors = {name: sessions.identify(tx, token, kind(name)).actor for name, token in tokens.items()}
    maija = actors["maija"]
    for name in ("maija", "ville"):
        agents.start_shift(tx, actors[name].id, capacity=3, languages=frozenset({"fi"}), device="browser")
    chat.take(tx, maija, b, "by_hand", services)
    chat.send(tx, actors["resident B"], b, client_id="0123456789abcdee", text=SECRET, services=services)
    return House(a=a, b=b, tokens=tokens, actors={**actors, "nobody": sessions.UNIDENTIFIED.actor})


def kind(name: str) -> Any:
    return "resident" if name.startswith("resident") else "staff"


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[Client]:
    server = TestServer(app.make_app(runtime))
    await server.start_server()
    origin = str(server.make_url("/")).rstrip("/")
    runtime.origins = frozenset({origin})
    async with TestClient(server, headers={"Origin": origin, "Accept": "text/html"}) as client:
        yield client


def cookie(house: House, name: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIES[kind(name)]}={house.tokens[name]}"}


async def hello(client: Client, house: House, name: str, role: str) -> tuple[ClientWebSocketResponse, Any]:
    """A socket that has said hello, and the answer."""
    headers = {**cookie(house, name), "Origin": client.session.headers["Origin"]}
    socket = await client.ws_connect("/ws", headers=headers)
    await socket.send_str(json.dumps({"op": "hello", "id": "h", "role": role, "seen": {}}))
    return socket, await answer(socket, "h")


async def answer(socket: ClientWebSocketResponse, identity: str) -> Any:
    """The answer to one request; what else comes is passed over."""
    while True:
        frame = await socket.receive_json(timeout=5)
        if frame.get("id") == identity:
            return frame


async def ask(socket: ClientWebSocketResponse, op: str, **body: object) -> Any:
    await socket.send_str(json.dumps({"op": op, "id": "x", **body}))
    return await answer(socket, "x")


def unguarded(routes: Any) -> list[str]:
    """Routes without a door, or whose door's action has no policy."""
    doors = [(route, getattr(route.handler, "door", None)) for route in routes]
    return [str(route.resource) for route, door in doors if door is None or door.action not in POLICIES]


def unruled(ops: Mapping[Any, Op]) -> list[str]:
    """Operations whose action has no policy."""
    return [op.name for op in ops.values() if op.action not in POLICIES]


async def test_every_route_and_operation_has_a_policy(runtime: Runtime) -> None:
    routes = list(app.make_app(runtime).router.routes())

    assert len(routes) > 30 and unguarded(routes) == []
    assert len(OPS) > 20 and unruled(OPS) == []


async def test_made_up_door_without_a_policy_is_found() -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response()

    async def guarded(request: web.Request) -> web.Response:
        return web.Response()

    door = Door(method="GET", path="/b", action="no.such", audience="resident", page=page)
    guarded.door = door  # type: ignore[attr-defined]
    bare = web.Application()
    bare.router.add_get("/a", page, allow_head=False)
    bare.router.add_get("/b", guarded, allow_head=False)
    some = next(iter(OPS.values()))
    made_up = Op(name="made.up", action="no.such", body=some.body, about=some.about, run=some.run)

    assert len(unguarded(bare.router.routes())) == 2
    assert unruled({("staff", "made.up"): made_up}) == ["made.up"]


class Undone(Exception):
    """Takes an operation back."""


def attempt(tx: Tx, operation: Op, actor: Actor, contact: int, services: Services, codes: list[str]) -> None:
    """Carries an operation out, notes what came of it, and takes it back."""
    values = {**SAMPLE, "contact": contact, "assignment": entry_of(tx, contact).assignment}
    body = {name: values[name] for name in operation.body.model_fields}
    try:
        perform(tx, operation, actor, read_body(operation, body), services)
        codes.append("done")
    except EnsilinjaError as error:
        codes.append(error.code)
    raise Undone


async def what_comes(runtime: Runtime, operation: Op, actor: Actor, contact: int) -> str:
    codes: list[str] = []
    with pytest.raises(Undone):
        await runtime.store.write(attempt, operation, actor, contact, runtime.services, codes)
    return codes[0]


async def test_every_kind_of_staff_gets_what_the_policy_says_of_every_operation(
    runtime: Runtime, house: House
) -> None:
    subject = Subject(contact=house.b, queue="nurse", holder=house.actors["maija"].id)
    for name in ("maija", "ville", "sanna", "liisa", "aino", "nobody"):
        actor = house.actors[name]
        for operation in (op for (audience, _), op in OPS.items() if audience == "staff"):
            code = await what_comes(runtime, operation, actor, house.b)
            has_contact = "contact" in operation.body.model_fields
            verdict = POLICIES[operation.action](actor, subject if has_contact else None)
            refused = {
                Verdict.NO: ("unauthenticated" if name == "nobody" else "forbidden",),
                Verdict.HIDDEN: ("not_found",),
            }
            if verdict is Verdict.YES:
                assert code not in ("forbidden", "unauthenticated"), (name, operation.name)
                may_lack = not has_contact or operation.name.startswith("callback.")
                assert code != "not_found" or may_lack, (name, operation.name)
            else:
                assert (code,) == refused[verdict], (name, operation.name)


async def test_staff_outside_the_contact_may_do_nothing_to_it(runtime: Runtime, house: House) -> None:
    staff = {name: op for (audience, name), op in OPS.items() if audience == "staff"}
    about = [op for op in staff.values() if "contact" in op.body.model_fields]
    assert len(about) >= 15
    for op in about:
        assert await what_comes(runtime, op, house.actors["sanna"], house.b) == "not_found", op.name
        assert await what_comes(runtime, op, house.actors["aino"], house.b) == "forbidden", op.name
        if op.name != "entry.explain":
            assert await what_comes(runtime, op, house.actors["liisa"], house.b) == "forbidden", op.name
    for name in ("message.send", "contact.close", "contact.transfer", "contact.assess", "callback.dial"):
        assert await what_comes(runtime, staff[name], house.actors["ville"], house.b) == "not_found", name


async def test_another_queue_s_contact_answers_as_one_that_is_not_there(client: Client, house: House) -> None:
    socket, greeted = await hello(client, house, "sanna", "console")
    snapshot = greeted["snapshot"]
    assert snapshot["own"] == snapshot["waiting"] == snapshot["callbacks"] == []
    for (audience, name), operation in OPS.items():
        if audience == "staff" and "contact" in operation.body.model_fields:
            body = {field: SAMPLE[field] for field in operation.body.model_fields if field != "contact"}
            yours, nobodys = [await ask(socket, name, contact=c, **body) for c in (house.b, GONE)]
            assert yours == nobodys, name
            assert yours["error"] == "not_found", name
    assert await ask(socket, "message.typing", contact=house.b) == await ask(
        socket, "message.typing", contact=GONE
    )
    await socket.close()


@pytest.mark.parametrize(
    ("name", "role", "code"),
    [
        ("liisa", "console", "forbidden"),
        ("maija", "board", "forbidden"),
        ("aino", "console", "forbidden"),
        ("aino", "board", "forbidden"),
        ("resident A", "console", "unauthenticated"),
        ("maija", "resident", "unauthenticated"),
    ],
)
async def test_hello_is_for_one_s_own_role(
    client: Client, house: House, name: str, role: str, code: str
) -> None:
    socket, greeted = await hello(client, house, name, role)

    assert greeted["error"] == code and "snapshot" not in greeted
    assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE


async def test_resident_cannot_reach_another_s_contact(
    client: Client, runtime: Runtime, house: House
) -> None:
    a, greeted = await hello(client, house, "resident A", "resident")
    b, _ = await hello(client, house, "resident B", "resident")
    assert greeted["snapshot"]["contact"] == house.a and SECRET not in json.dumps(greeted)
    for (audience, name), operation in OPS.items():
        prober, _ = await hello(client, house, "resident A", "resident")  # too many mistakes end a socket
        body = {field: SAMPLE.get(field) for field in operation.body.model_fields if field != "contact"}
        yours, nobodys = [await ask(prober, name, **body, contact=c) for c in (house.b, GONE)]
        assert yours == nobodys and yours["error"] == "malformed", (audience, name)
        await prober.close()
    stray = await ask(a, "hello", role="resident", seen={"contact": house.b})
    assert stray["error"] == "malformed"

    await ask(b, "message.send", client_id="0123456789abcdea", text=SECRET, seen_seq=0)
    await ask(b, "message.typing")
    await runtime.feed.turn()
    heard = [await everything(socket) for socket in (a, b)]
    assert SECRET in heard[1] and f'"contact":{house.b}' in heard[1].replace(" ", "")
    assert SECRET not in heard[0] and f'"contact":{house.b}' not in heard[0].replace(" ", "")


async def everything(socket: ClientWebSocketResponse) -> str:
    """All that has been sent to the browser until now."""
    await socket.send_str(json.dumps({"op": "ping", "id": "last"}))
    heard: list[str] = []
    while not heard or json.loads(heard[-1]).get("id") != "last":
        heard.append((await socket.receive(timeout=5)).data)
    return "\n".join(heard)


async def test_pages_show_only_one_s_own_contact(client: Client, house: House) -> None:
    for path in ("/keskustelu.txt", "/paattynyt", "/odotus", "/keskustelu", "/soittopyynto"):
        own = await client.get(path, headers=cookie(house, "resident B"))
        other = await client.get(path, headers=cookie(house, "resident A"))
        nobody = await client.get(path, allow_redirects=False)
        guess = await client.get(
            f"{path}?contact={house.b}&id={house.b}", headers=cookie(house, "resident A")
        )
        assert own.status == 200
        assert SECRET not in await other.text() and SECRET not in await guess.text()
        assert nobody.status in (401, 403, 404), path
        assert SECRET not in await nobody.text()
    assert SECRET in await (await client.get("/keskustelu.txt", headers=cookie(house, "resident B"))).text()


async def test_another_s_token_does_not_open_a_form(client: Client, runtime: Runtime, house: House) -> None:
    b = await runtime.store.read(sessions.identify, house.tokens["resident B"], "resident")
    posts = [door for doors in app.all_doors(is_demo=True) for door in doors.all if door.method == "POST"]
    for door in posts:
        if door.audience == "resident":
            path = door.path.replace("{question}", "who").replace("{call}", "c").replace("{token}", "x")
            sent = {"csrf": b.csrf}
            answered = await client.post(path, data=sent, headers=cookie(house, "resident A"))
            assert answered.status == 403, path
            foreign = {**cookie(house, "resident B"), "Origin": "https://elsewhere.example"}
            assert (await client.post(path, data=sent, headers=foreign)).status == 403, path


def count(tx: Tx) -> int:
    return int(tx.scalar(select(func.count()).select_from(AccessLog)))


async def test_read_of_content_leaves_its_row_or_fails(
    client: Client, runtime: Runtime, house: House
) -> None:
    socket, _ = await hello(client, house, "maija", "console")
    before = await runtime.store.read(count)
    opened = await ask(socket, "contact.open", contact=house.b)
    assert SECRET in json.dumps(opened, ensure_ascii=False)
    assert await runtime.store.read(count) > before
    assert await runtime.store.read(first_broken) is None

    await runtime.store.write(lambda tx: tx.execute(text("ALTER TABLE access_log RENAME TO lost")))
    failed = await ask(socket, "contact.open", contact=house.b)
    taken = await ask(socket, "entry.take", contact=house.a)
    assert failed["error"] and "brief" not in failed and SECRET not in json.dumps(failed, ensure_ascii=False)
    assert taken["error"] and (await runtime.store.read(entry_of, house.a)).state == "waiting"

    await runtime.store.write(lambda tx: tx.execute(text("ALTER TABLE lost RENAME TO access_log")))
    assert "brief" in await ask(socket, "contact.open", contact=house.b)


async def test_every_answer_carries_the_security_headers(client: Client, house: House) -> None:
    doors = [door for each in app.all_doors(is_demo=True) for door in each.all]
    assert len(doors) > 30
    for door in doors:
        if door.path == "/ws":
            continue
        path = door.path.replace("{question}", "who").replace("{call}", "c").replace("{lang}", "fi")
        for who in ({}, cookie(house, "resident B"), cookie(house, "maija")):
            answered = await client.request(door.method, path, headers=who, allow_redirects=False)
            for header, value in SECURITY_HEADERS.items():
                assert answered.headers.get(header) == value, (door.method, path, header)
            assert "Cache-Control" in answered.headers, path
            assert "aiohttp" not in answered.headers["Server"], path
    for method, path in (("GET", "/nothing"), ("PUT", "/"), ("GET", "/static/nothing.css")):
        answered = await client.request(method, path)
        assert answered.headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]


VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2, 2**53, 10**30, 1.5, float("nan"), "", "a", "\x00", "é" * 5000, "\ud800",
    [], [[]], {}, {"a": {}}, "0123456789abcdef", "RESOLVED_ADVICE", ["fi"], ["fi", "fi"], "EMERGENCY",
)  # fmt: skip
RAW = (
    "",
    "x",
    "null",
    "[]",
    "{",
    '{"op":1}',
    '{"op":"ping","op":"ping","id":"1"}',
    "[" * 5000,
    "\u0000",
    '"' * 99,
)


def bad_frame(dice: random.Random, contacts: tuple[int, ...]) -> str:
    """A frame that is not JSON, not a request, or a request with anything in its fields."""
    if dice.random() < 0.15:
        return dice.choice(RAW)
    names = [name for _, name in OPS] + ["hello", "ping", "message.typing", "none.such", "x" * 50]
    frame: dict[str, Any] = {"op": dice.choice(names), "id": dice.choice(["1", "a" * 64, "", 5, None, "i"])}
    for field in dice.sample([*SAMPLE, "contact", "extra", "role"], dice.randint(0, 6)):
        usual = [SAMPLE.get(field), *contacts] if field != "contact" else list(contacts)
        frame[field] = dice.choice(usual) if dice.random() < 0.5 else dice.choice(VALUES)
    said = json.dumps(frame, ensure_ascii=dice.random() < 0.5)
    said = said.encode("utf-8", "replace").decode()
    return said[: dice.randint(0, len(said))] if dice.random() < 0.1 else said


@pytest.mark.parametrize(("name", "role"), [("resident B", "resident"), ("maija", "console")])
async def test_bad_frames_are_refused_one_by_one(client: Client, house: House, name: str, role: str) -> None:
    dice, sent, answers = random.Random(4), 0, []
    contacts = (house.a, house.b, GONE)
    while sent < 1000:
        socket, greeted = await hello(client, house, name, role)
        assert "snapshot" in greeted
        while not socket.closed and sent < 1000:
            await socket.send_str(bad_frame(dice, contacts))
            sent += 1
            heard = await socket.receive(timeout=5)
            while heard.type is WSMsgType.TEXT and "ev" in json.loads(heard.data):
                heard = await socket.receive(timeout=5)
            if heard.type is not WSMsgType.TEXT:
                break
            answers.append(json.loads(heard.data))
        await socket.close()

    codes = {frame.get("error") for frame in answers}
    assert "error" not in codes and "malformed" in codes
    assert (await client.get("/livez")).status == 200
    socket, greeted = await hello(client, house, name, role)
    assert "snapshot" in greeted
    await socket.close()
