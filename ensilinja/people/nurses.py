"""Simulated nurses: they take what is offered to them, write, ring and close, and leave a share to humans."""

import asyncio
import uuid
from datetime import timedelta

from callbacks import service as callbacks
from callbacks.results import Result
from callbacks.telephony.port import Talk
from callbacks.views import AttemptView
from chat.errors import NewerMessages
from chat.transcript import talk_of
from core.identity import Actor
from core.store import Tx
from ensilinja.people.profile import LEFT_TO_HUMANS, draw_outcome, draw_replies
from ensilinja.people.world import World, ops_staff
from queues import agents
from queues import service as queues
from queues.machine import State
from queues.views import EntryView

CAPACITY = 3
SPOKEN = ("callback", "call")
LOUD = 20.0  # seconds an emergency is called to the humans before a simulated nurse takes it
TRIES = 20  # looks until an answer is not waited for any longer


async def work(world: World, me: Actor) -> None:
    """A shift without an end: signs of life, offers, what is in hand already, emergencies nobody took."""
    await world.act(me, "shift.start", capacity=CAPACITY, languages=["fi"], device="simulated")
    serving: dict[tuple[int, int], asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as group:
        while True:
            await world.life(turn(world, me, serving, group))
            await world.look()


async def turn(
    world: World, me: Actor, serving: dict[tuple[int, int], asyncio.Task[None]], group: asyncio.TaskGroup
) -> None:
    """One look at the screen."""
    store = world.runtime.store
    await store.write(ops_staff.renew, me.id, world.runtime.services)
    shift = await store.read(agents.shift_of, me.id)
    if shift is not None and shift.state in ("paused", "not_answering"):
        await world.act(me, "shift.state", state="ready")
    for key in [key for key, task in serving.items() if task.done()]:
        del serving[key]
    for entry in await store.read(queues.own, me.id):
        if (entry.id, entry.assignment) not in serving:
            task = group.create_task(world.life(serve(world, me, entry)))
            serving[entry.id, entry.assignment] = task
    for entry in await store.read(emergencies, me.queues, LOUD * world.pace):
        await world.act(me, "entry.take", contact=entry.contact, reason="emergency")


def emergencies(tx: Tx, among: frozenset[str], loud: float) -> list[EntryView]:
    """Emergencies that have been called to all for so long that a simulated nurse may take them."""
    since = tx.now - timedelta(seconds=loud)
    return [e for e in queues.waiting(tx, among, 20) if e.tier == 0 and e.state_since < since]


async def serve(world: World, me: Actor, entry: EntryView) -> None:
    """From the offer to the outcome; what was in hand at a restart goes on from where it stands."""
    if entry.state == State.OFFERED:
        held = {"contact": entry.contact, "assignment": entry.assignment}
        await world.act(me, "offer.shown", **held)
        await world.pause(2, 7)
        if await leaves(world, entry):
            await world.act(me, "offer.decline", **held, reason="other")
            return
        await world.act(me, "offer.accept", **held)
    code: str | None = ""
    if entry.state != State.WRAPPING:
        await world.act(me, "contact.open", contact=entry.contact)
        code = await (talk(world, me, entry) if entry.channel in SPOKEN else write(world, me, entry))
    if code is not None:
        await close(world, me, entry, code)


async def leaves(world: World, entry: EntryView) -> bool:
    """Whether the offer is left to a human: always a contact of somebody at a browser, else by share."""
    if not await world.runtime.store.read(humans_for, entry.queue, world.nurses):
        return False
    return entry.contact not in world.contacts or world.rng.random() < LEFT_TO_HUMANS


def humans_for(tx: Tx, queue: str, simulated: frozenset[int]) -> int:
    """How many professionals at browsers are ready for the queue and have room."""
    return sum(
        shift.state == "ready"
        and shift.staff not in simulated
        and queue in shift.queues
        and shift.load < shift.capacity
        for shift in agents.on_shift(tx)
    )


async def write(world: World, me: Actor, entry: EntryView) -> str:
    """A conversation in writing: a line, time for an answer, the next line."""
    for text in draw_replies(world.rng):
        await world.pause(4, 12)
        seen = await say(world, me, entry, text)
        await answered(world, entry, seen)
    return ""


async def say(world: World, me: Actor, entry: EntryView, text: str) -> int:
    """Writes one line, having read what is newer; returns its place."""
    said = {"contact": entry.contact, "assignment": entry.assignment, "text": text}
    client_id = str(uuid.uuid4())
    while True:
        seen = await world.runtime.store.read(newest, entry)
        try:
            sent = await world.act(me, "message.send", client_id=client_id, seen_seq=seen, **said)
        except NewerMessages:
            await world.pause(1, 3)
            continue
        return int(sent["seq"])


async def answered(world: World, entry: EntryView, seen: int) -> None:
    """Waits for the resident's answer, not for ever."""
    for _ in range(TRIES):
        await world.look()
        if await world.runtime.store.read(newest, entry) > seen:
            return


def newest(tx: Tx, entry: EntryView) -> int:
    """The newest line of the conversation."""
    return talk_of(tx, entry).newest


async def talk(world: World, me: Actor, entry: EntryView) -> str | None:
    """A conversation by telephone; None when nobody answered and the contact is put off."""
    if entry.channel == "call":
        await world.pause(15, 40)
        return ""
    held = {"contact": entry.contact, "assignment": entry.assignment}
    await world.pause(2, 5)
    await world.act(me, "callback.dial", **held)
    attempt = await result_of(world, entry.contact)
    if attempt is not None and attempt.result == Result.REACHED:
        await world.pause(15, 40)
        await world.telephony.hangup(f"people-{attempt.key}", Talk(dial=attempt.key))
        return ""
    still = await world.runtime.store.read(queues.entry, entry.id)
    return "UNREACHED" if still.state == State.HELD else None


async def result_of(world: World, contact: int) -> AttemptView | None:
    """The attempt once its result is known; None when it is not in time."""
    for _ in range(TRIES):
        await world.look()
        found = await world.runtime.store.read(callbacks.attempts_of, contact)
        if found and found[-1].result not in (None, Result.UNKNOWN):
            return found[-1]
    return None


async def close(world: World, me: Actor, entry: EntryView, code: str) -> None:
    """Wraps up and records the outcome; a resident who writes meanwhile is heard again on the next look."""
    held = {"contact": entry.contact, "assignment": entry.assignment}
    await world.act(me, "contact.wrap", **held)
    await world.pause(3, 8)
    code = code or draw_outcome(world.rng, world.runtime.services.catalogue.outcomes, entry.channel)
    await world.act(me, "contact.close", **held, code=code)
