"""What real callers meet when our process, the link or the Asterisk itself is gone: an answer, always."""

import asyncio
import base64
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import websockets

from callbacks.telephony import asterisk, inbound
from callbacks.telephony.asterisk import AsteriskTelephony
from router.promising import promises_of
from tests.builders import TEST_KEY, migrated
from tests.faults.proxy import proxied
from tests.faults.server import OURS, ROOT, Server, an_open_county
from tests.faults.sizes import sized
from tests.faults.telling import report
from tests.telephone.house import House, a_house, auth, eventually, telephony_of
from tests.telephone.sip import EACH, Caller, Person, answers
from tools.pbx import AsteriskServer

pytestmark = [pytest.mark.telephone, pytest.mark.faults]

CALLERS, LEAVING = 20, 5
DEPLOYED = 2  # seconds that the dialplan waits for us
FALLBACK_WITHIN = 3.0  # seconds from the ring to the PBX's own answer
RECONCILED_WITHIN = 5.0  # seconds from the link to the truth
CUT = sized(4, 30, 30)  # seconds without a link
Rings = Callable[..., Person]


@pytest.fixture
async def people(pbx: AsteriskServer, tmp_path: Path) -> AsyncIterator[House]:
    """Telephones without a service, with the dialplan as it is deployed."""
    pbx.wait_for_us(DEPLOYED)
    made = House(None, pbx, tmp_path)  # type: ignore[arg-type]
    yield made
    await made.cut()


async def falls_back(people: House) -> float:
    """Somebody rings; the seconds until the PBX's own queue has the call."""
    own = people.own_queue()
    began = time.monotonic()
    people.rings(Caller(number="+358401234599").wait(0.2).hang_up().script)
    await eventually(lambda: own.went_well)
    return time.monotonic() - began - 0.2


async def test_a_call_that_nobody_takes_is_answered_by_the_pbx(people: House) -> None:
    at_once = await falls_back(people)
    address = f"ws://127.0.0.1:{people.pbx.ari_port}/ari/events?app=ensilinja"
    async with websockets.connect(address, additional_headers=auth()):  # one that hears and says nothing
        silent = await falls_back(people)

    report(
        "F27", "asterisk", f"the PBX's own answer after {at_once:.1f} s, {silent:.1f} s when we are silent"
    )
    assert at_once < FALLBACK_WITHIN and silent < FALLBACK_WITHIN


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers are looked after twice a second, and nobody is without that for longer than two."""
    monkeypatch.setattr(inbound, "LIMIT_S", 2)
    monkeypatch.setattr(asterisk, "WATCH", 0.5)


def states(file: Path) -> Counter[tuple[str, bool]]:
    """The calls by their step and whether they are on, read beside the process that writes them."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as base:
        rows = base.execute("SELECT state, ended_at IS NULL FROM call").fetchall()
    return Counter((str(state), bool(on)) for state, on in rows)


async def are_up(people: House) -> bool:
    """Every channel there is has been answered."""
    return {channel["state"] for channel in await people.ari("/channels")} == {"Up"}


async def test_callers_outlive_our_process(people: House, sounds: Path, tmp_path: Path) -> None:
    county = an_open_county(tmp_path)
    lines = county / "lines.toml"  # a line that asks nothing: the caller is in it at once
    lines.write_text(lines.read_text("utf-8").replace('callback = "offered"', 'callback = "off"'), "utf-8")
    server = Server(tmp_path, county, "")
    settings = {
        f"ENSILINJA_{name.upper()}": value for name, value in telephony_of(people.pbx, sounds).items()
    }
    file = server.data / "ensilinja.sqlite3"
    file.parent.mkdir()
    file.write_bytes(migrated())
    stay = Caller(number=EACH).wait(60)
    try:
        server.start(**settings)
        await asyncio.to_thread(server.wait_ready)
        await eventually(lambda: "ensilinja" in people.pbx.ask("ari show apps"))
        people.rings(stay.script, calls=CALLERS - LEAVING, rate=20)
        leaving = people.rings(Caller().wait(7).hang_up().script, calls=LEAVING, rate=20)
        await eventually(lambda: states(file)["in_line", True] == CALLERS, within=20)
        # Stored is not yet answered: who is not, falls back as well.
        await eventually(lambda: are_up(people))
        server.kill()
        fallback = await falls_back(people)
        await eventually(lambda: leaving.is_done, within=15)
        assert len(await people.ari("/channels")) == CALLERS - LEAVING  # with their music
        server.start(**settings)
        await asyncio.to_thread(server.wait_ready)
        linked = time.monotonic()
        await eventually(lambda: states(file)["in_line", True] == CALLERS - LEAVING)
        took = time.monotonic() - linked
        await people.cut()
        await eventually(lambda: not any(on for _, on in states(file).elements()))
    finally:
        server.kill()

    report(
        "F27",
        "asterisk",
        f"kill -9 with {CALLERS} calls on: true {took:.1f} s after, {fallback:.1f} s to answer",
    )
    assert took < RECONCILED_WITHIN and fallback < FALLBACK_WITHIN


async def test_whom_a_dead_pbx_has_cut_off_is_called_back(house: House) -> None:
    house.rings(Caller(number=EACH).wait(60).script, calls=CALLERS, rate=20)

    async def are_in_line() -> bool:
        return [call.state for call in await house.calls()].count("in_line") == CALLERS

    await eventually(are_in_line)
    house.pbx.kill()
    await eventually(lambda: not house.telephony.is_linked)
    house.pbx.start()
    await eventually(lambda: house.telephony.is_linked)
    calls = await house.calls()
    promises = [await house.runtime.store.read(promises_of, call.contact_id or 0) for call in calls]
    queued = {(await house.entry(call.contact_id)).channel for call in calls}

    report(
        "F28",
        "asterisk",
        f"{len(calls)} calls cut off by the PBX: {sum(map(len, promises))} callbacks promised",
    )
    assert [call.state for call in calls] == ["promised"] * CALLERS
    assert [len(made) for made in promises] == [1] * CALLERS and queued == {"callback"}


async def test_who_hangs_up_while_the_link_is_cut_is_known_to_be_gone(
    pbx: AsteriskServer, tmp_path: Path, sounds: Path, quick: None
) -> None:
    async with (
        proxied(pbx.ari_port) as proxy,
        a_house(pbx, tmp_path, sounds, url=f"http://127.0.0.1:{proxy.port}/ari") as house,
    ):
        house.rings(Caller(number=EACH).wait(60 + CUT).script, calls=CALLERS - LEAVING, rate=20)
        leaving = house.rings(Caller().wait(3).hang_up().script, calls=LEAVING, rate=20)

        async def on(step: str) -> int:
            return sum(call.state == step and call.ended_at is None for call in await house.calls())

        async def all_wait() -> bool:
            return await on("in_line") == CALLERS

        await eventually(all_wait)
        proxy.stall()
        began = time.monotonic()
        await eventually(lambda: not house.telephony.is_linked)
        known = time.monotonic() - began
        await eventually(lambda: leaving.is_done)
        await asyncio.sleep(max(0.0, began + CUT - time.monotonic()))
        proxy.cut()
        proxy.resume()
        await eventually(lambda: house.telephony.is_linked, within=15)
        began = time.monotonic()

        async def only_those_there() -> bool:
            return await on("in_line") == CALLERS - LEAVING

        await eventually(only_those_there)
        took = time.monotonic() - began
        assert {call.ended_at is None for call in await house.calls()} == {True, False}
        await house.cut()
        await eventually(house.is_quiet)

    report(
        "F27",
        "asterisk",
        f"link silent for {CUT} s with {CALLERS} calls: known {known:.1f} s, true {took:.1f} s after",
    )
    assert took < RECONCILED_WITHIN


async def test_another_process_takes_over_the_calls(
    pbx: AsteriskServer, pg_url: Callable[[], str], tmp_path: Path, sounds: Path, quick: None
) -> None:
    address = pg_url()
    async with (
        a_house(pbx, tmp_path / "a", sounds, database_url=address) as first,
        a_house(pbx, tmp_path / "b", sounds, waits=True, database_url=address) as second,
    ):
        assert not second.telephony.is_linked
        nurse = await first.nurse("101")
        telephone = first.telephone("101", answers())
        caller = first.rings(Caller().wait(6).hang_up().script)
        call = await first.call("in_line")
        await first.stop()
        began = time.monotonic()
        await eventually(lambda: second.telephony.is_linked)
        took = time.monotonic() - began
        await second.takes(nurse, call.contact_id)
        await eventually(second.talking)
        await eventually(lambda: caller.went_well and telephone.went_well, within=15)

        async def has_ended() -> bool:
            return (await second.call()).ended_at is not None

        await eventually(has_ended)
        await second.cut()
        assert isinstance(first.telephony, AsteriskTelephony)

    report("F27", "asterisk", f"another process has the link after {took:.1f} s")


FROZEN = 12.0  # seconds: a question of A's caller runs out in them
MUTANT = (sys.executable, str(ROOT / "tests" / "mutants" / "sleeping_holder.py"))


@pytest.mark.parametrize("is_mutant", [False, True], ids=["", "mutant"])
async def test_a_frozen_holder_that_wakes_gives_no_command(
    people: House, pg_url: Callable[[], str], tmp_path: Path, sounds: Path, *, is_mutant: bool
) -> None:
    """Another has taken over: a caller is not spoken to twice, and who was called back is rung once."""
    people.pbx.wait_for_us(10)
    address = pg_url()
    server = Server(tmp_path, an_open_county(tmp_path), address, program=MUTANT if is_mutant else OURS)
    ways = telephony_of(people.pbx, sounds)
    key = base64.b64encode(TEST_KEY).decode()
    async with proxied(people.pbx.ari_port) as proxy:
        ways["telephony_url"] = f"http://127.0.0.1:{proxy.port}/ari"
        try:
            server.start(**{f"ENSILINJA_{name.upper()}": value for name, value in ways.items()})
            await asyncio.to_thread(server.wait_ready)
            await eventually(lambda: b"/asterisk/info" in proxy.asked, within=30)  # it has read what is on
            people.rings(Caller().wait(90).script)
            await eventually(lambda: b"/play/" in proxy.asked, within=30)
            os.kill(server.pid, signal.SIGSTOP)
            frozen = time.monotonic()
            async with a_house(people.pbx, tmp_path / "b", sounds, database_url=address, key=key) as second:
                took = time.monotonic() - frozen
                second.people = people.people  # ended with the others
                await is_called_back(second)
                await asyncio.sleep(max(0.0, frozen + FROZEN - time.monotonic()))
                proxy.asked.clear()
                os.kill(server.pid, signal.SIGCONT)
                await asyncio.sleep(3)
                commands = sum(bytes(proxy.asked).count(verb) for verb in (b"POST /ari/", b"DELETE /ari/"))
                if not is_mutant:
                    assert second.telephony.is_linked and len(await second.ari("/channels")) == 3
                    assert [attempt.result for attempt in await second.attempts()] == ["reached"]
        finally:
            server.kill()
    if not is_mutant:
        report(
            "F27",
            "asterisk",
            f"frozen {FROZEN:.0f} s: another linked {took:.1f} s after, {commands} commands",
        )
    assert (commands > 0) is is_mutant


async def is_called_back(house: House) -> None:
    """A resident is rung for a professional, and both talk."""
    nurse = await house.nurse("101")
    house.telephone("101")
    house.resident(answers())
    await house.dials(nurse)

    async def are_talking() -> bool:
        return [len(channels) for channels in await house.talking()] == [2]

    await eventually(are_talking)


async def test_callers_whom_nobody_looks_after_any_more_are_answered_by_the_pbx(
    watched: None, house: House
) -> None:
    own = house.own_queue()
    caller = house.rings(Caller().wait(60).script)
    call = await house.call("in_line")
    await asyncio.sleep(3)  # longer than the limit, which is moved on
    assert not own.is_done and [each["id"] for each in await house.ari("/channels")] == [call.provider_id]
    await house.stop()
    began = time.monotonic()

    async def is_answered() -> bool:
        return len(await house.talking()) == 1

    await eventually(is_answered)
    assert not caller.is_done and time.monotonic() - began < FALLBACK_WITHIN
