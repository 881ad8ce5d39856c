"""What every exchange must do; an adapter joins by a fixture of its own in `EXCHANGES`."""

from collections.abc import AsyncIterator, Callable

import pytest

from callbacks import wav
from callbacks.results import Result
from callbacks.telephony.port import (
    AgentGone,
    CallArrived,
    CallerGone,
    CallsOn,
    Can,
    DialAnswered,
    DialEnded,
    DialFailed,
    DialStarted,
    Joined,
    KeyPressed,
    MessageLeft,
    NotJoined,
    Prompts,
    Talk,
    Telephony,
    TelephonyEvent,
    TrialArrived,
    TrialHeard,
)
from callbacks.telephony.simulated import Behaviour, SimulatedTelephony
from core.clock import FixedClock
from core.errors import Conflict
from tests.builders import MONDAY
from tests.cloud import CloudExchange
from tests.pbx import AsteriskExchange
from tests.rooms import LINE, OTHER_PHONE, PHONE

Exchange = SimulatedTelephony | CloudExchange | AsteriskExchange
EXCHANGES: dict[str, Callable[[], Exchange]] = {
    "simulated": lambda: SimulatedTelephony(FixedClock(MONDAY)),
    "simulated, repeating": lambda: SimulatedTelephony(FixedClock(MONDAY), repeat_events=2),
    "webhook": lambda: CloudExchange(FixedClock(MONDAY)),
    "webhook, repeating": lambda: CloudExchange(FixedClock(MONDAY), repeat=5),
    "asterisk": lambda: AsteriskExchange(FixedClock(MONDAY)),
    "asterisk, repeating": lambda: AsteriskExchange(FixedClock(MONDAY), repeat=2),
}


class Ear:
    """Hears every event once and answers as a line would."""

    def __init__(self, *, hang_up_on: str = "", records: bool = False) -> None:
        self.records = records
        self.news: list[TelephonyEvent] = []
        self.hang_up_on = hang_up_on

    async def __call__(self, event: TelephonyEvent, event_id: str = "") -> Prompts | None:
        if event not in self.news and not isinstance(event, CallsOn):
            self.news.append(event)
        if isinstance(event, KeyPressed):
            return Prompts(play=("call.promised",), hang_up=event.key == self.hang_up_on)
        if isinstance(event, MessageLeft):
            return Prompts(play=("call.message_kept",), hang_up=True)
        if self.records and isinstance(event, CallArrived):
            return Prompts(play=("call.leave_message",), record_s=60)
        is_call = isinstance(event, CallArrived | TrialArrived)
        return Prompts(play=("call.greeting",), asks=True) if is_call else None

    @property
    def kinds(self) -> list[type]:
        return [type(event) for event in self.news]


@pytest.fixture(params=EXCHANGES)
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[Exchange]:
    made = EXCHANGES[request.param]()
    yield made
    if isinstance(made, CloudExchange | AsteriskExchange):
        await made.close()


async def test_an_answered_call_is_told_from_ring_to_end(exchange: Exchange) -> None:
    ear = Ear()
    telephony: Telephony = exchange
    await telephony.start(ear)
    await telephony.dial("k1", LINE, PHONE, "desk")
    assert await telephony.hangup("h1", Talk(dial="k1"))
    await telephony.hangup("h1", Talk(dial="k1"))
    assert not await telephony.hangup("h2", Talk(dial="k1"))

    assert ear.kinds == [DialStarted, DialAnswered, DialEnded]


@pytest.mark.parametrize("came_in", [True, False], ids=["came in", "dialled"])
async def test_who_is_on_hold_talks_on_and_is_hung_up_on(exchange: Exchange, *, came_in: bool) -> None:
    ear = Ear()
    await exchange.start(ear)
    talk = await talks(exchange, came_in=came_in)
    assert {Can.HOLD, Can.HANG_UP} <= exchange.can
    for n in range(2):  # the same key again is the same answer
        assert await exchange.hold("o1", talk, on=True), n
    assert exchange.on_hold == {talk}
    assert await exchange.hold("o2", talk, on=False)
    assert exchange.on_hold == set()
    assert await exchange.hold("o3", talk, on=True)
    assert await exchange.hangup("o4", talk)  # on hold as well
    assert not await exchange.hold("o5", talk, on=False)

    assert ear.kinds[-1] is (CallerGone if came_in else DialEnded)
    assert exchange.on_hold == set()


async def test_who_talks_with_nobody_is_not_held(exchange: Exchange) -> None:
    await exchange.start(Ear())
    call = await exchange.ring(LINE, PHONE)

    assert not await exchange.hold("o1", Talk(call=call), on=True)
    assert not await exchange.hangup("o2", Talk(call=call))
    assert not await exchange.hold("o3", Talk(dial="none"), on=True)


async def test_a_telephone_that_joined_is_told_by_its_key(exchange: Exchange) -> None:
    ear = Ear()
    await exchange.start(ear)
    await talks(exchange, came_in=True)

    assert [event.key for event in ear.news if isinstance(event, Joined)] == ["b1"]


async def test_a_colleague_comes_into_the_call_and_the_other_may_leave(exchange: Exchange) -> None:
    ear = Ear()
    await exchange.start(ear)
    talk = await talks(exchange, came_in=True)
    assert Can.TRANSFER in exchange.can
    for _ in range(2):
        await exchange.connect("t1", talk.call, "other", stays=True)
    assert set(exchange.connected) == {"b1", "t1"}
    assert await exchange.hold("o1", talk, on=True)  # of who has the call now
    assert await exchange.hangup("o2", talk)

    assert [event.key for event in ear.news if isinstance(event, Joined)] == ["b1", "t1"]
    assert ear.kinds[-1] is CallerGone


async def test_a_colleague_who_does_not_answer_changes_nothing(exchange: Exchange) -> None:
    ear = Ear()
    await exchange.start(ear)
    talk = await talks(exchange, came_in=True)
    exchange.behaviour("other", Behaviour.NO_ANSWER)
    await exchange.connect("t1", talk.call, "other", stays=True)

    assert [event.key for event in ear.news if isinstance(event, NotJoined)] == ["t1"]
    assert not any(isinstance(event, AgentGone) for event in ear.news)
    assert set(exchange.connected) == {"b1"}
    assert await exchange.hold("o1", talk, on=True)


async def test_a_caller_who_is_let_go_waits_on(exchange: Exchange) -> None:
    ear = Ear()
    await exchange.start(ear)
    talk = await talks(exchange, came_in=True)
    assert await exchange.release("r1", talk)
    assert not await exchange.release("r2", talk)
    assert exchange.connected == {}
    await exchange.connect("b2", talk.call, "desk")

    assert set(exchange.connected) == {"b2"}
    [left] = [event for event in ear.news if isinstance(event, AgentGone)]
    assert left.answered and not any(isinstance(event, CallerGone) for event in ear.news)


async def talks(exchange: Exchange, *, came_in: bool) -> Talk:
    """A resident and a professional who talk."""
    if came_in:
        call = await exchange.ring(LINE, PHONE)
        await exchange.connect("b1", call, "desk")
        return Talk(call=call)
    await exchange.dial("k1", LINE, PHONE, "desk")
    return Talk(dial="k1")


async def test_a_used_key_rings_nobody(exchange: Exchange) -> None:
    await exchange.start(Ear())
    for number in (PHONE, PHONE, OTHER_PHONE):
        await exchange.dial("k1", LINE, number, "desk")

    assert dict(exchange.dialled) == {PHONE: 1}


@pytest.mark.parametrize("behaviour", [Behaviour.NO_ANSWER, Behaviour.BUSY])
async def test_who_is_not_reached_is_told_once(exchange: Exchange, behaviour: Behaviour) -> None:
    ear = Ear()
    exchange.behaviour(PHONE, behaviour)
    await exchange.start(ear)
    await exchange.dial("k1", LINE, PHONE, "desk")

    assert ear.kinds == [DialStarted, DialFailed]
    assert ear.news[1].result == Result(behaviour.value)  # type: ignore[union-attr]


async def test_a_machine_that_answers_is_known_or_an_answer(exchange: Exchange) -> None:
    ear = Ear()
    exchange.behaviour(PHONE, Behaviour.VOICEMAIL)
    await exchange.start(ear)
    await exchange.dial("k1", LINE, PHONE, "desk")

    assert ear.kinds in ([DialStarted, DialFailed], [DialStarted, DialAnswered])


async def test_an_exchange_that_cannot_ring_does_not_say_it_rang(exchange: Exchange) -> None:
    ear = Ear()
    exchange.behaviour(PHONE, Behaviour.AGENT_ABSENT)
    await exchange.start(ear)
    await exchange.dial("k1", LINE, PHONE, "desk")

    assert ear.kinds == [DialFailed]


async def test_a_caller_hears_the_answer_to_each_key(exchange: Exchange) -> None:
    ear = Ear()
    await exchange.start(ear)
    call = await exchange.ring(LINE, PHONE)
    await exchange.press(call, "12")
    await exchange.hang_up(call)

    assert ear.kinds == [CallArrived, KeyPressed, KeyPressed, CallerGone]
    first, second = (event.n for event in ear.news if isinstance(event, KeyPressed))
    assert 0 < first < second
    assert [prompts.play for prompts in exchange.calls[call].heard] == [
        ("call.greeting",),
        ("call.promised",),
        ("call.promised",),
    ]


async def test_a_call_we_end_is_gone(exchange: Exchange) -> None:
    ear = Ear(hang_up_on="1")
    await exchange.start(ear)
    call = await exchange.ring(LINE, None)
    await exchange.press(call, "111")

    assert ear.kinds == [CallArrived, KeyPressed, CallerGone]


async def test_silence_is_an_answer_too(exchange: Exchange) -> None:
    ear = Ear()
    await exchange.start(ear)
    await exchange.wait(await exchange.ring(LINE, None))

    assert isinstance(ear.news[1], KeyPressed)
    assert ear.news[1].key == ""


async def test_a_waiting_call_is_joined_to_one_device(exchange: Exchange) -> None:
    await exchange.start(Ear())
    call = await exchange.ring(LINE, PHONE)
    await exchange.connect("b1", call, "desk")
    await exchange.connect("b1", call, "other")

    assert exchange.connected == {"b1": (call, "desk")}


async def test_what_is_said_after_the_tone_is_told_until_it_is_stored(exchange: Exchange) -> None:
    ear = Ear(records=True)
    telephony: Telephony = exchange
    if Can.RECORD not in telephony.can:
        assert telephony.name == "webhook"  # no caller is offered it there
        return
    await telephony.start(ear)
    call = await exchange.ring(LINE, PHONE)
    await exchange.say(call, 3)
    left = next(event for event in ear.news if isinstance(event, MessageLeft))

    assert ear.kinds == [CallArrived, MessageLeft, CallerGone]
    assert (left.call, wav.read(left.audio, most=99_999).seconds) == (call, 3)
    assert not exchange.recordings


async def test_a_line_is_rung_by_the_exchange_itself_and_its_greeting_heard(exchange: Exchange) -> None:
    ear = Ear()
    telephony: Telephony = exchange
    await telephony.start(ear)
    if Can.TRY_LINES not in telephony.can:
        with pytest.raises(Conflict):
            await telephony.try_line("t1", LINE)
        return
    await telephony.try_line("t1", LINE)
    await telephony.try_line("t1", LINE)

    assert ear.kinds == [TrialArrived, TrialHeard]
    assert [event.line for event in ear.news if isinstance(event, TrialArrived)] == [LINE]
    assert not exchange.dialled


async def test_a_stopped_exchange_is_silent(exchange: Exchange) -> None:
    ear = Ear()
    await exchange.start(ear)
    await exchange.stop()
    await exchange.dial("k1", LINE, PHONE, "desk")

    assert ear.news == []
