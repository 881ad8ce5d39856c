"""A professional's console in a test's hand: it does what the test says, and can die without a word."""

import asyncio

from tests.faults.crowd import until
from tests.faults.seed import Person
from tests.faults.server import Server
from tests.faults.talk import Frame, Line


class Console:
    """One console; it pings, and otherwise only does what it is told."""

    def __init__(self, server: Server, person: Person, *, address: str = "") -> None:
        self.number = person.number
        self.rows: dict[int, Frame] = {}
        self.held = self.wrapping = self.offered = 0  # contacts, after `take_up`
        self.line = Line(
            address or server.socket,
            server.origin,
            "console",
            person.token,
            opened=self.opened,
            heard=self.heard,
            is_browser=True,
        )
        self.tasks: list[asyncio.Task[None]] = []

    def opened(self, snapshot: Frame) -> None:
        self.rows = {row["contact"]: row for row in snapshot["own"]}

    def heard(self, frame: Frame) -> None:
        row = frame.get("row")
        if row is not None and row["mine"]:
            self.rows[frame["contact"]] = row
        elif "row" in frame:
            self.rows.pop(frame["contact"], None)

    @property
    def mine(self) -> list[Frame]:
        return [row for row in self.rows.values() if row["state"] in ("offered", "held", "wrapping")]

    async def start(self) -> None:
        self.tasks = [asyncio.create_task(self.line.run())]
        await self.line.ask("shift.start", capacity=3, languages=["fi"], device="test")
        self.tasks.append(asyncio.create_task(self.ping()))

    async def ping(self) -> None:
        while True:
            await asyncio.sleep(1)
            if self.line.is_open.is_set():
                await asyncio.gather(self.line.ask("ping"), return_exceptions=True)

    async def take_up(self, *, seconds: float = 60.0) -> None:
        """Of three offered contacts accepts two, one of which she wraps up; the third is the newest offer."""
        await until(lambda: len(self.mine) == 3, seconds)
        first, second, third = sorted(self.mine, key=lambda row: row["contact"])
        for row in (first, second):
            await self.line.ask("offer.accept", contact=row["contact"], assignment=row["assignment"])
        await self.line.ask("contact.wrap", contact=second["contact"], assignment=second["assignment"])
        self.held, self.wrapping, self.offered = (row["contact"] for row in (first, second, third))

    def die(self) -> None:
        for task in self.tasks:
            task.cancel()
