"""Answers left while nobody is there: the right morning is promised, danger comes first, clocks are right."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from chat import service as chat
from core.clock import FixedClock
from core.hours import HELSINKI
from core.store import Store, Tx
from core.urgency import Urgency
from ensilinja.reporting import keeper, kpis
from ensilinja.reporting.kpis import Terms
from ensilinja.reporting.numbers import Delay, Share
from queues import dispatch
from queues import service as queues
from router.answering import start_answers
from router.arrivals import Received
from router.intake import withdraw_flag
from router.moves import change_to_callback
from router.promising import Kind, open_promises
from router.rules import SELF_HARM
from tests.builders import a_store
from tests.rooms import EMERGENCY, PHONE, SERVICES, a_chat, a_nurse, a_result, the_resident

EVES = {
    "an ordinary night": ("2026-11-24 22:10", "2026-11-25"),
    "Maundy Thursday": ("2026-04-02 22:10", "2026-04-07"),
    "the night before Christmas Eve": ("2026-12-23 22:10", "2026-12-24"),
    "Christmas Eve": ("2026-12-24 22:10", "2026-12-28"),
    "the weekend that loses an hour": ("2026-03-27 22:10", "2026-03-30"),
    "the weekend that gains an hour": ("2026-10-23 22:10", "2026-10-26"),
    "New Year's Eve": ("2026-12-31 22:10", "2027-01-04"),
}
every_eve = pytest.mark.parametrize(("left_at", "morning"), EVES.values(), ids=EVES)


def local(text: str) -> datetime:
    """An instant by its Helsinki clock."""
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(local("2026-11-24 22:10"))


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def the_night(tx: Tx) -> dict[str, Received]:
    """What came in one night, the mildest first."""
    return {
        "plain": a_chat(tx, "plain"),
        "duty": a_chat(tx, "duty", result=a_result(Urgency.ED)),
        "self-harm": a_chat(tx, "self-harm", result=a_result(tags=frozenset({SELF_HARM}))),
        "emergency": a_chat(tx, "emergency", gate=EMERGENCY, phone=PHONE),
    }


@every_eve
async def test_the_right_morning_is_promised(
    store: Store, clock: FixedClock, left_at: str, morning: str
) -> None:
    clock.set(local(left_at))
    night = await store.write(the_night)
    plain, emergency = night["plain"], night["emergency"]

    assert plain.route.opens_at == plain.entry.not_before == local(f"{morning} 08:00")
    assert (plain.entry.channel, plain.entry.state) == ("message", "scheduled")
    assert plain.promise is not None
    assert plain.promise.kind == Kind.MESSAGE
    assert plain.promise.due_at == local(f"{morning} 11:00")
    assert datetime.fromisoformat(str(plain.promise.told_as["start"])) == local(f"{morning} 08:00")
    assert emergency.promise is not None
    assert (emergency.entry.channel, emergency.promise.kind) == ("callback", Kind.CALLBACK)
    assert emergency.promise.due_at == emergency.entry.due_at == local(f"{morning} 08:15")
    assert datetime.fromisoformat(str(emergency.promise.told_as["start"])) == local(f"{morning} 08:00")


@every_eve
async def test_whoever_was_in_danger_is_first_in_the_morning(
    store: Store, clock: FixedClock, left_at: str, morning: str
) -> None:
    clock.set(local(left_at))
    night = await store.write(the_night)
    clock.set(local(f"{morning} 07:59"))
    assert await store.write(lambda tx: dispatch.sweep(tx, SERVICES.catalogue)) == 0
    clock.set(local(f"{morning} 08:00"))

    def open_up(tx: Tx) -> tuple[list[int], list[int]]:
        dispatch.sweep(tx, SERVICES.catalogue)
        a_nurse(tx)
        a_chat(tx, "comes at eight")
        line = [entry.contact for entry in queues.waiting(tx, ["nurse"])]
        return line, [offer.contact for offer in dispatch.dispatch(tx, SERVICES.catalogue)]

    line, offers = await store.write(open_up)

    assert set(line[:2]) == {night["emergency"].contact, night["self-harm"].contact}
    assert line[2] == night["duty"].contact
    assert offers[0] == night["duty"].contact


@every_eve
async def test_the_reply_clock_runs_in_service_time_only(
    store: Store, clock: FixedClock, left_at: str, morning: str
) -> None:
    clock.set(local(left_at))
    contact = (await store.write(a_chat)).contact
    clock.set(local(f"{morning} 08:05"))

    def answer(tx: Tx) -> None:
        dispatch.sweep(tx, SERVICES.catalogue)
        nurse = a_nurse(tx)
        (offer,) = dispatch.dispatch(tx, SERVICES.catalogue)
        chat.accept(tx, nurse, offer.id, offer.assignment, SERVICES)
        words = {"client_id": "0123456789abcdef", "text": "Huomenta", "assignment": offer.assignment}
        chat.send(tx, nurse, contact, **words, services=SERVICES)  # type: ignore[arg-type]
        keeper.catch_up(tx, 200)

    await store.write(answer)
    facts = (await store.read(keeper.read_facts, [contact])).values()
    day = kpis.helsinki_day(local(left_at).date())
    terms = Terms(catalogue=SERVICES.catalogue, period=day, now=clock.now() + timedelta(hours=9))
    delay = kpis.figure("chat_reply_delay", facts, terms).value
    level = kpis.figure("service_level", facts, terms).value
    due = Terms(catalogue=SERVICES.catalogue, period=kpis.helsinki_day(local(morning).date()), now=terms.now)
    kept = kpis.figure("promise_kept", facts, due).value

    assert isinstance(delay, Delay)
    assert delay.service.mean_s == 300
    assert delay.wall.mean_s == (clock.now() - local(left_at)).total_seconds()
    assert isinstance(level, Share)
    assert level.percent == 100
    assert isinstance(kept, dict)
    assert kept["message"].percent == 100


async def test_self_harm_by_night_may_still_ask_for_the_first_call(store: Store) -> None:
    def ask(tx: Tx) -> None:
        night = a_chat(tx, result=a_result(tags=frozenset({SELF_HARM})))
        made = change_to_callback(tx, night.contact, PHONE, the_resident(night), SERVICES)
        entry = queues.entry_of(tx, night.contact)
        assert made.due_at == local("2026-11-25 08:15")
        assert (entry.channel, entry.state, entry.not_before) == (
            "callback",
            "scheduled",
            local("2026-11-25 08:00"),
        )
        assert entry.due_at == night.entry.due_at

    await store.write(ask)


async def test_answered_wrong_by_night_moves_no_promise(store: Store) -> None:
    def correct(tx: Tx) -> None:
        night = a_chat(tx, gate=EMERGENCY, phone=PHONE)
        withdraw_flag(
            tx,
            night.contact,
            answers=start_answers(tx, client_id="again", language="fi"),
            result=a_result(Urgency.NON_URGENT),
            actor="resident:1",
            services=SERVICES,
        )
        (promise,) = open_promises(tx, night.contact)
        assert promise.due_at == queues.entry_of(tx, night.contact).due_at == local("2026-11-25 08:15")

    await store.write(correct)


async def test_after_the_chat_has_closed_the_open_queue_still_reads_today(
    store: Store, clock: FixedClock
) -> None:
    clock.set(local("2026-11-24 14:30"))
    received = await store.write(a_chat)

    assert (received.entry.channel, received.entry.state) == ("message", "waiting")
    assert received.promise is not None
    assert received.promise.due_at == local("2026-11-24 16:00")
