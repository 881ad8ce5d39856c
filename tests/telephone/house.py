"""A county's telephone: a real Asterisk, the service in this process, and people with SIP telephones."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from callbacks import service as callbacks
from callbacks.models import CALL, Attempt, Call, CallOrder
from callbacks.orders import Kind
from callbacks.telephony.asterisk import AsteriskTelephony
from core.identity import Actor, Role
from core.store import Tx
from ensilinja import calls
from ensilinja.loops import Loops
from ensilinja.runtime import Runtime
from queues import agents
from queues.service import entry_of
from router.arrivals import Arrival, Channel, Received
from router.intake import receive
from router.services import Services
from tests.demos import a_stored_demo
from tests.lines import a_professional
from tests.telephone.sip import NUMBER, Person, answers
from tools.pbx import PASSWORD, USER, AsteriskServer

LINE_NUMBER, LINE = "036296301", "dental"  # of the county's files, as its operator sends it
LEAVE = 0.3  # seconds in which a telephone takes leave
SOON = 10.0  # seconds; what a test waits for comes in a fraction of it


class House:
    """One service with its telephones."""

    def __init__(self, runtime: Runtime, pbx: AsteriskServer, folder: Path) -> None:
        self.runtime, self.pbx, self.folder = runtime, pbx, folder
        self.people: list[Person] = []

    @property
    def telephony(self) -> AsteriskTelephony:
        assert isinstance(self.runtime.telephony, AsteriskTelephony)
        return self.runtime.telephony

    def line_has(self, **way: Any) -> None:
        """The line that is rung takes its calls in another way."""
        catalogue = self.runtime.services.catalogue
        lines = tuple(replace(one, **way) if one.id == LINE else one for one in catalogue.lines)
        self.runtime.services = replace(self.runtime.services, catalogue=replace(catalogue, lines=lines))

    async def start(self) -> None:
        """Takes the link when it is free, and does what is asked of it."""
        tasks, loops = self.runtime.tasks, Loops(self.runtime)
        await self.telephony.start(calls.listener(self.runtime))
        tasks.keep("telephony", partial(calls.keep_link, self.runtime, self.telephony))
        tasks.loop("jobs", loops.jobs, 0.2, loops.wake_jobs)

    async def stop(self) -> None:
        """Lets the link go."""
        await self.runtime.tasks.stop()
        await self.telephony.stop()

    def rings(self, script: str, *, to: str = LINE_NUMBER, **more: Any) -> Person:
        """Somebody rings one of the county's numbers."""
        return self._person(script, to=to, **more)

    def telephone(self, device: str, script: str | None = None, **more: Any) -> Person:
        """A professional's telephone; answered at once unless the script says otherwise."""
        return self._person(script or answers(), port=self.pbx.telephones[device], **more)

    def resident(self, script: str, **more: Any) -> Person:
        """The resident's own telephone, at the other end of the operator's trunk."""
        return self._person(script, port=self.pbx.operator_port, **more)

    def own_queue(self, **more: Any) -> Person:
        """The PBX's own answer."""
        return self._person(answers(), port=self.pbx.fallback_port, **more)

    async def nurse(self, device: str, queues: str = LINE) -> Actor:
        """A professional on shift with this telephone."""
        return await self.runtime.store.write(partial(_nurse, device=device, queues=queues))

    async def takes(self, nurse: Actor, contact: int | None) -> int:
        """She takes the contact from the list; the assignment."""
        write, services = self.runtime.store.write, self.runtime.services
        return (await write(callbacks.take, nurse, contact or 0, "by_hand", services)).entry.assignment

    async def dials(self, nurse: Actor, number: str = NUMBER) -> int:
        """She has a resident called who asked for it; the contact."""
        write, services = self.runtime.store.write, self.runtime.services
        contact = (await write(partial(_asked, number=number, services=services))).contact
        assignment = await self.takes(nurse, contact)
        await write(callbacks.dial, nurse, contact, assignment, services)
        return contact

    async def orders(self, nurse: Actor, contact: int | None, assignment: int, kind: Kind) -> None:
        """She presses a button of her console; returns when what it asks is done."""
        write = self.runtime.store.write
        await write(callbacks.order, nurse, contact or 0, assignment, kind)

        async def is_done() -> bool:
            rows = await self.runtime.store.read(lambda tx: tx.all(select(CallOrder).order_by(CallOrder.id)))
            return rows[-1].kind == kind and rows[-1].result == "done"

        await eventually(is_done)

    async def calls(self) -> list[Call]:
        """Every call there was, oldest first."""
        return await self.runtime.store.read(lambda tx: tx.all(select(Call).order_by(CALL.id)))

    async def call(self, step: str = "") -> Call:
        """The newest call, when it has come so far."""
        found: list[Call] = []

        async def has_come() -> bool:
            found[:] = (await self.calls())[-1:]
            return bool(found) and (not step or found[0].state == step)

        await eventually(has_come)
        return found[0]

    async def entry(self, contact: int | None) -> Any:
        return await self.runtime.store.read(entry_of, contact or 0)

    async def attempts(self) -> list[Attempt]:
        return await self.runtime.store.read(lambda tx: tx.all(select(Attempt)))

    async def ari(self, path: str, method: str = "GET") -> Any:
        """What Asterisk says itself."""
        async with (
            aiohttp.ClientSession(headers=auth()) as http,
            http.request(method, self.pbx.url + path) as answer,
        ):
            return await answer.json() if answer.status == 200 else None

    async def ends(self, channel: str) -> None:
        """One leg is hung up, as seen by the exchange."""
        await self.ari(f"/channels/{channel}", method="DELETE")

    async def talking(self) -> list[set[str]]:
        """Who talks with whom: the channels of each bridge."""
        return [set(bridge["channels"]) for bridge in await self.ari("/bridges")]

    async def is_quiet(self) -> bool:
        """Nothing is on: no channel, no bridge."""
        return not await self.ari("/channels") and not await self.ari("/bridges")

    async def cut(self) -> None:
        """The Asterisk is empty and everybody's telephone dead, in this order: what nobody answered any more
        would be said again, to the next test.
        """
        for channel in (on := await self.ari("/channels")):
            await self.ari(f"/channels/{channel['id']}", method="DELETE")
        for bridge in await self.ari("/bridges"):
            await self.ari(f"/bridges/{bridge['id']}", method="DELETE")
        await eventually(self.is_quiet)
        await asyncio.sleep(LEAVE if on else 0)
        for person in self.people:
            person.end()
            print(person.errors)

    def _person(self, script: str, **more: Any) -> Person:
        person = Person(self.folder, script, sip_port=self.pbx.sip_port, **more)
        self.people.append(person)
        return person


@contextlib.asynccontextmanager
async def a_house(
    pbx: AsteriskServer, folder: Path, sounds: Path, *, waits: bool = False, url: str = "", **settings: str
) -> AsyncIterator[House]:
    """The service linked to the Asterisk (or waiting for its turn), with the loops that calls need."""
    folder.mkdir(exist_ok=True)
    ways = telephony_of(pbx, sounds) | ({"telephony_url": url} if url else {})
    async with a_stored_demo(folder / "data", **ways, **settings) as runtime:
        house = House(runtime, pbx, folder)
        await house.start()
        try:
            await eventually(lambda: waits or house.telephony.is_linked)
            yield house
        finally:
            await house.stop()


def telephony_of(pbx: AsteriskServer, sounds: Path) -> dict[str, str]:
    """The settings of a service with this exchange."""
    return {
        "telephony": "asterisk",
        "telephony_url": pbx.url,
        "telephony_user": USER,
        "telephony_secret": PASSWORD,
        "telephony_sounds": str(sounds),
    }


def _asked(tx: Tx, *, number: str, services: Services) -> Received:
    arrival = Arrival(
        client_id="asked", channel=Channel.CALL, arrived_at=tx.now, line=LINE, phone=number, callback=True
    )
    return receive(tx, arrival, services)


def auth() -> dict[str, str]:
    """Signs in to the Asterisk of the tests."""
    return {"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)}


async def eventually(is_so: Callable[[], Any], within: float = SOON) -> None:
    """Returns when it is so."""
    give_up_at = time.monotonic() + within
    while True:
        so = is_so()
        if await so if asyncio.iscoroutine(so) else so:
            return
        assert time.monotonic() < give_up_at, "it did not come"
        await asyncio.sleep(0.02)


def _nurse(tx: Tx, *, device: str, queues: str) -> Actor:
    staff = a_professional(tx, f"nurse-{device}")
    agents.set_queues(tx, staff, queues.split())
    agents.start_shift(tx, staff, capacity=3, languages=["fi"], device=device)
    return Actor(kind="staff", id=staff, roles=frozenset({Role.AGENT}), queues=frozenset(queues.split()))
