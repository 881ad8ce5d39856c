"""What a professional does with a call she keeps: moves it, ends its line, joins it to a chat.

One that is urgent is not ended as not reached by her alone.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callbacks import service as callbacks
from callbacks.results import Result
from callbacks.telephony.port import DialAnswered, DialEnded, DialFailed, DialStarted, Joined, Talk
from callbacks.views import AttemptView
from core.clock import FixedClock
from core.errors import Invalid
from core.events import read_events
from core.identity import Actor
from core.models import Job
from core.store import Store, Tx
from core.urgency import Urgency
from ensilinja.ops import OPS, perform, read_body
from ensilinja.ops_calls import instant_of
from ensilinja.rows import ListRow, rows
from queues.agents import beat
from queues.dispatch import sweep
from queues.service import entry_of
from router import outcomes
from router.briefs import Brief, brief
from router.errors import TooLate, WindowFull
from router.promising import Kind, open_promise, promises_of
from router.standing import the_contact
from tests.builders import MONDAY, a_store
from tests.rooms import PROVIDER, SERVICES, a_callback, a_chat, a_nurse, keys, rings

CATALOGUE = SERVICES.catalogue
SPACING = timedelta(minutes=CATALOGUE.limits.attempt_spacing_minutes)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def does(tx: Tx, nurse: Actor, op: str, contact: int, **more: Any) -> Any:
    """One operation of the holder's console."""
    operation = OPS["staff", op]
    asked = {"contact": contact, "assignment": entry_of(tx, contact).assignment, **more}
    return perform(tx, operation, nurse, read_body(operation, asked), SERVICES)


def takes(tx: Tx, nurse: Actor, contact: int) -> None:
    callbacks.take(tx, nurse, contact, "by_hand", SERVICES)


def in_hand(tx: Tx, **more: Any) -> tuple[Actor, int]:
    nurse, received = a_nurse(tx), a_callback(tx, **more)
    takes(tx, nurse, received.contact)
    return nurse, received.contact


def dials(tx: Tx, nurse: Actor, contact: int) -> AttemptView:
    attempt = callbacks.dial(tx, nurse, contact, entry_of(tx, contact).assignment, SERVICES)
    callbacks.dial_order(tx, attempt.key)
    return attempt


def fails(tx: Tx, nurse: Actor, contact: int, result: Result = Result.NO_ANSWER) -> None:
    attempt = dials(tx, nurse, contact)
    callbacks.hear(tx, PROVIDER, DialFailed(key=attempt.key, result=result, at=tx.now), SERVICES)


def row_of(tx: Tx, contact: int) -> ListRow:
    return rows(tx, [contact], CATALOGUE)[contact]


def brief_of(tx: Tx, nurse: Actor, contact: int) -> Brief:
    return brief(tx, contact, nurse, SERVICES)


async def used_up(store: Store, clock: FixedClock, urgency: Urgency) -> tuple[Actor, int]:
    """A callback that one professional has tried in vain, in her hands again."""
    nurse, contact = await store.write(in_hand, urgency=urgency)
    for n in range(CATALOGUE.limits.attempts):
        if n:
            clock.advance(SPACING)
            await store.write(sweep, CATALOGUE)
            await store.write(beat, nurse.id)
            await store.write(takes, nurse, contact)
        await store.write(fails, nurse, contact)
    if (await store.read(entry_of, contact)).state == "waiting":
        await store.write(takes, nurse, contact)
    return nurse, contact


async def test_the_holder_moves_a_call_to_a_time_that_is_offered(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact = in_hand(tx)
        *_, last = does(tx, nurse, "callback.times", contact)["times"]
        does(tx, nurse, "callback.move", contact, start=last["start"].isoformat())
        entry, promise = entry_of(tx, contact), promises_of(tx, contact)[-1]
        assert (entry.state, entry.not_before, entry.agent) == ("scheduled", last["start"], None)
        assert promise.due_at == last["end"]
        assert promises_of(tx, contact)[0].ended_why == "replaced_by"
        assert row_of(tx, contact).call is None

    await store.write(walk)


async def test_no_call_is_moved_while_it_rings_or_to_a_time_that_is_not_offered(store: Store) -> None:
    nurse, contact = await store.write(in_hand)

    with pytest.raises(WindowFull):
        await store.write(does, nurse, "callback.move", contact, start=MONDAY.isoformat())
    with pytest.raises(Invalid):
        instant_of("maanantai")
    with pytest.raises(Invalid):
        instant_of("2026-11-30T10:00:00")
    await store.write(dials, nurse, contact)
    with pytest.raises(TooLate):
        await store.write(does, nurse, "callback.move", contact)


async def test_the_row_tells_how_the_call_stands(store: Store, clock: FixedClock) -> None:
    nurse, contact = await store.write(in_hand)

    def state(tx: Tx) -> tuple[str, str | None]:
        call = row_of(tx, contact).call
        assert call is not None
        return call.state, call.result

    attempt = await store.write(dials, nurse, contact)
    assert await store.read(state) == ("agent_rings", None)
    for event, told in (
        (DialStarted(key=attempt.key, at=clock.now()), ("resident_rings", None)),
        (DialAnswered(key=attempt.key, at=clock.now()), ("on", "reached")),
        (DialEnded(key=attempt.key, at=clock.now()), ("ended", "reached")),
        (DialEnded(key=attempt.key, at=clock.now()), ("ended", "reached")),
    ):
        await store.write(callbacks.hear, PROVIDER, event, SERVICES)
        assert await store.read(state) == told

    types = await store.read(lambda tx: [event.type for event in read_events(tx, contact=contact)])
    assert types.count("attempt.over") == 1
    assert (await store.write(brief_of, nurse, contact)).attempts[-1].result == "reached"


async def test_a_call_that_came_in_is_on_until_its_caller_is_gone(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = a_nurse(tx)
        for event in (rings(tx), *keys(tx, "-")):
            callbacks.hear(tx, PROVIDER, event, SERVICES)
        found = callbacks.find_call(tx, PROVIDER, "c1")
        assert found is not None and found.contact is not None
        assert row_of(tx, found.contact).call is None
        takes(tx, nurse, found.contact)
        call = row_of(tx, found.contact).call
        assert call is not None and (call.state, call.attempt) == ("agent_rings", None)
        joined = Joined(key=f"bridge-{found.id}-{entry_of(tx, found.contact).assignment}", at=tx.now)
        for _ in range(2):
            callbacks.hear(tx, PROVIDER, joined, SERVICES)
        call = row_of(tx, found.contact).call
        assert call is not None and (call.state, call.order) == ("on", None)

    await store.write(walk)


async def test_voicemail_is_one_word_that_ends_the_line_texts_and_tries_again(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact = in_hand(tx)
        attempt = dials(tx, nurse, contact)
        callbacks.hear(tx, PROVIDER, DialAnswered(key=attempt.key, at=tx.now), SERVICES)
        does(tx, nurse, "callback.result", contact, attempt=attempt.id, result="voicemail")
        jobs = {job.kind: job for job in tx.all(select(Job))}
        given = callbacks.order_to_give(tx, jobs["order"].args["order"])
        assert given is not None and (given.kind, given.talk) == ("hang_up", Talk(dial=attempt.key))
        assert "sms.callback_tried" in [job.args.get("text") for job in tx.all(select(Job))]
        assert (entry_of(tx, contact).state, row_of(tx, contact).attempts) == ("scheduled", 1)

    await store.write(walk)


async def test_a_failed_dial_uses_no_try_up(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact = in_hand(tx)
        fails(tx, nurse, contact, Result.AGENT_ABSENT)
        row = row_of(tx, contact)
        assert (row.attempts, row.tries, row.decision) == (0, CATALOGUE.limits.attempts, False)
        assert row.call is not None and row.call.result == "agent_absent"
        assert row.tried_at == tx.now

    await store.write(walk)


async def test_a_call_goes_on_in_the_waiting_chat_of_its_matter(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact = in_hand(tx)
        chat = a_chat(tx, "b", matter=the_contact(tx, contact).matter_id).contact
        with pytest.raises(Invalid):
            does(tx, nurse, "callback.join", contact, chat=contact)
        does(tx, nurse, "callback.join", contact, chat=chat)
        assert entry_of(tx, chat).agent == nurse.id
        assert entry_of(tx, contact).state == "waiting"  # beside it, until its outcome
        assert open_promise(tx, contact, Kind.CALLBACK) is not None
        assert {s.contact for s in outcomes.siblings_of(tx, chat)} == {contact}

    await store.write(walk)


async def test_of_an_urgent_call_the_brief_tells_who_may_end_it(store: Store, clock: FixedClock) -> None:
    nurse, contact = await used_up(store, clock, Urgency.ED)

    assert (await store.write(brief_of, nurse, contact)).unreached == "second"
    second = await store.write(lambda tx: a_nurse(tx, "second"))
    assert (await store.write(brief_of, second, contact)).unreached == "end"


async def test_another_call_is_ended_by_one(store: Store, clock: FixedClock) -> None:
    nurse, contact = await used_up(store, clock, Urgency.DAYS_1_3)

    assert (await store.write(brief_of, nurse, contact)).unreached == "end"
    await store.write(does, nurse, "contact.close", contact, code="UNREACHED")
    assert (await store.read(entry_of, contact)).state == "done"
