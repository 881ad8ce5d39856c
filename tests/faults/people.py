"""Residents and nurses who talk at a given pace and send again what nobody acknowledged."""

import asyncio
import contextlib
import itertools
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.faults.oplog import OpLog
from tests.faults.talk import Frame, GoneError, Line, RefusedError

LATER = {"unavailable", "too_many"}  # refusals that mean: nothing was done, try again
BEAT = 4.0  # seconds between a console's signs of life
LOOKS = 4  # at what waits, from one sign of life to the next
LAST_LINES = 1.0  # seconds a resident's page stays after the end, to hear what was said before it


class Pacer:
    """Gives out turns at so many a second, in the order they are asked for; a pause is not made up for."""

    def __init__(self, rate: float) -> None:
        self._every = 1 / rate
        self._next = 0.0
        self.closed = asyncio.Event()

    async def turn(self) -> bool:
        """False when nothing new may be said any more."""
        now = time.monotonic()
        self._next = max(now, self._next) + self._every
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._next - now):
                await self.closed.wait()
        return not self.closed.is_set()


@dataclass(slots=True, kw_only=True)
class World:
    """What everybody shares."""

    address: str
    origin: str
    log: OpLog
    pacer: Pacer
    replies: int = 12
    is_browser: bool = False
    unanswered: int = 0
    delivered: dict[str, float] = field(default_factory=dict)


class Person:
    """One who writes: a text has one id, and is sent until it is acknowledged or refused."""

    who = ""

    def __init__(self, world: World, line: Line) -> None:
        self.world, self.line = world, line

    def note(self, act: str, phase: str, **details: Any) -> None:
        self.world.log.note(self.who, act, phase, **details)

    async def insist(self, act: str, op: str, body: Frame, **noted: Any) -> Frame | None:
        """The acknowledgement of an act that may be asked again; None when it was refused."""
        self.note(act, "invoke", **noted)
        self.world.unanswered += 1
        noted.pop("text", None)
        try:
            while True:
                try:
                    return await self.line.ask(op, **body)
                except GoneError:
                    self.note(act, "info", **noted)
                except RefusedError as refused:
                    if refused.code not in LATER:
                        self.note(act, "fail", code=refused.code, **noted)
                        return refused.frame
                    self.note(act, "info", code=refused.code, **noted)
                    await asyncio.sleep(0.1)
        finally:
            self.world.unanswered -= 1

    async def say(self, contact: int, *, contact_named: bool = False, **more: Any) -> Frame:
        """Sends one new text until something is certain; the answer or the refusal."""
        key, began = str(uuid.uuid4()), time.monotonic()
        text = f"{self.who} {key[:13]}"
        body = {"client_id": key, "text": text, **more} | ({"contact": contact} if contact_named else {})
        answer = await self.insist("send", "message.send", body, contact=contact, key=key, text=text)
        while answer is not None and answer.get("error") == "newer_messages":
            body["seen_seq"] = answer["newest"]
            answer = await self.insist("send", "message.send", body, contact=contact, key=key, text=text)
        if answer is not None and "error" not in answer:
            self.note(
                "send",
                "ok",
                contact=contact,
                key=key,
                seq=answer["seq"],
                duplicate=answer["duplicate"],
                seconds=time.monotonic() - began,
            )
        return answer or {}


class Resident(Person):
    """Waits, writes while somebody holds the contact, and remembers every line the page was given."""

    def __init__(self, world: World, contact: int, token: str, *, address: str = "") -> None:
        self.contact, self.who = contact, f"resident:{contact}"
        self.lines: dict[int, str] = {}
        self.newest = 0
        self.state = ""
        self.moved = asyncio.Event()
        line = Line(
            address or world.address,
            world.origin,
            "resident",
            token,
            opened=self.opened,
            heard=self.heard,
            cursors=lambda: {"messages": self.newest},
            is_browser=world.is_browser,
        )
        super().__init__(world, line)

    def opened(self, snapshot: Frame) -> None:
        self.contact, self.who = snapshot["contact"], f"resident:{snapshot['contact']}"
        self.move(snapshot["state"])
        for message in snapshot["messages"]:
            self.receive(message)

    def heard(self, frame: Frame) -> None:
        if frame["ev"] == "message":
            self.receive(frame["message"])
        elif frame["ev"] == "state":
            self.move(frame["state"])

    def move(self, state: str) -> None:
        self.state = state
        self.moved.set()

    def receive(self, message: Frame) -> None:
        if message["kind"] == "text" and message["seq"] not in self.lines:
            self.note("saw", "ok", contact=self.contact, seq=message["seq"], text=message["text"])
            if message["from"] != "resident":
                self.world.delivered.setdefault(message["text"], time.monotonic())
        self.lines[message["seq"]] = message["text"]
        self.newest = max(self.newest, message["seq"])

    async def run(self) -> None:
        keeping = asyncio.create_task(self.line.run())
        try:
            while self.state != "done":
                self.moved.clear()
                if self.state != "held":
                    await self.moved.wait()
                elif not await self.world.pacer.turn():
                    await asyncio.Event().wait()  # says no more, but the page stays open
                elif self.state == "held":
                    await self.say(self.contact)
            await asyncio.sleep(LAST_LINES)
            if self.line.is_open.is_set():
                self.note("saw-all", "ok", contact=self.contact, seq=2**31)
        finally:
            keeping.cancel()


class Nurse(Person):
    """Starts a shift, accepts what is offered, takes by hand now and then, answers, wraps up and closes."""

    def __init__(
        self,
        world: World,
        number: int,
        token: str,
        *,
        capacity: int = 3,
        greed: float = 0.1,
        address: str = "",
    ) -> None:
        self.number, self.who = number, f"staff:{number}"
        self.capacity, self.greed = capacity, greed
        self.rows: dict[int, Frame] = {}
        self.seen: dict[int, int] = {}
        self.talks: dict[tuple[int, int], asyncio.Task[None]] = {}
        self.believed: dict[int, int] = {}
        self.turns = itertools.count(random.randrange(LOOKS))  # consoles do not beat together
        line = Line(
            address or world.address,
            world.origin,
            "console",
            token,
            opened=self.opened,
            heard=self.heard,
            is_browser=world.is_browser,
        )
        super().__init__(world, line)

    def opened(self, snapshot: Frame) -> None:
        rows = [row for name in ("own", "waiting", "callbacks") for row in snapshot[name]]
        self.rows = {row["contact"]: row for row in rows}
        for contact in set(self.believed) - {row["contact"] for row in snapshot["own"]}:
            self.let_go(contact)
        for row in rows:
            self.look(row)

    def heard(self, frame: Frame) -> None:
        message, contact = frame.get("message"), frame.get("contact")
        if message is not None:
            self.receive(contact, message)
        if "row" not in frame:
            return
        row = frame["row"]
        if row is None:
            self.rows.pop(contact, None)
            self.let_go(contact)
        elif row["n"] >= self.rows.get(contact, row)["n"]:
            self.rows[contact] = row
            self.look(row)

    def receive(self, contact: int, message: Frame) -> None:
        if message["from"] == "resident":
            self.seen[contact] = max(self.seen.get(contact, 0), message["seq"])
            self.world.delivered.setdefault(message["text"], time.monotonic())

    def look(self, row: Frame) -> None:
        """Begins what the row asks for."""
        contact, assignment = row["contact"], row["assignment"]
        if not row["mine"]:
            self.let_go(contact)
        elif row["state"] in ("offered", "held", "wrapping") and (contact, assignment) not in self.talks:
            if row["state"] != "offered":
                self.hold(contact, assignment)
            task = asyncio.create_task(self.serve(row))
            self.talks[contact, assignment] = task
            task.add_done_callback(lambda _: self.talks.pop((contact, assignment), None))

    def hold(self, contact: int, assignment: int) -> None:
        if self.believed.get(contact) != assignment:
            self.believed[contact] = assignment
            self.note("hold", "ok", contact=contact, assignment=assignment)

    def let_go(self, contact: int) -> None:
        if self.believed.pop(contact, None) is not None:
            self.note("let-go", "ok", contact=contact)

    async def run(self) -> None:
        keeping = asyncio.create_task(self.line.run())
        try:
            body = {"capacity": self.capacity, "languages": ["fi"], "device": "test"}
            await self.insist("shift", "shift.start", body)
            while True:
                await self.live()
                await asyncio.sleep(BEAT / LOOKS)
        finally:
            keeping.cancel()
            for task in list(self.talks.values()):
                task.cancel()

    async def live(self) -> None:
        """A sign of life, and now and then a hand on what everybody sees at the head of the line."""
        with contextlib.suppress(GoneError, RefusedError):
            if self.world.is_browser or next(self.turns) % LOOKS == 0:
                await self.line.ask("ping")
            waiting = sorted(
                (row for row in self.rows.values() if row["state"] == "waiting" and row["channel"] == "chat"),
                key=lambda row: (row["tier"], row["due_at"], row["contact"]),
            )
            if waiting and not self.world.pacer.closed.is_set() and random.random() < self.greed:
                contact = waiting[0]["contact"]
                answer = await self.line.ask("entry.take", contact=contact, reason="by_hand")
                self.hold(contact, answer["assignment"])

    async def serve(self, row: Frame) -> None:
        contact, assignment = row["contact"], row["assignment"]
        held = {"contact": contact, "assignment": assignment}
        if row["state"] == "offered":
            answer = await self.insist("accept", "offer.accept", held, **held)
            if answer is None or "error" in answer:
                return
            self.hold(contact, assignment)
        opened = await self.insist("open", "contact.open", {"contact": contact}, contact=contact)
        if opened is None or "error" in opened:
            self.let_go(contact)
            return
        for message in opened["messages"]:
            self.receive(contact, message)
        ended = await (self.call(held) if row["channel"] == "callback" else self.chat(held))
        if ended:
            await self.close(held)

    async def chat(self, held: Frame) -> bool:
        """Says what there is to say; False when the contact is not hers any more."""
        contact = held["contact"]
        for _ in range(self.replies()):
            if not await self.world.pacer.turn():
                return False
            seen = self.seen.get(contact, 0)
            answer = await self.say(contact, contact_named=True, assignment=held["assignment"], seen_seq=seen)
            if "error" in answer:
                self.let_go(contact)
                return False
        await self.insist("wrap", "contact.wrap", held, **held)
        return True

    def replies(self) -> int:
        """How many she gives in this chat."""
        return self.world.replies

    async def call(self, held: Frame) -> bool:
        """Dials; in these tests everybody answers, or the call was cut by a fault."""
        answer = await self.insist("dial", "callback.dial", held, **held)
        if answer is None or "error" in answer:
            return True
        await asyncio.sleep(0.5)
        return not self.world.pacer.closed.is_set()

    async def close(self, held: Frame) -> None:
        body = {**held, "code": "RESOLVED_ADVICE", "why": "in_a_test"}
        answer = await self.insist("close", "contact.close", body, **held)
        if answer is not None and "error" not in answer:
            self.note("close", "ok", **held)
        self.let_go(held["contact"])
