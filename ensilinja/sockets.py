"""The browser's socket: identify, snapshot, then requests one at a time and news as it comes. Bounded in
every direction."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import WSMsgType, web

from chat import presence
from core import wire
from core.errors import EnsilinjaError, Malformed, NotFound, TooMany, Unauthenticated, Unavailable
from core.identity import Role
from core.rights import authorize
from ensilinja import metrics, ops_calls, ops_form, ops_resident, ops_staff, snapshots
from ensilinja.admission import takes_residents
from ensilinja.auth import sessions
from ensilinja.auth.sessions import Identified
from ensilinja.doors import COOKIES, Doors, check_origin, identify, language
from ensilinja.listeners import GOODBYE, Connection
from ensilinja.ops import OfContact, find_op, read_body
from ensilinja.runtime import RUNTIME, Runtime

log = structlog.get_logger(__name__)

doors = Doors("machine")

# Seconds without a word from the browser until it is asked for one; it has half as long to answer. Who looks
# after people is missed sooner, and a telephone's radio is not woken for every resident.
HEARTBEAT, STAFF_HEARTBEAT = 20.0, 5.0
FIRST_FRAME = 10.0  # seconds to say hello
UNTAKEN = 16_384  # bytes the operating system has not taken yet; what comes then waits for it
SEND = 2.0  # seconds for the operating system to take it: a browser that lets it wait is not reading
LOOK = 0.05  # seconds between looks whether it has
ERRORS, ERROR_WINDOW = 20, 10.0  # malformed frames in so many seconds before the socket is closed
RATE, BURST = 20.0, 60.0  # operations a second, and at once: a person's hand is slower by far
CLOSE_POLICY, CLOSE_BROKEN, CLOSE_RESTART = 1008, 1011, 1012
ROLES = ("resident", "console", "board")

__all__ = ["doors", "ops_calls", "ops_form", "ops_resident", "ops_staff"]


@dataclass(slots=True)
class Allowance:
    """What one socket may still do: a bucket of operations and a memory of errors."""

    tokens: float = BURST
    at: float = 0.0
    errors: deque[float] = field(default_factory=lambda: deque(maxlen=ERRORS))

    def spend(self, now: float) -> None:
        """Takes one operation; TooMany when there is none left."""
        self.tokens = min(BURST, self.tokens + (now - self.at) * RATE)
        self.at = now
        if self.tokens < 1:
            raise TooMany(retry_after=1)
        self.tokens -= 1

    def blunder(self, now: float) -> bool:
        """Counts a malformed frame; True when there were too many lately."""
        self.errors.append(now)
        return len(self.errors) == ERRORS and now - self.errors[0] < ERROR_WINDOW


@doors.get("/ws", "public")
async def socket(request: web.Request) -> web.StreamResponse:
    """One browser's socket, from hello to close."""
    check_origin(request)
    runtime = request.app[RUNTIME]
    heartbeat = STAFF_HEARTBEAT if COOKIES["staff"] in request.cookies else HEARTBEAT
    response = web.WebSocketResponse(heartbeat=heartbeat, max_msg_size=wire.MAX_FRAME, compress=False)
    await response.prepare(request)
    identity = None
    try:
        hello = await first_frame(response)
        identity = hello.id
        who, connection = await greet(request, hello)
    except EnsilinjaError as error:
        await refuse(response, error, identity)
        return response
    try:
        await serve(runtime, response, connection, who, hello, request.transport)
    except Exception:  # the answer is already a socket: there is no error page to show
        log.exception("socket failed")
        await response.close(code=CLOSE_BROKEN)
    finally:
        runtime.feed.leave(connection)  # presence is renewed while a page is open; silence tells of its end
    return response


async def first_frame(response: web.WebSocketResponse) -> wire.Frame:
    """The hello; Malformed or Unauthenticated for anything else."""
    try:
        message = await response.receive(timeout=FIRST_FRAME)
    except TimeoutError:
        raise Malformed(reason="silent") from None
    if message.type is not WSMsgType.TEXT:
        raise Malformed(reason="not_text")
    frame = wire.parse(message.data)
    if frame.op != "hello" or frame.body.get("role") not in ROLES:
        raise Malformed(reason="hello")
    return frame


async def refuse(response: web.WebSocketResponse, error: EnsilinjaError, hello: str | None) -> None:
    """Says why to the hello of that id, and closes."""
    log.info("socket refused", code=error.code)
    with contextlib.suppress(ConnectionError, RuntimeError):
        await response.send_frame(wire.error(error.code, hello, error.message), WSMsgType.TEXT)
        await response.close(code=CLOSE_POLICY, message=error.code.encode())


async def greet(request: web.Request, hello: wire.Frame) -> tuple[Identified, Connection]:
    """Finds the session and joins the feed; what arrives before the snapshot is kept for after it."""
    runtime = request.app[RUNTIME]
    role = str(hello.body["role"])
    who = await identify(request, "resident" if role == "resident" else "staff")
    if who.session == 0:
        raise Unauthenticated
    if role == "resident" and not who.contact:
        raise Unauthenticated(reason="no_contact")
    authorize(who.actor, {"resident": "hello", "console": "console.open", "board": "board.read"}[role])
    loop = asyncio.get_running_loop()

    def evict() -> None:
        if request.transport is not None:  # a polite close would wait for a browser that does not read
            loop.call_soon(request.transport.abort)

    connection = Connection(actor=who.actor, role=role, lang=language(request), evict=evict)
    runtime.feed.join(connection)
    return who, connection


async def serve(
    runtime: Runtime,
    response: web.WebSocketResponse,
    connection: Connection,
    who: Identified,
    hello: wire.Frame,
    transport: asyncio.Transport | None,
) -> None:
    """Sends the snapshot, then carries frames both ways until the browser is gone."""
    if transport is None:
        return  # the browser has gone already
    metrics.sockets_changed(connection.role, 1)
    try:
        async with asyncio.TaskGroup() as group:
            outlet = Outlet(response, connection, transport, group)
            try:
                await welcome(runtime, connection, who, hello)
                await read_frames(runtime, response, connection)
            except EnsilinjaError as error:
                await refuse(response, error, hello.id)
            finally:
                outlet.is_over = True
    except* ConnectionError:
        log.debug("socket gone")  # the browser went while a frame was on its way to it
    finally:
        metrics.sockets_changed(connection.role, -1)


async def welcome(runtime: Runtime, connection: Connection, who: Identified, hello: wire.Frame) -> None:
    """Answers the hello. A function of its own, for what it makes must not live as long as the socket."""
    snapshot = await snapshots.take(runtime, connection, who, hello.body)
    connection.open_with(wire.ok("hello", hello.id, snapshot=snapshot))


class Outlet:
    """Carries what is queued for a browser to its socket: whatever one turn of the loop brings, in one write.

    A browser that lets the operating system wait for `SEND` is dropped.
    """

    def __init__(
        self,
        response: web.WebSocketResponse,
        connection: Connection,
        transport: asyncio.Transport,
        group: asyncio.TaskGroup,
    ) -> None:
        """From now on the connection's frames go out."""
        self._response, self._connection, self._transport = response, connection, transport
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._stuck_since: float | None = None
        self.is_over = False
        connection.empty = self._ask

    def _ask(self) -> None:
        self._loop.call_soon(self._write)

    def _write(self) -> None:
        if self._transport.get_write_buffer_size() > UNTAKEN:
            self._wait()
            return
        self._stuck_since = None
        frames = list(self._connection.outbox)
        self._connection.outbox.clear()
        if self.is_over or self._response.closed:
            return  # nothing follows a farewell
        self.is_over = GOODBYE in frames
        if self.is_over:
            del frames[frames.index(GOODBYE) :]
        self._transport.write(b"".join(map(wire.framed, frames)))
        if self.is_over:
            farewell = self._response.close(code=CLOSE_RESTART, message=b"restart")
            self._group.create_task(farewell, name="socket-farewell")

    def _wait(self) -> None:
        now = self._loop.time()
        self._stuck_since = self._stuck_since if self._stuck_since is not None else now
        if now - self._stuck_since < SEND:
            self._loop.call_later(LOOK, self._write)
            return
        metrics.count_evicted()
        self._connection.evict()


async def read_frames(runtime: Runtime, response: web.WebSocketResponse, connection: Connection) -> None:
    """Answers requests in their order."""
    allowance = Allowance(at=runtime.clock.monotonic())
    async for message in response:
        if message.type is not WSMsgType.TEXT:
            answer, is_blunder = wire.error("malformed", None, "not text"), True
        else:
            answer, is_blunder = await answer_frame(runtime, connection, allowance, message.data)
        connection.send(answer)
        if is_blunder and allowance.blunder(runtime.clock.monotonic()):
            await response.close(code=CLOSE_POLICY, message=b"malformed")
            return


async def answer_frame(
    runtime: Runtime, connection: Connection, allowance: Allowance, text: str
) -> tuple[bytes, bool]:
    """The answer to one frame, and whether the frame itself was bad."""
    identity: str | None = None
    try:
        frame = wire.parse(text)
        identity = frame.id
        allowance.spend(runtime.clock.monotonic())
        answer = wire.ok(frame.op, frame.id, **await run_op(runtime, connection, frame))
        metrics.count_frame(frame.op, "ok")
        return answer, False
    except EnsilinjaError as error:
        metrics.count_frame("refused", error.code)
        if error.status == 409:
            metrics.count_fenced()
        told = {k: v for k, v in error.detail.items() if k in ("field", "reason", "newest", "retry_after")}
        return wire.error(error.code, identity, error.message, **told), isinstance(error, Malformed)
    except Exception:
        log.exception("operation failed")
        return wire.error("error", identity, "The request could not be carried out."), False


async def run_op(runtime: Runtime, connection: Connection, frame: wire.Frame) -> Mapping[str, Any]:
    """Carries out one operation: those of the connection itself here, the others in one transaction."""
    if frame.op == "ping":
        return await ping(runtime, connection)
    if frame.op == "message.typing":
        return typing(runtime, connection, frame.body)
    if connection.role == "resident" and not takes_residents(runtime.filled):
        raise Unavailable(reason="busy")
    operation = find_op(connection.actor, frame.op)
    body = read_body(operation, frame.body)
    opens = body if isinstance(body, OfContact) and frame.op == "contact.open" else None
    if opens is not None:
        # Before the read: no line may fall between it and the first one pushed. The feed checks the right.
        connection.open_contacts.add(opens.contact)
    answer = await runtime.store.write(operation.doing, operation, connection.actor, body, runtime.services)
    if opens is not None:
        messages = [runtime.feed.message(line, connection.lang) for line in answer["messages"]]
        return {**answer, "messages": messages}
    return answer


def typing(runtime: Runtime, connection: Connection, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tells the other side that somebody writes.

    Not stored, not numbered, and told only within this process.
    """
    contact = connection.actor.id if connection.role == "resident" else body.get("contact")
    if not isinstance(contact, int) or (
        connection.role != "resident" and contact not in connection.open_contacts
    ):
        raise NotFound
    frame = wire.ev("typing" if connection.role != "resident" else "chat.typing", contact=contact)
    listeners = runtime.feed.listeners
    if connection.role != "resident":
        others = listeners.residents(contact)
    else:
        others = [console for console in listeners.consoles if contact in console.open_contacts]
    for other in others:
        other.send(frame)
    return {}


async def ping(runtime: Runtime, connection: Connection) -> Mapping[str, Any]:
    """A sign of life; a professional's renews the lease of her shift."""
    if connection.role == "console" and Role.AGENT in connection.actor.roles:
        await runtime.store.write(ops_staff.renew, connection.actor.id, runtime.services)
    return {"now": runtime.clock.now()}


async def check_sessions(runtime: Runtime) -> None:
    """Closes the sockets whose session has ended, and notes that the others are in use."""
    asked = list(runtime.feed.connections)  # who comes meanwhile has been looked at by the hello
    if not asked:
        return
    live, stale = await runtime.store.read(sessions.alive, {each.actor.session for each in asked})
    for connection in asked:
        if connection.actor.session not in live:
            connection.evict()
    if stale:
        await runtime.store.write(sessions.touch, stale)
    here = {c.actor.id for c in runtime.feed.connections if c.role == "resident"}
    if stale_here := await runtime.store.read(presence.not_renewed, here):
        await runtime.store.write(presence.renew, stale_here)
