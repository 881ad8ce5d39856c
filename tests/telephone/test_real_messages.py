"""Messages left at a real Asterisk: recorded after the tone, stored, and gone from there."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from callbacks import service as callbacks
from callbacks import wav
from callbacks.models import RECORDING
from callbacks.telephony.ari import RECORDED
from core.hours import ALWAYS_OPEN, local_date
from core.store import Tx
from tests.builders import migrated
from tests.faults.server import Server, an_open_county
from tests.telephone.house import LINE, House, eventually, telephony_of
from tests.telephone.sip import Caller
from tools.pbx import AsteriskServer

# Real telephones ring in real time.
pytestmark = [pytest.mark.telephone, pytest.mark.faults]

OLD_NUMBER = "036296620"  # of the line that calls back the next day
ASKED = 1.8  # seconds from the ring to the end of the tone, with nothing pressed


@pytest.fixture
def closed(house: House) -> House:
    """A house whose line is closed today and takes messages."""
    services = house.runtime.services
    hours = replace(ALWAYS_OPEN, exceptions={local_date(house.runtime.clock.now()): ()})
    lines = [
        replace(line, hours=hours, voicemail=True) if line.id == LINE else line
        for line in services.catalogue.lines
    ]
    house.runtime.services = replace(services, catalogue=replace(services.catalogue, lines=tuple(lines)))
    return house


def recordings(tx: Tx) -> list[Any]:
    return tx.rows(select(RECORDING.id, RECORDING.contact_id, RECORDING.seconds))


async def left(house: House) -> list[Any]:
    """The recordings, when there are any and none is at the exchange."""
    found: list[Any] = []

    async def so() -> bool:
        found[:] = await house.runtime.store.read(recordings)
        return bool(found) and not await at_the_exchange(house)

    await eventually(so)
    return found


async def at_the_exchange(house: House) -> list[str]:
    stored = await house.ari("/recordings/stored")
    return [each["name"] for each in stored if each["name"].startswith(RECORDED)]


@pytest.mark.parametrize("ends_by", ["hash", "hanging up"])
async def test_message_is_recorded_stored_and_deleted_there(closed: House, ends_by: str) -> None:
    script = Caller(events=ends_by == "hanging up").wait(ASKED).speak(3)
    script = script.hang_up() if ends_by == "hanging up" else script.info("#").is_hung_up()
    caller = closed.rings(script.script)
    [(number, contact, seconds)] = await left(closed)
    nurse = await closed.nurse("101")
    sound = wav.read(await closed.runtime.store.write(callbacks.listen, nurse, number), most=10**7)

    await eventually(closed.is_quiet)
    await eventually(lambda: caller.went_well)
    assert (await closed.entry(contact)).channel == "callback"
    assert 2 <= seconds <= 4 and sound.loud_s > 1


@pytest.mark.parametrize("where", ["message.mid_keep", "message.after_keep"])
async def test_message_outlives_our_process_and_is_kept_once(
    pbx: AsteriskServer, sounds: Path, tmp_path: Path, where: str
) -> None:
    pbx.wait_for_us(10)
    people = House(None, pbx, tmp_path)  # type: ignore[arg-type]
    server = Server(tmp_path, a_county_with_messages(tmp_path), "")
    file = server.data / "ensilinja.sqlite3"
    file.parent.mkdir()
    file.write_bytes(migrated())
    linked = {f"ENSILINJA_{name.upper()}": value for name, value in telephony_of(pbx, sounds).items()}
    try:
        server.start(failpoints=f"{where}:1", **linked)
        await asyncio.to_thread(server.wait_ready)
        await eventually(lambda: "ensilinja" in pbx.ask("ari show apps"))
        script = Caller(events=True).wait(0.5).info("2").wait(0.8).speak(3).hang_up().script
        people.rings(script, to=OLD_NUMBER)
        await eventually(lambda: not server.is_running(), within=30)
        between = (counts(file), len(await at_the_exchange(people)))
        server.start(**linked)
        await asyncio.to_thread(server.wait_ready)

        async def is_gone_there() -> bool:
            return counts(file) == (1, 1) and not await at_the_exchange(people)

        await eventually(is_gone_there, within=20)
    finally:
        server.kill()
        await people.cut()

    kept = (1, 1) if where == "message.after_keep" else (0, 0)
    assert between == (kept, 1)


def a_county_with_messages(folder: Path) -> Path:
    """A county whose line for older people, which calls back the next day, takes messages."""
    county = an_open_county(folder)
    lines = county / "lines.toml"
    before = 'id = "elderly"\n'
    text = lines.read_text("utf-8")
    assert before in text
    lines.write_text(text.replace(before, f"{before}voicemail = true\n"), "utf-8")
    return county


def counts(file: Path) -> tuple[int, int]:
    """Recordings and contacts, read beside the process that writes them."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as base:
        [row] = base.execute("SELECT (SELECT count(*) FROM recording), (SELECT count(*) FROM contact)")
    return int(row[0]), int(row[1])


async def test_nothing_said_is_no_message_and_the_call_back_is_offered(closed: House) -> None:
    script = Caller(events=False).wait(ASKED + 0.5).info("#").wait(0.8).info("1").wait(0.2).info("1")
    caller = closed.rings(script.is_hung_up().script)
    await closed.call("promised")
    await eventually(lambda: caller.went_well)

    assert await closed.runtime.store.read(recordings) == []
    assert await at_the_exchange(closed) == []
