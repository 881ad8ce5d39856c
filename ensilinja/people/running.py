"""Runs a demo's simulated people: hires the nurses, lets residents come by the load profile."""

import asyncio
import itertools
import secrets
from collections.abc import Sequence
from pathlib import Path
from random import Random

import structlog

from callbacks.telephony.simulated import SimulatedTelephony
from core.county import Catalogue
from core.errors import Conflict
from core.identity import Actor, Role
from core.store import Tx
from ensilinja import accounts
from ensilinja.accounts import NewAccount
from ensilinja.auth.passwords import hashed
from ensilinja.people import lines, nurses, residents
from ensilinja.people.profile import (
    Profile,
    draw_person,
    next_arrival,
    nurses_for,
    queues_of,
    read_profile,
)
from ensilinja.people.world import World
from ensilinja.runtime import Runtime
from queues import agents

log = structlog.get_logger(__name__)

FIRST = 2  # half of the people stand at the door when it opens
PROFILE = Path(__file__).resolve().parents[2] / "config" / "demo" / "load_profile.json"


async def run(runtime: Runtime, count: int, *, pace: float = 1.0, seed: int | None = None) -> None:
    """At most `count` residents and callers at a time, and nurses for them, until cancelled.

    Pauses are of human length times `pace`. Refuses (Conflict) an exchange that could ring somebody.
    """
    if not isinstance(runtime.telephony, SimulatedTelephony):
        raise Conflict(reason="real_telephony")
    profile = read_profile(await asyncio.to_thread(PROFILE.read_text, "utf-8"))
    world = World(runtime=runtime, telephony=runtime.telephony, rng=Random(seed), pace=pace)  # noqa: S311 - play
    # Nobody can sign in as a simulated nurse: her password is not kept.
    hash_ = await asyncio.to_thread(hashed, secrets.token_urlsafe(32))
    staff = await runtime.store.write(hire, runtime.services.catalogue, nurses_for(count), hash_)
    world.nurses = frozenset(actor.id for actor in staff)
    log.info("simulated people come", people=count, nurses=len(staff))
    async with asyncio.TaskGroup() as group:
        for actor in staff:
            group.create_task(nurses.work(world, actor), name=f"nurse-{actor.id}")
        await arrive(world, profile, count, group)


async def arrive(world: World, profile: Profile, count: int, group: asyncio.TaskGroup) -> None:
    """Lets people come, for ever; one too many does not come in."""
    topics = tuple(world.runtime.services.content.topics)
    here: set[asyncio.Task[None]] = set()
    for number in itertools.count():
        if number < count // FIRST:
            await world.pause(1, 4)
        else:
            await next_one(world, profile, count)
        if len(here) >= count:
            continue
        person = draw_person(world.rng, topics)
        task = group.create_task(world.life(residents.live(world, person)))
        here.add(task)
        task.add_done_callback(here.discard)


async def next_one(world: World, profile: Profile, count: int) -> None:
    """Waits until the next person comes."""
    now = world.runtime.clock.now()
    at = next_arrival(world.rng, profile, now, count)
    await asyncio.sleep((at - now).total_seconds() * world.pace)


def hire(tx: Tx, catalogue: Catalogue, count: int, hash_: str) -> Sequence[Actor]:
    """The simulated nurses' accounts, made when they are not there, together serving every queue."""
    queues = tuple(queue.id for queue in catalogue.queues if not queue.tasks)
    return [_nurse(tx, catalogue, place, queues_of(place, count, queues), hash_) for place in range(count)]


def _nurse(tx: Tx, catalogue: Catalogue, place: int, queues: tuple[str, ...], hash_: str) -> Actor:
    account = NewAccount(
        username=f"demo-{place + 1:02}",
        name=f"{lines.NAMES[place % len(lines.NAMES)]} (simuloitu)",
        profession=catalogue.queue(queues[-1]).profession.fi,
        roles=(Role.AGENT,),
        queues=queues,
    )
    staff = accounts.find(tx, account.username) or accounts.create(tx, account, hash_, queues)
    agents.set_queues(tx, staff, queues)
    return Actor(kind="staff", id=staff, roles=frozenset({Role.AGENT}), queues=frozenset(queues))
