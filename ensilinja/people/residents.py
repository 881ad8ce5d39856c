"""Simulated residents and callers: they fill the form, wait, write, give up, ring and are rung."""

import uuid
from dataclasses import dataclass

from callbacks import service as callbacks
from callbacks.telephony.simulated import Behaviour
from chat import service as chat
from chat.conversation import Kind
from core.county import CallBack
from core.identity import Actor
from core.store import Tx
from ensilinja.auth import sessions
from ensilinja.pages import sending
from ensilinja.pages.journey import Journey
from ensilinja.people import lines
from ensilinja.people.profile import Person, Way, fill
from ensilinja.people.world import World
from queues import service as queues
from router.answering import save_answers, start_answers
from router.moves import change_to_callback
from router.services import Services

IN_LINE = ("waiting", "offered")
PRESENT_EVERY = 15.0  # seconds, real ones: after 45 s without a word the service takes a page for closed
LONGEST = 600.0  # seconds of the world's pace in one conversation
SELF_HARM = "suicide"  # no demo plays with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a resident's page shows."""

    state: str
    newest: int
    newest_from_staff: int


async def live(world: World, person: Person) -> None:
    """One person's contact, from coming to going."""
    world.telephony.behaviour(person.number, Behaviour(person.answers_phone))
    if person.way is Way.CHAT:
        await visit(world, person)
    else:
        await call(world, person)


async def visit(world: World, person: Person) -> None:
    """Fills the form and goes through the line and the conversation."""
    told = journey_of(world, person)
    me = await world.runtime.store.write(join_line, told, world.runtime.services)
    world.contacts.add(me.id)
    said, answered, waited, beat = 0, 0, 0.0, 0.0
    begun = world.runtime.clock.monotonic()
    while (lived := world.runtime.clock.monotonic() - begun) < LONGEST * world.pace:
        if lived >= beat:
            await world.act(me, "contact.present")
            beat = lived + PRESENT_EVERY
        seen = await world.runtime.store.read(glance, me)
        if seen.state == "done":
            return
        waited = lived if seen.state in IN_LINE else waited
        if seen.state in IN_LINE and waited > person.patience * world.pace and not person.emergency:
            return await give_up(world, person, me)
        if seen.state == "held" and seen.newest_from_staff > answered and said < len(person.said):
            await world.pause(3, 10)
            await say(world, me, person.said[said], seen.newest)
            said, answered = said + 1, seen.newest_from_staff
        await world.look()
    await world.act(me, "contact.leave")


def journey_of(world: World, person: Person) -> Journey:
    """What the person tells: an emergency at the gate, or a filled questionnaire."""
    content = world.runtime.services.content
    if person.emergency:
        gate = [q.id for q in content.gate.questions if SELF_HARM not in q.id]
        return Journey(gate=(world.rng.choice(gate),), own_words=lines.EMERGENCY)
    answers = fill(world.rng, content, person.topic)
    return Journey(
        gate=(), past=(), own_words=person.own_words, topic=person.topic, answers=answers, phone=person.number
    )


def join_line(tx: Tx, told: Journey, services: Services) -> Actor:
    """The pages' own way in: a session, stored answers, and the contact of them."""
    answers = start_answers(tx, client_id=uuid.uuid4().hex, language="fi")
    save_answers(tx, answers, told.dump())
    secret = sessions.begin_resident(tx, lang="fi", answers=answers)
    session = sessions.identify(tx, secret, "resident").session
    sending.join(tx, session, answers, told, "fi", services)
    return sessions.identify(tx, secret, "resident").actor


def glance(tx: Tx, me: Actor) -> Seen:
    """The resident's page as it stands."""
    texts = [line for line in chat.history(tx, me.id, 0, me) if line.kind is Kind.TEXT]
    return Seen(
        state=queues.entry_of(tx, me.id).state,
        newest=max((line.seq for line in texts), default=0),
        newest_from_staff=max((line.seq for line in texts if line.name), default=0),
    )


async def say(world: World, me: Actor, text: str, seen: int) -> None:
    """Writes one line."""
    await world.act(me, "message.send", client_id=str(uuid.uuid4()), text=text, seen_seq=seen)


async def give_up(world: World, person: Person, me: Actor) -> None:
    """Leaves the line, or asks for a call instead and keeps the place."""
    if person.then == "leave":
        await world.act(me, "contact.leave")
        return
    services = world.runtime.services
    await world.runtime.store.write(change_to_callback, me.id, person.number, me, services)


async def call(world: World, person: Person) -> None:
    """Rings a line: presses 1 for a promise, or waits to be answered."""
    lines = world.runtime.services.catalogue.lines
    line = world.rng.choice([line for line in lines if line.callback is CallBack.OFFERED])
    ringing = await world.telephony.ring(line.id, person.number, line.languages[0])
    await world.pause(3, 8)
    if person.way is Way.CALLBACK:
        await world.telephony.press(ringing, "1")
        await world.pause(2, 5)
        await world.telephony.press(ringing, "1")
    else:
        await world.telephony.wait(ringing)
    contact = await world.runtime.store.read(contact_of_call, world.telephony.name, ringing)
    if contact is not None:
        world.contacts.add(contact)
        await hold_on(world, person, ringing, contact)
    await world.telephony.hang_up(ringing)


async def hold_on(world: World, person: Person, ringing: str, contact: int) -> None:
    """Stays on the line until the conversation is over or patience is."""
    caller = world.telephony.calls[ringing]
    begun = world.runtime.clock.monotonic()
    while caller.on:
        state = await world.runtime.store.read(state_of, contact)
        lived = world.runtime.clock.monotonic() - begun
        if state not in (*IN_LINE, "held") or (state in IN_LINE and lived > person.patience * world.pace):
            return
        await world.look()


def contact_of_call(tx: Tx, provider: str, ringing: str) -> int | None:
    """The contact that the call became."""
    found = callbacks.find_call(tx, provider, ringing)
    return found.contact if found is not None else None


def state_of(tx: Tx, contact: int) -> str:
    """Where the contact stands."""
    return queues.entry_of(tx, contact).state
