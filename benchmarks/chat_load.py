"""The load of the chat benchmark, in a process of its own: sockets that write, hear and take the time.

Reads `{"mode": ...}` lines and prints what was seen as JSON, and again when nothing is on its way any more.
The client is a bare asyncio protocol: a library's would need more time for a frame than the relay does, and
the relay would be measured too slow.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COOKIES = {"resident": "__Host-ensilinja", "console": "__Host-ensilinja-staff"}
BEAT = 5.0  # seconds between a console's signs of life
PATIENCE = 60.0  # seconds for an answer while all connect
RETRY = 0.1  # seconds after a refusal
MARK = b"@@"
DIGITS = 10
TEXT = "Hei, kuume on nyt 38,5 eikä laske lääkkeellä. @@{:010d}"


class Socket(asyncio.Protocol):
    """One WebSocket client: `heard` gets every text frame's bytes."""

    def __init__(self, plan: dict[str, Any], role: str, token: str, heard: Callable[[bytes], None]) -> None:
        self._plan, self._role, self._token = plan, role, token
        self.heard = heard
        self._buffer = bytearray()
        self._is_open = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        key = base64.b64encode(b"0123456789abcdef").decode()
        self.transport.write(
            (
                f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self._plan['port']}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Origin: http://127.0.0.1:{self._plan['port']}\r\n"
                f"Cookie: {COOKIES[self._role]}={self._token}\r\n\r\n"
            ).encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        print(f"a {self._role}'s socket was closed: {error}", file=sys.stderr)

    def send(self, frame: dict[str, Any]) -> None:
        """One masked text frame; the mask is zero, which is a mask too."""
        data = json.dumps(frame).encode()
        size = len(data)
        head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
        self.transport.write(head + b"\0\0\0\0" + data)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:end]:
                self.opened.set_exception(RuntimeError(bytes(self._buffer[:80]).decode()))
                return
            del self._buffer[: end + 4]
            self._is_open = True
            self.opened.set_result(None)
        self._frames()

    def _frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            size, body = buffer[at + 1] & 127, at + 2
            if size >= 126:
                width = 2 if size == 126 else 8
                if len(buffer) < body + width:
                    break
                size, body = int.from_bytes(buffer[body : body + width], "big"), body + width
            if len(buffer) < body + size:
                break
            if buffer[at] & 15 == 9:
                self.transport.write(b"\x8a\x80\0\0\0\0")
            elif buffer[at] & 15 == 1:
                self.heard(bytes(buffer[body : body + size]))
            at = body + size
        del buffer[:at]


class Load:
    """All sockets of one server and what they have seen in the step that is on."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.sent: dict[int, float] = {}  # number: when it was to be sent
        self.writers: dict[int, tuple[Socket, float]] = {}
        self.residents: list[Socket] = []
        self.nurses: list[Socket] = []
        self.acks: list[float] = []
        self.deliveries: list[float] = []
        self.refused: dict[str, int] = {}
        self.base = time.time_ns()
        self.number = self.base // 1_000_000 % 10 ** (DIGITS - 1)  # other crowds' are behind
        self.is_closed_loop = False
        self.answers: dict[str, asyncio.Future[bytes]] = {}

    async def connect(self) -> None:
        """Opens every socket; a console opens its contacts."""
        for some in parts(self.plan["residents"]):
            opening = [self.open("resident", token, self.heard_ack, contact) for contact, token in some]
            self.residents += await asyncio.gather(*opening)
        for some in parts(self.plan["nurses"]):
            opening = [self.open("console", token, self.heard_news, number) for number, token, _ in some]
            nurses = await asyncio.gather(*opening)
            self.nurses += nurses
            asking = [
                self.ask(nurse, {"op": "contact.open", "contact": contact})
                for nurse, (_, _, contacts) in zip(nurses, some, strict=True)
                for contact in contacts
            ]
            await asyncio.gather(*asking)

    async def open(self, role: str, token: str, heard: Callable[[bytes], None], contact: int) -> Socket:
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(
            lambda: Socket(self.plan, role, token, heard), "127.0.0.1", self.plan["port"]
        )
        await socket.opened
        hello: dict[str, Any] = {"op": "hello", "role": role}
        await self.ask(socket, hello | ({"contact": contact} if self.plan["kind"] == "relay" else {}))
        return socket

    async def ask(self, socket: Socket, frame: dict[str, Any]) -> bytes:
        """The answer to anything but a message."""
        self.number += 1
        identity = f"a{self.number}"
        self.answers[identity] = future = asyncio.get_running_loop().create_future()
        socket.send({**frame, "id": identity})
        answer = await asyncio.wait_for(future, PATIENCE)
        if b'"error"' in answer[:10]:
            raise RuntimeError(answer[:200].decode())
        return answer

    def say(self, socket: Socket, due: float) -> None:
        """One text of this resident, timed from when it was due."""
        self.number += 1
        number = self.number
        self.sent[number] = due
        self.writers[number] = socket, due
        socket.send(self.text(number))

    def text(self, number: int) -> dict[str, Any]:
        identity = f"{self.base + number:032x}"
        return {"op": "message.send", "id": str(number), "client_id": identity, "text": TEXT.format(number)}

    def heard_ack(self, data: bytes) -> None:
        """A resident's frame: an acknowledgement, a refusal, or news that is not counted."""
        if data.startswith(b'{"ev"'):
            return
        frame = json.loads(data)
        if not frame["id"].isdigit():
            self.answers[frame["id"]].set_result(data)
            return
        number = int(frame["id"])
        if "error" in frame:
            self.refused[frame["error"]] = self.refused.get(frame["error"], 0) + 1
            asyncio.get_running_loop().call_later(RETRY, self.writers[number][0].send, self.text(number))
            return
        now = time.perf_counter()
        socket, due = self.writers.pop(number)
        self.acks.append(now - due)
        if self.is_closed_loop:
            self.say(socket, now)

    def heard_news(self, data: bytes) -> None:
        """A console's frame: a delivered text, or the answer to its own request."""
        at = data.find(MARK)
        if at > 0 and data.startswith(b'{"ev"'):
            number = int(data[at + 2 : at + 2 + DIGITS])
            if number in self.sent:  # else it is of the crowd before
                self.deliveries.append(time.perf_counter() - self.sent.pop(number))
        elif not data.startswith(b'{"ev"'):
            identity = json.loads(data)["id"]
            if (waiting := self.answers.get(identity)) and not waiting.done():
                waiting.set_result(data)

    async def beat(self) -> None:
        """Consoles say that they live, spread over time."""
        while self.nurses:
            for nurse in self.nurses:
                nurse.send({"op": "ping", "id": "beat"})
                await asyncio.sleep(BEAT / len(self.nurses))

    async def step(self, order: dict[str, Any]) -> dict[str, Any]:
        """One measured step."""
        self.acks, self.deliveries, self.refused = [], [], {}
        began, used = time.perf_counter(), time.process_time()
        if order["mode"] == "closed":
            await self.closed(order["seconds"])
        elif order["mode"] == "open":
            await self.at_rate(order["rate"], order["seconds"])
        else:
            await asyncio.sleep(order.get("seconds", 2.0))
        seen = {"acks": sorted(self.acks), "deliveries": sorted(self.deliveries), "refused": self.refused}
        seconds = time.perf_counter() - began
        return seen | {"seconds": seconds, "load": (time.process_time() - used) / seconds}

    async def closed(self, seconds: float) -> None:
        """Every resident sends the next text when the last was acknowledged."""
        self.is_closed_loop = True
        for socket in self.residents:
            self.say(socket, time.perf_counter())
        await asyncio.sleep(seconds)
        self.is_closed_loop = False

    async def at_rate(self, rate: float, seconds: float) -> None:
        """So many texts a second, whatever the server does; then what is on its way may come."""
        began = time.perf_counter()
        for turn in range(int(rate * seconds)):
            due = began + turn / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            self.say(self.residents[turn % len(self.residents)], due)
        await asyncio.sleep(0.5)

    async def settle(self) -> None:
        """Waits for what an earlier step left on its way."""
        give_up_at = time.perf_counter() + 20
        while self.writers and time.perf_counter() < give_up_at:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
        if self.plan["kind"] == "ours":
            await self.read_all()

    async def read_all(self) -> None:
        """Consoles say how far they have read, as theirs do: else what is unread grows without end."""
        for nurse, (_, _, contacts) in zip(self.nurses, self.plan["nurses"], strict=True):
            seen = [{"op": "message.seen", "contact": contact, "seq": 2**31} for contact in contacts]
            await asyncio.gather(*(self.ask(nurse, frame) for frame in seen))


def parts(people: list[Any], size: int = 20) -> list[list[Any]]:
    """The people a few at a time."""
    return [people[start : start + size] for start in range(0, len(people), size)]


async def run(plan: dict[str, Any]) -> None:
    load = Load(plan)
    await load.connect()
    beating = asyncio.create_task(load.beat())
    print(json.dumps({"connected": len(load.residents) + len(load.nurses)}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await load.step(json.loads(line))), flush=True)
        await load.settle()
        print(json.dumps({"settled": True}), flush=True)
    beating.cancel()


if __name__ == "__main__":
    asyncio.run(run(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
