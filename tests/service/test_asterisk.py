"""The adapter on an Asterisk that misbehaves: the unknown is not repeated, the unstored is not lost."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from callbacks.results import Result
from callbacks.telephony.port import (
    CallArrived,
    CallerGone,
    CallsOn,
    DialFailed,
    Prompts,
    TelephonyEvent,
)
from callbacks.telephony.webhook import NotKnown
from core.clock import FixedClock
from core.errors import Unavailable
from tests.builders import MONDAY
from tests.faults.telling import report
from tests.pbx import DEVICE, AsteriskExchange, until
from tests.rooms import LINE, PHONE

DIALS = 200


class Store:
    """What hears the events; it can be away."""

    def __init__(self) -> None:
        self.news: list[TelephonyEvent] = []
        self.is_away = False

    async def __call__(self, event: TelephonyEvent, event_id: str = "") -> Prompts | None:
        if self.is_away:
            raise Unavailable(reason="store")
        self.news.append(event)
        return Prompts(play=("call.greeting",), asks=True) if isinstance(event, CallArrived) else None


@pytest.fixture
async def exchange() -> AsyncIterator[AsteriskExchange]:
    made = AsteriskExchange(FixedClock(MONDAY))
    yield made
    await made.close()


async def test_a_telephone_that_may_ring_is_not_rung_again(exchange: AsteriskExchange) -> None:
    store = Store()
    await exchange.start(store)
    exchange.pbx.silent_to = lambda method, path: method == "POST" and "-agent-" in path
    for n in range(DIALS):
        with pytest.raises(NotKnown):
            await exchange.adapter.dial(f"k{n}", LINE, PHONE, DEVICE)
        await exchange.adapter.dial(f"k{n}", LINE, PHONE, DEVICE)
    rung = Counter(path for method, path in exchange.pbx.asked if method == "POST" and "-agent-" in path)

    report("F29", "asterisk", f"{DIALS} dials whose answer was lost: rung {max(rung.values())} time each")
    assert len(rung) == DIALS and max(rung.values()) == 1
    assert exchange.dialled == {}  # no resident's telephone


async def test_a_resident_who_may_have_been_rung_is_told_as_unknown(exchange: AsteriskExchange) -> None:
    store = Store()
    await exchange.start(store)
    exchange.pbx.silent_to = lambda method, path: method == "POST" and "-resident-" in path
    await exchange.dial("k1", LINE, PHONE, DEVICE)
    [failed] = [event for event in store.news if isinstance(event, DialFailed)]

    assert failed.result == Result.UNKNOWN
    assert exchange.dialled == {PHONE: 1} and not exchange.pbx.channels


async def test_a_caller_whom_nobody_could_store_is_the_pbx_s(exchange: AsteriskExchange) -> None:
    store = Store()
    await exchange.start(store)
    store.is_away = True
    call = await exchange.ring(LINE, PHONE)

    assert ("POST", f"/channels/{call}/continue") in exchange.pbx.asked
    assert ("POST", f"/channels/{call}/answer") not in exchange.pbx.asked


async def test_an_end_is_told_until_it_is_stored(exchange: AsteriskExchange) -> None:
    store = Store()
    await exchange.start(store)
    call = await exchange.ring(LINE, PHONE)
    store.is_away = True
    await exchange.hang_up(call)
    store.is_away = False
    await until(lambda: any(isinstance(event, CallerGone) for event in store.news))


async def test_what_is_on_is_told_again_after_a_loss(exchange: AsteriskExchange) -> None:
    store = Store()
    await exchange.start(store)
    stays, goes = await exchange.ring(LINE, PHONE), await exchange.ring(LINE, None)
    await exchange.pbx.cut()
    await until(lambda: not exchange.adapter.is_linked)
    await exchange.pbx.end(goes)
    await until(lambda: exchange.adapter.is_linked)
    told = [event for event in store.news if isinstance(event, CallsOn)]

    assert [event.calls for event in told] == [frozenset(), frozenset({stays})]


async def test_a_burst_of_what_nobody_knows_is_counted(exchange: AsteriskExchange) -> None:
    store = Store()
    await exchange.start(store)
    for _ in range(2_000):
        await exchange.pbx.tell("ChannelVarset")
    call = await exchange.ring(LINE, PHONE)
    await until(lambda: exchange.adapter.ignored >= 2_000 and len(store.news) == 2)

    assert isinstance(store.news[1], CallArrived) and store.news[1].call == call
