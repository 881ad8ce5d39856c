"""The telephone on both databases: every request is promised once, tried in order, and never ended by a
machine.
"""

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from callbacks import service as callbacks
from callbacks.attempts import SILENCE
from callbacks.models import Attempt, Call
from callbacks.results import Result
from callbacks.telephony.port import (
    DialAnswered,
    DialEnded,
    DialFailed,
    DialStarted,
    Prompts,
    TelephonyEvent,
)
from callbacks.views import AttemptView
from core.clock import FixedClock
from core.errors import Invalid, NotFound
from core.events import read_events
from core.hours import local_date
from core.identity import Actor
from core.models import AccessLog, Job
from core.store import Store, Tx
from core.urgency import Urgency
from queues import agents
from queues.dispatch import sweep
from queues.errors import OfferGone, StaleAssignment
from queues.service import entry_of
from router.arrivals import Channel, Received
from router.errors import SecondNeeded
from router.models import Contact
from router.moves import change_to_callback
from router.outcomes import close
from router.promising import Kind, PromiseView, open_promise, promises_of
from tests.builders import MONDAY, a_store
from tests.rooms import (
    OTHER_PHONE,
    PHONE,
    PROVIDER,
    SERVICES,
    a_callback,
    a_chat,
    a_nurse,
    a_result,
    hangs_up,
    keys,
    offered,
    rings,
    the_resident,
)

SPACING = timedelta(minutes=SERVICES.catalogue.limits.attempt_spacing_minutes)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def types(tx: Tx, contact: int) -> list[str]:
    return [event.type for event in read_events(tx, contact=contact)]


def hear(tx: Tx, *events: TelephonyEvent) -> Prompts | None:
    heard = None
    for event in events:
        heard = callbacks.hear(tx, PROVIDER, event, SERVICES)
    return heard


def calls(tx: Tx, pressed: str, number: str | None = PHONE, call: str = "c1", **more: str) -> Prompts | None:
    return hear(tx, rings(tx, number, call, **more), *keys(tx, pressed, call))


def contact_of(tx: Tx, call: str = "c1") -> int:
    found = callbacks.find_call(tx, PROVIDER, call)
    assert found is not None
    assert found.contact is not None
    return found.contact


def held(tx: Tx, nurse: Actor) -> int:
    offer = offered(tx)
    callbacks.accept(tx, nurse, offer.id, offer.assignment, SERVICES)
    return offer.assignment


def dials(tx: Tx, nurse: Actor, contact: int) -> AttemptView:
    return callbacks.dial(tx, nurse, contact, entry_of(tx, contact).assignment, SERVICES)


def promise_of(tx: Tx, contact: int) -> PromiseView:
    return promises_of(tx, contact)[0]


def ready_to_dial(tx: Tx) -> tuple[Actor, Received]:
    nurse = a_nurse(tx)
    received = a_callback(tx)
    held(tx, nurse)
    return nurse, received


async def test_press_one_is_a_promise_with_a_place(store: Store) -> None:
    def call(tx: Tx) -> None:
        heard = calls(tx, "11")
        assert heard is not None
        assert heard.play == ("call.promised", "call.goodbye")
        assert heard.hang_up
        contact = contact_of(tx)
        assert entry_of(tx, contact).channel == "callback"
        assert promise_of(tx, contact).due_at == heard.due_at
        assert types(tx, contact)[0] == "contact.received"
        assert "call.arrived" in types(tx, contact)

    await store.write(call)


async def test_no_key_stays_in_the_line(store: Store) -> None:
    def call(tx: Tx) -> None:
        calls(tx, "-")
        entry = entry_of(tx, contact_of(tx))
        assert (entry.channel, entry.state) == ("call", "waiting")

    await store.write(call)


async def test_one_pressed_in_the_line_keeps_the_place(store: Store) -> None:
    def call(tx: Tx) -> None:
        calls(tx, "-")
        before = entry_of(tx, contact_of(tx))
        hear(tx, *keys(tx, "11", after=1))
        entry = entry_of(tx, contact_of(tx))
        assert (entry.channel, entry.due_at) == ("callback", before.due_at)
        assert open_promise(tx, entry.contact, Kind.CALLBACK) is not None

    await store.write(call)


async def test_a_hidden_number_is_typed(store: Store) -> None:
    def call(tx: Tx) -> None:
        heard = calls(tx, "10401234567#", None)
        assert heard is not None
        assert heard.digits == "0401234567"
        assert "0401234567" not in repr(heard)
        hear(tx, *keys(tx, "1", after=12))
        assert open_promise(tx, contact_of(tx), Kind.CALLBACK) is not None

    await store.write(call)


@pytest.mark.parametrize("typed", ["112", "060012345", "116117", "0"])
async def test_numbers_that_may_not_be_dialled_are_not_promised(store: Store, typed: str) -> None:
    def call(tx: Tx) -> None:
        heard = calls(tx, f"1{typed}#", None)
        assert heard is not None
        assert heard.play[0] == "call.number_invalid"
        assert tx.scalar(select(func.count()).select_from(Contact)) == 0

    await store.write(call)


async def test_a_foreign_caller_is_asked_to_type(store: Store) -> None:
    heard = await store.write(calls, "1", "+46701234567")

    assert heard is not None
    assert heard.play == ("call.type_number",)


async def test_a_closed_line_promises_the_next_service_day(store: Store, clock: FixedClock) -> None:
    clock.set(datetime(2026, 11, 27, 18, 0, tzinfo=UTC))  # Friday evening

    def call(tx: Tx) -> None:
        assert "call.closed" in (calls(tx, "") or Prompts()).play
        hear(tx, *keys(tx, "11"))
        contact = contact_of(tx)
        assert local_date(promise_of(tx, contact).due_at).isoformat() == "2026-11-30"
        assert entry_of(tx, contact).state == "scheduled"

    await store.write(call)


async def test_a_second_call_joins_the_open_request(store: Store, clock: FixedClock) -> None:
    await store.write(calls, "11")
    clock.advance(timedelta(hours=1))

    def again(tx: Tx) -> None:
        heard = calls(tx, "11", call="c2")
        assert contact_of(tx, "c2") == contact_of(tx)
        assert tx.scalar(select(func.count()).select_from(Contact)) == 1
        assert heard is not None
        assert heard.due_at == promise_of(tx, contact_of(tx)).due_at

    await store.write(again)


async def test_another_number_or_service_is_never_joined(store: Store) -> None:
    def call(tx: Tx) -> None:
        calls(tx, "11")
        calls(tx, "11", OTHER_PHONE, "c2")
        calls(tx, "11", PHONE, "c3", line="dental")
        assert len({contact_of(tx, call) for call in ("c1", "c2", "c3")}) == 3

    await store.write(call)


async def test_who_pressed_one_and_hung_up_is_called_back(store: Store) -> None:
    def call(tx: Tx) -> None:
        calls(tx, "1")
        hear(tx, hangs_up(tx), hangs_up(tx))
        contact = contact_of(tx)
        assert open_promise(tx, contact, Kind.CALLBACK) is not None
        assert types(tx, contact).count("call.ended") == 1

    await store.write(call)


async def test_who_pressed_one_and_was_answered_meanwhile_is_not_called_back(store: Store) -> None:
    def call(tx: Tx) -> None:
        calls(tx, "-1")
        nurse = a_nurse(tx)
        entry = offered(tx)
        callbacks.accept(tx, nurse, entry.id, entry.assignment, SERVICES)
        assert hear(tx, *keys(tx, "1", after=2)) is None
        hear(tx, hangs_up(tx))
        contact = contact_of(tx)
        assert open_promise(tx, contact, Kind.CALLBACK) is None
        assert types(tx, contact).count("call.ended") == 1
        assert entry_of(tx, contact).state == "held"

    await store.write(call)


async def test_a_short_dropped_call_keeps_its_place(store: Store, clock: FixedClock) -> None:
    def drop(tx: Tx) -> int:
        calls(tx, "-")
        hear(tx, hangs_up(tx))
        contact = contact_of(tx)
        assert entry_of(tx, contact).state == "left"
        return contact

    contact = await store.write(drop)
    clock.advance(30)

    def again(tx: Tx) -> None:
        calls(tx, "-", call="c2")
        assert contact_of(tx, "c2") == contact
        assert entry_of(tx, contact).state == "waiting"

    await store.write(again)


async def test_news_of_a_call_in_any_order_and_twice_is_one_state(store: Store) -> None:
    def state(tx: Tx, call: str) -> tuple[object, ...]:
        row = tx.one(select(Call).where(Call.provider_id == call))  # type: ignore[arg-type]
        return (row.line, row.ended_at is not None, row.contact_id is not None)

    def call(tx: Tx) -> None:
        hear(tx, rings(tx, call="x"), hangs_up(tx, "x"), hangs_up(tx, "x"))
        assert hear(tx, hangs_up(tx, "y"), rings(tx, call="y"), rings(tx, call="y")) is None
        assert state(tx, "x") == state(tx, "y")
        assert hear(tx, *keys(tx, "11", "y")) is None

    await store.write(call)


async def test_a_key_heard_twice_is_pressed_once(store: Store) -> None:
    def call(tx: Tx) -> None:
        calls(tx, "")
        (one,) = keys(tx, "1")
        hear(tx, one, one)
        assert tx.scalar(select(Call.state)) == "confirm"  # type: ignore[call-overload]

    await store.write(call)


async def test_dialling_is_one_job_without_a_number_in_it(store: Store) -> None:
    def dial(tx: Tx) -> None:
        nurse, received = ready_to_dial(tx)
        attempt = dials(tx, nurse, received.contact)
        assert dials(tx, nurse, received.contact) == attempt
        (job,) = tx.all(select(Job).where(Job.kind == "dial"))  # type: ignore[arg-type]
        assert job.args == {"attempt": attempt.key}
        order = callbacks.dial_order(tx, attempt.key)
        assert order is not None
        assert (order.number, order.line) == (PHONE, "health_station")
        assert PHONE not in repr(order)
        assert callbacks.dial_order(tx, attempt.key) is None
        actions = tx.all(select(AccessLog.action))  # type: ignore[call-overload]
        assert actions.count("callback.dial") == 1

    await store.write(dial)


async def test_accepting_dials_nothing(store: Store) -> None:
    await store.write(ready_to_dial)

    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(Attempt))) == 0


async def test_only_the_holder_dials(store: Store) -> None:
    nurse, received = await store.write(ready_to_dial)
    other = await store.write(lambda tx: a_nurse(tx, "nurse2"))

    with pytest.raises(StaleAssignment):
        await store.write(callbacks.dial, nurse, received.contact, 99, SERVICES)
    with pytest.raises(StaleAssignment):
        await store.write(dials, other, received.contact)
    with pytest.raises(NotFound):
        await store.write(callbacks.dial, nurse, 999, 1, SERVICES)


async def test_reached_in_time_keeps_the_promise_at_the_ring(store: Store, clock: FixedClock) -> None:
    nurse, received = await store.write(ready_to_dial)
    attempt = await store.write(dials, nurse, received.contact)
    rang = clock.advance(5)
    answered = clock.advance(5)

    def reach(tx: Tx) -> None:
        hear(tx, DialStarted(key=attempt.key, at=rang), DialAnswered(key=attempt.key, at=answered))
        promise = promise_of(tx, received.contact)
        assert (promise.kept_at, promise.broken(tx.now)) == (rang, False)
        assert entry_of(tx, received.contact).state == "held"
        (only,) = callbacks.attempts_of(tx, received.contact)
        assert (only.result, only.dialled_at, only.answered_at) == (Result.REACHED, rang, answered)

    await store.write(reach)


async def test_a_first_attempt_after_the_due_is_kept_late(store: Store, clock: FixedClock) -> None:
    nurse, received = await store.write(ready_to_dial)
    attempt = await store.write(dials, nurse, received.contact)
    assert received.promise is not None
    clock.set(received.promise.due_at + timedelta(minutes=1))

    def reach(tx: Tx) -> None:
        hear(tx, DialAnswered(key=attempt.key, at=tx.now))
        assert promise_of(tx, received.contact).broken(tx.now)
        kept = [e for e in read_events(tx, contact=received.contact) if e.type == "promise.kept"]
        assert kept[0].data["in_time"] is False

    await store.write(reach)


async def test_unreached_is_tried_again_at_another_time(store: Store, clock: FixedClock) -> None:
    def no_answer(tx: Tx) -> int:
        nurse, received = ready_to_dial(tx)
        attempt = dials(tx, nurse, received.contact)
        hear(tx, DialFailed(key=attempt.key, result=Result.NO_ANSWER, at=tx.now))
        entry = entry_of(tx, received.contact)
        assert (entry.state, entry.not_before) == ("scheduled", tx.now + SPACING)
        assert entry.due_at == received.entry.due_at
        # The first real attempt by its due keeps the promise, whoever answered.
        assert promise_of(tx, received.contact).kept_at is not None
        return received.contact

    contact = await store.write(no_answer)
    clock.advance(SPACING)
    await store.write(sweep, SERVICES.catalogue)

    assert (await store.read(entry_of, contact)).state == "waiting"


async def test_used_up_attempts_need_a_person_and_end_nothing(store: Store, clock: FixedClock) -> None:
    nurse, received = await store.write(ready_to_dial)
    contact = received.contact

    def busy(tx: Tx) -> None:
        hear(tx, DialFailed(key=dials(tx, nurse, contact).key, result=Result.BUSY, at=tx.now))

    for n in range(3):
        if n:
            clock.advance(SPACING)
            await store.write(sweep, SERVICES.catalogue)
            nurse = await store.write(lambda tx, n=n: a_nurse(tx, f"again{n}"))
            await store.write(held, nurse)
        await store.write(busy)

    def look(tx: Tx) -> None:
        assert entry_of(tx, contact).state == "held"
        assert types(tx, contact).count("attempt.ended") == 3
        assert types(tx, contact).count("callback.decision") == 1
        assert "outcome.recorded" not in types(tx, contact)

    await store.write(look)


async def test_a_line_has_its_own_number_and_spacing_of_tries(store: Store, clock: FixedClock) -> None:
    lines = tuple(replace(line, attempts=2, attempt_spacing_minutes=90) for line in SERVICES.catalogue.lines)
    services = replace(SERVICES, catalogue=replace(SERVICES.catalogue, lines=lines))
    received = await store.write(a_callback)
    contact, decided = received.contact, []
    for n in range(2):

        def ring(tx: Tx, n: int = n) -> datetime | None:
            nurse = a_nurse(tx, f"ringer{n}")
            held(tx, nurse)
            made = dials(tx, nurse, contact)
            failed = DialFailed(key=made.key, result=Result.BUSY, at=tx.now)
            callbacks.hear(tx, PROVIDER, failed, services)
            decided.append(types(tx, contact).count("callback.decision"))
            return entry_of(tx, contact).not_before

        at = await store.write(ring)
        if n == 0:
            assert at == clock.now() + timedelta(minutes=90)
            clock.advance(timedelta(minutes=90))
            await store.write(sweep, services.catalogue)

    assert decided == [0, 1]
    texts = await store.read(
        lambda tx: [job.args["text"] for job in tx.all(select(Job)) if job.kind == "sms"]
    )
    assert texts == ["sms.callback_promised", "sms.callback_tried", "sms.callback_last"]


async def test_an_urgent_one_is_given_up_by_a_second_professional(store: Store, clock: FixedClock) -> None:
    urgent = a_result(level=Urgency.ED)
    received = await store.write(
        lambda tx: a_callback(tx, channel=Channel.FORM, line=None, result=urgent, door="terveys_chat")
    )
    contact = received.contact
    nurse = await store.write(a_nurse)
    for _ in range(3):

        def ring(tx: Tx) -> None:
            agents.beat(tx, nurse.id, SERVICES.catalogue.limits)
            callbacks.take(tx, nurse, contact, "by_hand", SERVICES)
            hear(tx, DialFailed(key=dials(tx, nurse, contact).key, result=Result.NO_ANSWER, at=tx.now))

        await store.write(ring)
        clock.advance(SPACING)
        await store.write(sweep, SERVICES.catalogue)

    def gives_up(tx: Tx, who: Actor) -> None:
        agents.beat(tx, who.id, SERVICES.catalogue.limits)
        taken = callbacks.take(tx, who, contact, "by_hand", SERVICES).entry
        close(tx, contact, who, code="UNREACHED", assignment=taken.assignment, services=SERVICES)

    assert (await store.read(entry_of, contact)).agent is None  # it left her hands for somebody else's
    with pytest.raises(SecondNeeded):
        await store.write(gives_up, nurse)
    second = await store.write(a_nurse, "second")

    def rings_too(tx: Tx) -> None:
        callbacks.take(tx, second, contact, "by_hand", SERVICES)
        hear(tx, DialFailed(key=dials(tx, second, contact).key, result=Result.BUSY, at=tx.now))
        assert entry_of(tx, contact).agent == second.id  # two have tried: she may decide
        gives_up(tx, second)

    await store.write(rings_too)
    assert (await store.read(entry_of, contact)).state == "done"


async def test_who_rings_again_after_a_try_in_vain_is_called_soon(store: Store, clock: FixedClock) -> None:
    await store.write(calls, "11")
    contact = await store.read(contact_of)
    nurse = await store.write(a_nurse)

    def ring(tx: Tx) -> None:
        held(tx, nurse)
        hear(tx, DialFailed(key=dials(tx, nurse, contact).key, result=Result.NO_ANSWER, at=tx.now))

    await store.write(ring)
    clock.advance(timedelta(minutes=5))

    def again(tx: Tx) -> None:
        heard = calls(tx, "11", call="c2")
        assert contact_of(tx, "c2") == contact
        promise = open_promise(tx, contact, Kind.CALLBACK)
        assert promise is not None and heard is not None
        assert heard.due_at == promise.due_at > tx.now
        assert entry_of(tx, contact).not_before == tx.now  # not only after the spacing

    await store.write(again)


async def test_a_request_of_days_ago_is_joined_while_it_is_open(store: Store, clock: FixedClock) -> None:
    await store.write(calls, "11", line="elderly")
    clock.advance(timedelta(hours=25))

    def again(tx: Tx) -> None:
        calls(tx, "11", call="c2", line="elderly")
        assert contact_of(tx, "c2") == contact_of(tx)
        assert tx.scalar(select(func.count()).select_from(Contact)) == 1

    await store.write(again)


async def test_silence_becomes_unknown_and_nobody_is_rung_again(store: Store, clock: FixedClock) -> None:
    nurse, received = await store.write(ready_to_dial)
    attempt = await store.write(dials, nurse, received.contact)
    await store.write(callbacks.dial_order, attempt.key)
    clock.advance(SILENCE + timedelta(seconds=1))
    assert await store.write(callbacks.sweep, SERVICES) == 1
    assert await store.write(callbacks.sweep, SERVICES) == 0

    def look(tx: Tx) -> None:
        assert callbacks.attempts_of(tx, received.contact)[0].result == Result.UNKNOWN
        assert entry_of(tx, received.contact).state == "held"
        assert callbacks.dial_order(tx, attempt.key) is None
        assert len(tx.all(select(Job).where(Job.kind == "dial"))) == 1  # type: ignore[arg-type]
        assert promise_of(tx, received.contact).kept_at is None

    await store.write(look)


async def test_an_order_too_old_is_not_dialled(store: Store, clock: FixedClock) -> None:
    nurse, received = await store.write(ready_to_dial)
    attempt = await store.write(dials, nurse, received.contact)
    clock.advance(SILENCE + timedelta(seconds=1))

    assert await store.write(callbacks.dial_order, attempt.key) is None


async def test_news_of_an_attempt_in_any_order_and_twice_is_one_state(store: Store) -> None:
    def of(key: str, events: Sequence[TelephonyEvent]) -> list[TelephonyEvent]:
        return [type(event)(key=key, at=event.at) for event in events]

    def walk(tx: Tx) -> set[tuple[object, ...]]:
        seen = set()
        at = [tx.now + timedelta(seconds=n) for n in range(3)]
        news = [DialStarted(key="", at=at[0]), DialAnswered(key="", at=at[1]), DialEnded(key="", at=at[2])]
        for n, order in enumerate(itertools.permutations(news * 2, 6)):
            if n % 60:
                continue
            nurse = a_nurse(tx, f"nurse-{n}")
            received = a_callback(tx, f"c-{n}")
            callbacks.take(tx, nurse, received.contact, "by_hand", SERVICES)
            attempt = dials(tx, nurse, received.contact)
            hear(tx, *of(attempt.key, order))
            (end,) = callbacks.attempts_of(tx, received.contact)
            kept = promise_of(tx, received.contact).kept_at is not None
            seen.add((end.result, end.dialled_at, end.answered_at, end.ended_at, kept))
        return seen

    assert len(await store.write(walk)) == 1


async def test_the_professionals_word_stands_over_the_exchanges(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, received = ready_to_dial(tx)
        attempt = dials(tx, nurse, received.contact)
        hear(tx, DialAnswered(key=attempt.key, at=tx.now))
        said = callbacks.say_result(
            tx,
            nurse,
            received.contact,
            assignment=entry_of(tx, received.contact).assignment,
            attempt=attempt.id,
            result="voicemail",
            services=SERVICES,
        )
        hear(tx, DialAnswered(key=attempt.key, at=tx.now))
        assert said.result == Result.VOICEMAIL
        assert callbacks.attempts_of(tx, received.contact)[0].result == Result.VOICEMAIL
        assert entry_of(tx, received.contact).state == "scheduled"

    await store.write(walk)


async def test_a_word_on_another_contacts_attempt_is_not_found(store: Store) -> None:
    def say(tx: Tx, result: str, beside: int) -> None:
        nurse, received = ready_to_dial(tx)
        attempt = dials(tx, nurse, received.contact)
        assignment = entry_of(tx, received.contact).assignment
        callbacks.say_result(
            tx,
            nurse,
            received.contact,
            assignment=assignment,
            attempt=attempt.id + beside,
            result=result,
            services=SERVICES,
        )

    with pytest.raises(NotFound):
        await store.write(say, "busy", 1)
    with pytest.raises(Invalid):
        await store.write(say, "nonsense", 0)


async def test_a_chat_that_became_a_callback_is_dialled(store: Store) -> None:
    def walk(tx: Tx) -> None:
        received = a_chat(tx)
        change_to_callback(tx, received.contact, PHONE, the_resident(received), SERVICES)
        nurse = a_nurse(tx)
        held(tx, nurse)
        assert dials(tx, nurse, received.contact).n == 1

    await store.write(walk)


async def test_a_second_accept_loses(store: Store) -> None:
    def two(tx: Tx) -> None:
        nurse, other = a_nurse(tx), a_nurse(tx, "nurse2")
        a_callback(tx)
        offer = offered(tx)
        mine = nurse if offer.agent == nurse.id else other
        theirs = other if mine is nurse else nurse
        assert callbacks.accept(tx, mine, offer.id, offer.assignment, SERVICES).entry.agent == mine.id
        callbacks.accept(tx, theirs, offer.id, offer.assignment, SERVICES)

    with pytest.raises(OfferGone):
        await store.write(two)


async def test_a_caller_in_the_line_is_joined_to_who_took_the_call(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = a_nurse(tx)
        calls(tx, "-")
        callbacks.take(tx, nurse, contact_of(tx), "by_hand", SERVICES)
        (job,) = tx.all(select(Job).where(Job.kind == "bridge"))  # type: ignore[arg-type]
        order = callbacks.bridge_order(tx, job.args["call"], job.args["agent"])
        assert order is not None
        assert (order.call, order.agent_device) == ("c1", "console")
        assert callbacks.bridge_order(tx, job.args["call"], nurse.id + 1) is None
        hear(tx, hangs_up(tx))
        assert callbacks.bridge_order(tx, job.args["call"], nurse.id) is None

    await store.write(walk)
