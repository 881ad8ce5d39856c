"""Nurses with sessions, residents with a contact and a session, made by the real services."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from core.catalogue import load_catalogue
from core.clock import SystemClock
from core.errors import Unavailable
from core.identity import Role
from core.opening import open_store
from core.store import Store, Tx
from core.urgency import Urgency
from core.vault import Vault
from ensilinja import accounts, schema
from ensilinja.auth import sessions
from router.arrivals import Arrival, Channel
from router.intake import receive
from router.services import Services
from tests.builders import TEST_KEY
from triage.loader import load as load_content

PASSWORD = "kolme hyvää sanaa yhdessä"
QUEUE, DOOR = "nurse", "terveys_chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a session: a nurse's `number` is her staff id, a resident's the contact's."""

    number: int
    token: str
    callback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody a test needs."""

    nurses: tuple[Person, ...]
    residents: tuple[Person, ...]

    def plain(self) -> dict[str, list[dict[str, object]]]:
        return {"nurses": [asdict(p) for p in self.nurses], "residents": [asdict(p) for p in self.residents]}


def services_of(county: Path) -> Services:
    content = load_content(county / "triage", require_approval=True)
    return Services(catalogue=load_catalogue(county), content=content)


async def seed(database_url: str, county: Path, *, nurses: int, residents: int, callbacks: int = 0) -> People:
    """A migrated database with these people in it; no server may have it open in the embedded shape."""
    await asyncio.to_thread(schema.migrate, database_url)
    services = services_of(county)
    store = open_store(database_url, SystemClock(), Vault(TEST_KEY))
    writer = asyncio.create_task(store.run())
    try:
        return await _people(store, services, nurses, residents, callbacks)
    finally:
        await store.stop()
        await writer


async def _people(store: Store, services: Services, nurses: int, residents: int, callbacks: int) -> People:
    hash_ = accounts.password_hash("hoitaja", PASSWORD)
    staff = [await store.write(a_nurse, n, hash_, services) for n in range(1, nurses + 1)]
    every = residents // callbacks if callbacks else 0
    tasks = []
    for number in range(residents):
        calls = bool(every) and number % every == 0
        tasks.append(insist(store, a_resident, services, callback=calls))
    come = [
        one for start in range(0, len(tasks), 10) for one in await asyncio.gather(*tasks[start : start + 10])
    ]
    return People(nurses=tuple(staff), residents=tuple(come))


async def insist(store: Store, make: Callable[..., Person], *given: object, **more: object) -> Person:
    """Asks again for a while: a machine with other things to do may not get all of it done in time."""
    async with asyncio.timeout(120):
        while True:
            try:
                return await store.write(make, *given, **more)
            except Unavailable:
                await asyncio.sleep(0.1)


def a_nurse(tx: Tx, number: int, hash_: str, services: Services) -> Person:
    account = accounts.NewAccount(
        username=f"hoitaja{number}",
        name=f"Hoitaja {number}",
        profession="sairaanhoitaja",
        roles=(Role.AGENT,),
        queues=(QUEUE,),
    )
    staff = accounts.create(tx, account, hash_, [queue.id for queue in services.catalogue.queues])
    return Person(number=staff, token=sessions.sign_in(tx, staff, "fi"))


def a_resident(tx: Tx, services: Services, *, callback: bool = False) -> Person:
    arrival = Arrival(
        client_id=f"seed-{secrets.token_hex(8)}",
        channel=Channel.CHAT,
        arrived_at=tx.now,
        door=DOOR,
        queue=QUEUE,
        urgency=Urgency.SAME_DAY,
        phone="+358500000001" if callback else None,
        callback=callback,
    )
    contact = receive(tx, arrival, services).contact
    token = sessions.begin_resident(tx, lang="fi", answers=None, contact=contact)
    return Person(number=contact, token=token, callback=callback)
