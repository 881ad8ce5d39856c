"""Real SIP calls through a real Asterisk: rung, answered, held, transferred, hung up on."""

from functools import partial

import pytest

from callbacks import service as callbacks
from callbacks.orders import Kind as Ordered
from callbacks.telephony.ari import Leg
from chat import service as chat
from core.county import CallBack
from ensilinja import ops_staff
from ensilinja.ops import Transfer
from router.promising import Kind, promises_of
from router.standing import the_contact
from tests.telephone.house import House, eventually
from tests.telephone.sip import Caller, answers, hangs_up, refuses, rings_on

# Real telephones ring in real time.
pytestmark = [pytest.mark.telephone, pytest.mark.faults]

IN_LINE = 1.6  # seconds from the ring, with nothing pressed: the greeting, the question and its time


def waits(**more: bool) -> Caller:
    """Somebody who rings and presses nothing."""
    return Caller(**more).wait(IN_LINE)


async def talks(house: House) -> None:
    """Two are in one bridge."""

    async def so() -> bool:
        return [len(channels) for channels in await house.talking()] == [2]

    await eventually(so)


async def rings(house: House, key: str) -> bool:
    """Whether that telephone rings, or was answered."""
    legs = {channel["id"]: channel["state"] for channel in await house.ari("/channels")}
    return legs.get(Leg("join", key).channel) in ("Ringing", "Up")


async def over(house: House) -> None:
    """The newest call has ended and nothing of it is left at the exchange."""

    async def so() -> bool:
        return all(call.ended_at is not None for call in await house.calls()) and await house.is_quiet()

    await eventually(so)


async def test_a_professional_s_telephone_answers_a_waiting_caller(house: House) -> None:
    nurse, telephone = await house.nurse("101"), house.telephone("101")
    caller = house.rings(waits().wait(2).hang_up().script)
    call = await house.call("in_line")
    await house.takes(nurse, call.contact_id)
    await talks(house)
    await over(house)
    await eventually(lambda: caller.went_well and telephone.went_well)

    assert (await house.entry(call.contact_id)).state == "held"


async def test_who_hangs_up_on_a_caller_ends_the_call(house: House) -> None:
    nurse = await house.nurse("101")
    house.telephone("101", answers(then=hangs_up(0.3)))
    caller = house.rings(Caller().is_hung_up().script)
    await house.takes(nurse, (await house.call("in_line")).contact_id)
    await over(house)

    await eventually(lambda: caller.went_well)


@pytest.mark.parametrize("by_info", [False, True], ids=["RFC 4733", "INFO"])
async def test_a_waiting_caller_asks_to_be_called_back(house: House, *, by_info: bool) -> None:
    start = waits(events=not by_info)
    keys = start.info if by_info else start.press
    keys("1")
    start.wait(0.1)
    keys("1")
    caller = house.rings(start.is_hung_up().script)
    call = await house.call("promised")
    await over(house)
    await eventually(lambda: caller.went_well)
    promises = await house.runtime.store.read(promises_of, call.contact_id or 0)

    assert (await house.entry(call.contact_id)).channel == "callback"
    assert [promise.kind for promise in promises] == [Kind.CALLBACK]


async def test_another_number_is_typed_and_read_back(house: House) -> None:
    script = Caller(events=False).wait(0.2).info("12").info("0501234567#").wait(0.5).info("1").is_hung_up()
    caller = house.rings(script.script)
    await house.call("promised")
    await over(house)

    await eventually(lambda: caller.went_well)


async def test_a_caller_chooses_her_language_by_key(house: House) -> None:
    house.line_has(asks_language=True)
    keys = Caller(events=False).wait(0.2).info("2").wait(0.3).info("1").wait(0.1).info("1")
    caller = house.rings(keys.is_hung_up().script)
    call = await house.call("promised")
    await over(house)
    await eventually(lambda: caller.went_well)
    contact = await house.runtime.store.read(the_contact, call.contact_id or 0)

    assert (call.language, contact.language) == ("sv", "sv")


async def test_a_line_that_calls_everybody_back_promises_to_who_says_nothing(house: House) -> None:
    house.line_has(callback=CallBack.DIRECT)
    caller = house.rings(Caller().is_hung_up().script)
    call = await house.call("promised")
    await over(house)
    await eventually(lambda: caller.went_well)
    promises = await house.runtime.store.read(promises_of, call.contact_id or 0)

    assert [promise.kind for promise in promises] == [Kind.CALLBACK]


async def test_who_would_rather_wait_than_be_called_back_is_answered(house: House) -> None:
    house.line_has(callback=CallBack.DIRECT)
    nurse, telephone = await house.nurse("101"), house.telephone("101")
    caller = house.rings(Caller(events=False).wait(0.2).info("3").wait(3).hang_up().script)
    await house.takes(nurse, (await house.call("in_line")).contact_id)
    await talks(house)
    await over(house)

    await eventually(lambda: caller.went_well and telephone.went_well)


@pytest.mark.parametrize("seconds", [0.1, 1.0], ids=["before it is heard", "when it was heard"])
async def test_hanging_up_on_the_offer_asks_where_the_line_says_so(house: House, seconds: float) -> None:
    house.line_has(hanging_up_asks=True)
    caller = house.rings(Caller().wait(seconds).hang_up().script)
    await house.call()
    await over(house)
    [call] = await house.calls()
    await eventually(lambda: caller.went_well)

    assert (call.contact_id is not None) == (seconds == 1.0)


@pytest.mark.parametrize(
    ("resident", "result"),
    [
        (answers(), "reached"),
        (rings_on(), "no_answer"),
        (refuses("486 Busy Here"), "busy"),
        (refuses("404 Not Found"), "failed"),
    ],
    ids=["reached", "no answer", "busy", "failed"],
)
async def test_a_resident_is_called_back(house: House, resident: str, result: str) -> None:
    nurse = await house.nurse("101")
    telephone = house.telephone("101", answers(then=hangs_up(0.5)) if result == "reached" else answers())
    other = house.resident(resident)
    await house.dials(nurse)

    async def heard() -> bool:
        [attempt] = await house.attempts()
        return attempt.result == result and attempt.ended_at is not None

    await eventually(heard)
    await eventually(house.is_quiet)
    await eventually(lambda: telephone.went_well and other.went_well)
    [attempt] = await house.attempts()

    assert (attempt.answered_at is not None) == (result == "reached")
    assert (attempt.dialled_at is not None) == (result != "failed")


async def test_nobody_is_rung_when_the_professional_s_telephone_is_not_answered(house: House) -> None:
    nurse = await house.nurse("101")
    house.telephone("101", rings_on())
    resident = house.resident(answers())
    await house.dials(nurse)

    async def heard() -> bool:
        return [attempt.result for attempt in await house.attempts()] == ["agent_absent"]

    await eventually(heard)
    await eventually(house.is_quiet)
    assert not resident.is_done


async def test_a_caller_whom_no_telephone_answers_is_back_in_the_line(house: House) -> None:
    nurse = await house.nurse("101")
    house.telephone("101", rings_on())
    house.rings(Caller().is_hung_up().script)
    call = await house.call("in_line")
    await house.takes(nurse, call.contact_id)

    async def is_back() -> bool:
        return (await house.entry(call.contact_id)).state == "waiting"

    await eventually(is_back)
    assert (await house.call()).ended_at is None


async def test_a_caller_who_holds_is_still_there(house: House) -> None:
    nurse, telephone = await house.nurse("101"), house.telephone("101")
    caller = house.rings(waits().wait(1).hold(on=True).wait(0.3).hold(on=False).wait(0.3).hang_up().script)
    await house.takes(nurse, (await house.call("in_line")).contact_id)
    await talks(house)
    await over(house)

    await eventually(lambda: caller.went_well and telephone.went_well)


@pytest.mark.parametrize("came_in", [True, False], ids=["came in", "dialled"])
async def test_the_console_holds_talks_on_and_hangs_up(house: House, *, came_in: bool) -> None:
    """By orders alone: nobody touches a telephone. The contact is still in her hands afterwards."""
    nurse, telephone = await house.nurse("101"), house.telephone("101")
    if came_in:
        person = house.rings(Caller().is_hung_up().script)
        contact = (await house.call("in_line")).contact_id
        assignment = await house.takes(nurse, contact)
    else:
        person = house.resident(answers())
        contact = await house.dials(nurse)
        assignment = (await house.entry(contact)).assignment
    await talks(house)
    for n in range(2):
        await house.orders(nurse, contact, assignment, Ordered.HOLD)
        assert [len(channels) for channels in await house.talking()] == [1], n  # her telephone, alone
        assert len(await house.ari("/channels")) == 2
        await house.orders(nurse, contact, assignment, Ordered.RESUME)
        assert [len(channels) for channels in await house.talking()] == [2]
    await house.orders(nurse, contact, assignment, Ordered.HOLD)
    await house.orders(nurse, contact, assignment, Ordered.HANG_UP)
    await over(house)
    await eventually(lambda: person.went_well and telephone.went_well)
    entry = await house.entry(contact)

    assert (entry.state, entry.agent) == ("held", nurse.id)


async def test_a_colleague_takes_a_call_over_by_her_telephone(house: House) -> None:
    """The caller on hold, two professionals talk, the first leaves; the colleague goes on with the caller."""
    first, second = await house.nurse("101"), await house.nurse("102")
    telephone, other = house.telephone("101"), house.telephone("102")
    caller = house.rings(Caller().is_hung_up().script)
    call = await house.call("in_line")
    assignment = await house.takes(first, call.contact_id)
    await talks(house)
    await house.orders(first, call.contact_id, assignment, Ordered.HOLD)
    await house.runtime.store.write(callbacks.transfer, first, call.contact_id or 0, assignment, second.id)

    async def is_hers() -> bool:
        return bool((await house.entry(call.contact_id)).agent == second.id)

    await eventually(is_hers)
    [together] = await house.talking()
    assert len(together) == 2 and call.provider_id not in together  # the caller hears neither
    await house.ends(next(leg for leg in together if "bridge" in leg))
    await eventually(lambda: telephone.went_well)
    assignment = (await house.entry(call.contact_id)).assignment
    await house.orders(second, call.contact_id, assignment, Ordered.RESUME)
    assert [call.provider_id in channels for channels in await house.talking()] == [True]
    await house.orders(second, call.contact_id, assignment, Ordered.HANG_UP)
    await over(house)

    await eventually(lambda: caller.went_well and other.went_well)


async def test_a_caller_who_is_let_go_waits_for_the_queue_she_is_transferred_to(house: House) -> None:
    nurse, telephone = await house.nurse("101"), house.telephone("101")
    second, other = await house.nurse("102", "nurse"), house.telephone("102")
    caller = house.rings(Caller().is_hung_up().script)
    call = await house.call("in_line")
    assignment = await house.takes(nurse, call.contact_id)
    await talks(house)
    body = Transfer(contact=call.contact_id or 0, assignment=assignment, queue="nurse", release=True)
    await house.runtime.store.write(ops_staff.transfer, nurse, body, house.runtime.services)
    await eventually(lambda: telephone.went_well)
    assert not caller.is_done
    await house.takes(second, call.contact_id)
    await talks(house)
    await house.ends(call.provider_id)
    await over(house)

    await eventually(lambda: caller.went_well and other.went_well)


@pytest.mark.parametrize("stays", [True, False], ids=["until the other answers", "and hangs up at once"])
async def test_a_transferred_caller_comes_to_the_other_telephone(house: House, *, stays: bool) -> None:
    first, second = await house.nurse("101"), await house.nurse("102", "nurse")
    telephone, other = house.telephone("101"), house.telephone("102")
    caller = house.rings(Caller().is_hung_up().script)
    call = await house.call("in_line")
    assignment = await house.takes(first, call.contact_id)
    await talks(house)

    def transfer(tx: object) -> None:
        services = house.runtime.services
        chat.transfer(
            tx,  # type: ignore[arg-type]
            first,
            call.contact_id or 0,
            assignment=assignment,
            queue="nurse",
            services=services,
        )

    await house.runtime.store.write(transfer)
    if not stays:
        [leg] = [each for channels in await house.talking() for each in channels if each != call.provider_id]
        await house.ends(leg)
        await eventually(lambda: telephone.went_well)
    await house.takes(second, call.contact_id)
    await eventually(lambda: telephone.went_well)
    await talks(house)
    assert not other.is_done
    await house.ends(call.provider_id)
    await over(house)

    await eventually(lambda: caller.went_well and other.went_well)


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (Caller().wait(0.1), "greeting"),
        (Caller().wait(0.2).press("1").wait(0.1), "confirming"),
        (Caller().wait(0.2).press("1").press("2").press("050"), "typing"),
        (waits(), "in line"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_caller_hangs_up(house: House, script: Caller, state: str) -> None:
    caller = house.rings(script.hang_up().script)
    await house.call()
    await over(house)
    [call] = await house.calls()

    assert (call.state == "promised" or call.contact_id is not None) == (state in ("confirming", "in line"))
    await eventually(lambda: caller.went_well)


@pytest.mark.parametrize("answered", [False, True])
async def test_a_caller_hangs_up_on_a_telephone(house: House, *, answered: bool) -> None:
    """One that still rings is not rung any more; one that was answered is free again."""
    nurse, telephone = await house.nurse("101"), house.telephone("101", answers() if answered else rings_on())
    house.rings(waits().wait(1).hang_up().script)
    await house.takes(nurse, (await house.call("in_line")).contact_id)
    await over(house)

    await eventually(lambda: telephone.went_well)


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.1])
async def test_of_two_telephones_that_answer_at_once_one_is_joined(house: House, after: float) -> None:
    """The one of the newest order; the other is given up, or let go, however far it has come."""
    telephones = [house.telephone(device, answers(after=after)) for device in ("101", "102")]
    house.rings(Caller().is_hung_up().script)
    call = await house.call("in_line")
    await house.telephony.connect("b1", call.provider_id, "101")
    await eventually(partial(rings, house, "b1"))
    await house.telephony.connect("b2", call.provider_id, "102")
    await eventually(lambda: telephones[0].is_done)  # sipp takes a CANCEL as it sends for an error
    await talks(house)

    assert not telephones[1].is_done
    await house.ends(call.provider_id)
    await over(house)
    await eventually(lambda: telephones[1].went_well)


@pytest.mark.alone
async def test_a_hundred_calls_in_ten_seconds_are_a_hundred_calls(house: House) -> None:
    callers = house.rings(Caller().wait(3).hang_up().script, calls=100, rate=10)
    await eventually(lambda: callers.is_done, within=25)
    assert callers.went_well, callers.errors
    await over(house)
    calls = await house.calls()

    assert len({call.provider_id for call in calls}) == len(calls) == 100
    assert all(call.state == "gone" for call in calls)
