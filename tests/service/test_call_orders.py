"""What a professional orders of the call that is on: given once, told as it is, the contact stays hers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callbacks import orders
from callbacks import service as callbacks
from callbacks.errors import NoCall, NotFree, OrderInHand
from callbacks.models import CallOrder
from callbacks.orders import LATE, LATEST, SILENCE, Given, Kind, Outcome
from callbacks.telephony.port import (
    AgentGone,
    CallerGone,
    DialAnswered,
    DialEnded,
    DialStarted,
    Joined,
    NotJoined,
    Talk,
)
from core import jobs
from core.clock import FixedClock
from core.errors import NotFound
from core.identity import Actor
from core.store import Store, Tx
from ensilinja import (
    ops_calls,  # noqa: F401 - its operations are known by it
    work,
)
from ensilinja.ops import OPS, perform, read_body
from ensilinja.row_calls import RowCall
from ensilinja.rows import rows
from queues import service as queues
from queues.errors import StaleAssignment
from queues.service import entry_of
from tests.builders import MONDAY, a_store
from tests.rooms import PROVIDER, SERVICES, a_callback, a_nurse, keys, rings


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def does(tx: Tx, nurse: Actor, op: str, contact: int, **more: Any) -> Any:
    operation = OPS["staff", op]
    asked = {"contact": contact, "assignment": entry_of(tx, contact).assignment, **more}
    return perform(tx, operation, nurse, read_body(operation, asked), SERVICES)


def came_in(tx: Tx) -> tuple[Actor, int, Talk]:
    """A caller who talks with a professional."""
    nurse = a_nurse(tx)
    for event in (rings(tx), *keys(tx, "-")):
        callbacks.hear(tx, PROVIDER, event, SERVICES)
    found = callbacks.find_call(tx, PROVIDER, "c1")
    assert found is not None and found.contact is not None
    held = callbacks.take(tx, nurse, found.contact, "by_hand", SERVICES).entry
    joined = Joined(key=f"bridge-{found.id}-{held.assignment}", at=tx.now)
    callbacks.hear(tx, PROVIDER, joined, SERVICES)
    return nurse, found.contact, Talk(call="c1")


def dialled(tx: Tx) -> tuple[Actor, int, Talk]:
    """A resident who was called back and answered."""
    nurse, contact = a_nurse(tx), a_callback(tx).contact
    held = callbacks.take(tx, nurse, contact, "by_hand", SERVICES).entry
    attempt = callbacks.dial(tx, nurse, contact, held.assignment, SERVICES)
    callbacks.dial_order(tx, attempt.key)
    for event in (DialStarted(key=attempt.key, at=tx.now), DialAnswered(key=attempt.key, at=tx.now)):
        callbacks.hear(tx, PROVIDER, event, SERVICES)
    return nurse, contact, Talk(dial=attempt.key)


def gives(tx: Tx) -> list[Given]:
    """Everything that the exchange would be asked for now."""
    ids = tx.all(select(CallOrder.id).order_by(CallOrder.id))
    return [given for each in ids if each is not None and (given := callbacks.order_to_give(tx, each))]


def settles(tx: Tx, outcome: Outcome) -> None:
    """The newest order's end."""
    callbacks.settle(tx, max(tx.all(select(CallOrder.id))), outcome)


def call_of(tx: Tx, contact: int) -> RowCall:
    call = rows(tx, [contact], SERVICES.catalogue)[contact].call
    assert call is not None
    return call


@pytest.mark.parametrize("start", [came_in, dialled])
async def test_a_call_is_held_and_goes_on(store: Store, clock: FixedClock, start: Any) -> None:
    nurse, contact, talk = await store.write(start)

    def holds(tx: Tx) -> None:
        for _ in range(2):  # pressed twice is one order
            does(tx, nurse, "call.hold", contact)
        assert (call_of(tx, contact).order, call_of(tx, contact).order_state) == ("hold", "asked")
        with pytest.raises(OrderInHand):
            does(tx, nurse, "call.resume", contact)
        assert [(given.kind, given.talk) for given in gives(tx)] == [(Kind.HOLD, talk)]
        assert gives(tx) == []  # once
        settles(tx, Outcome.DONE)
        assert call_of(tx, contact).held_at == tx.now and call_of(tx, contact).order is None

    def goes_on(tx: Tx) -> None:
        does(tx, nurse, "call.resume", contact)
        assert [given.kind for given in gives(tx)] == [Kind.RESUME]
        settles(tx, Outcome.DONE)
        assert call_of(tx, contact) == replace(before, held_at=None)

    before = await store.read(call_of, contact)
    await store.write(holds)
    clock.advance(timedelta(seconds=40))
    await store.write(goes_on)


@pytest.mark.parametrize("start", [came_in, dialled])
async def test_hanging_up_ends_the_connection_and_never_the_contact(store: Store, start: Any) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact, talk = start(tx)
        does(tx, nurse, "call.hold", contact)
        does(tx, nurse, "call.hang_up", contact)  # whatever else is under way
        assert [given.kind for given in gives(tx)] == [Kind.HOLD, Kind.HANG_UP]
        settles(tx, Outcome.DONE)
        gone = CallerGone(call=talk.call, at=tx.now) if talk.call else DialEnded(key=talk.dial, at=tx.now)
        callbacks.hear(tx, PROVIDER, gone, SERVICES)
        assert (entry_of(tx, contact).state, entry_of(tx, contact).agent) == ("held", nurse.id)
        call = call_of(tx, contact)
        assert (call.state, call.held_at, call.order) == ("ended", None, None)
        with pytest.raises(NoCall):
            does(tx, nurse, "call.hang_up", contact)

    await store.write(walk)


@pytest.mark.parametrize(("outcome", "kind"), [(Outcome.UNKNOWN, "hold"), (Outcome.FAILED, "hold")])
async def test_what_was_not_done_is_said_and_ordered_again_by_hand(
    store: Store, outcome: Outcome, kind: str
) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact, _ = came_in(tx)
        does(tx, nurse, "call.hold", contact)
        gives(tx)
        settles(tx, outcome)
        settles(tx, Outcome.DONE)  # a late word changes nothing
        call = call_of(tx, contact)
        assert (call.order, call.order_state, call.held_at) == (kind, outcome, None)
        assert gives(tx) == []
        does(tx, nurse, "call.hold", contact)
        assert len({given.key for given in gives(tx)}) == 1

    await store.write(walk)


async def test_an_order_that_comes_too_late_is_not_given(store: Store, clock: FixedClock) -> None:
    nurse, contact, _ = await store.write(came_in)
    await store.write(does, nurse, "call.hold", contact)
    clock.advance(LATE + timedelta(seconds=1))
    assert await store.write(gives) == []
    assert (await store.read(call_of, contact)).order_state == "failed"
    await store.write(does, nurse, "call.hang_up", contact)
    clock.advance(LATEST[Kind.HANG_UP] - timedelta(seconds=1))

    assert [given.kind for given in await store.write(gives)] == [Kind.HANG_UP]


async def test_the_silence_of_an_order_ends(store: Store, clock: FixedClock) -> None:
    nurse, contact, _ = await store.write(came_in)
    await store.write(does, nurse, "call.hold", contact)
    await store.write(gives)
    clock.advance(SILENCE + timedelta(seconds=1))

    assert await store.write(callbacks.sweep, SERVICES) == 1
    assert (await store.read(call_of, contact)).order_state == "unknown"
    assert await store.read(orders.silent_orders, clock.now()) == []


async def test_only_the_holder_orders(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact, _ = came_in(tx)
        other, stranger = a_nurse(tx, "nurse2"), a_nurse(tx, "nurse3", queues="dental")
        for op in ("call.hold", "call.resume", "call.hang_up"):
            for one in (other, stranger):
                with pytest.raises(NotFound):
                    does(tx, one, op, contact)
            with pytest.raises(StaleAssignment):
                does(tx, nurse, op, contact, assignment=99)

    await store.write(walk)


async def transfers(store: Store) -> tuple[Actor, Actor, int, Given]:
    """A call that is asked to be taken over by a colleague, whose telephone rings."""
    nurse, contact, _ = await store.write(came_in)
    other = await store.write(a_nurse, "nurse2")

    def asks(tx: Tx) -> Given:
        asked = does(tx, nurse, "call.colleagues", contact)["colleagues"]
        assert [one["id"] for one in asked] == [other.id]
        does(tx, nurse, "call.transfer", contact, to=other.id)
        [given] = gives(tx)
        return given

    return nurse, other, contact, await store.write(asks)


async def test_who_answers_has_the_contact_and_until_then_it_is_the_others(store: Store) -> None:
    nurse, other, contact, given = await transfers(store)
    before = await store.read(entry_of, contact)
    assert (before.state, before.agent) == ("held", nurse.id)
    assert (await store.read(call_of, contact)).order_state == "asked"
    for _ in range(2):
        await store.write(callbacks.hear, PROVIDER, Joined(key=given.key, at=MONDAY), SERVICES)
    after = await store.read(entry_of, contact)

    assert (after.state, after.agent, after.due_at) == ("held", other.id, before.due_at)
    assert after.assignment > before.assignment
    call = await store.read(call_of, contact)
    assert (call.state, call.order) == ("on", None)
    with pytest.raises(NotFound):
        await store.write(does, nurse, "call.hold", contact)
    await store.write(does, other, "call.hold", contact)


async def test_a_colleague_who_does_not_answer_leaves_the_call_where_it_was(store: Store) -> None:
    nurse, _, contact, given = await transfers(store)
    await store.write(callbacks.hear, PROVIDER, NotJoined(key=given.key, at=MONDAY), SERVICES)
    await store.write(callbacks.hear, PROVIDER, Joined(key=given.key, at=MONDAY), SERVICES)  # too late

    assert (await store.read(entry_of, contact)).agent == nurse.id
    assert (await store.read(call_of, contact)).order_state == "failed"


async def test_nobody_is_rung_who_could_not_take_it(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, contact, _ = came_in(tx)
        busy, elsewhere = a_nurse(tx, "nurse2"), a_nurse(tx, "nurse3", queues="dental")
        callbacks.take(tx, busy, a_callback(tx).contact, "by_hand", SERVICES)
        for one in (busy, elsewhere, nurse):
            with pytest.raises(NotFree):
                does(tx, nurse, "call.transfer", contact, to=one.id)

    await store.write(walk)


async def test_a_caller_whom_somebody_took_is_not_hung_up_on_when_the_first_leaves(store: Store) -> None:
    """Let go, transferred and taken: the first telephone's end is told while the second still rings."""

    def walk(tx: Tx) -> None:
        nurse, contact, talk = came_in(tx)
        other = a_nurse(tx, "nurse2")
        entry = entry_of(tx, contact)
        queues.give_back(tx, entry.id, apart=timedelta(0), reason="transfer", actor=nurse.key)
        callbacks.take(tx, other, contact, "by_hand", SERVICES)
        left = AgentGone(call=talk.call, answered=True, at=tx.now)
        prompts = callbacks.hear(tx, PROVIDER, left, SERVICES)
        assert prompts is not None and not prompts.hang_up

    await store.write(walk)


def test_an_order_is_run_once_and_by_who_has_the_link() -> None:
    assert "order" in jobs.ONCE and "order" in work.HERE
