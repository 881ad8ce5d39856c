"""Asterisk connects to us (ARI's outbound WebSocket): calls are answered as on a link that we open."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import websockets

from tests.conftest import needed, running
from tests.telephone.conftest import TELEPHONES
from tests.telephone.house import House, a_house, eventually
from tests.telephone.sip import Caller
from tools.machine import Machine
from tools.pbx import AsteriskServer
from tools.servers import free_port

pytestmark = [pytest.mark.telephone, pytest.mark.faults]


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def calling_pbx(machine: Machine, port: int) -> Iterator[AsteriskServer]:
    """An Asterisk that connects to us at the port, and again when the link is lost."""
    needed(machine, "sipp")
    yield from running(AsteriskServer(needed(machine, "asterisk"), TELEPHONES, calls_us=port))


@pytest.fixture
async def house(
    calling_pbx: AsteriskServer, port: int, tmp_path: Path, sounds: Path, quick: None
) -> AsyncIterator[House]:
    calling_pbx.wait_for_us(10)
    listen = {"telephony_listen": f"127.0.0.1:{port}"}
    async with a_house(calling_pbx, tmp_path, sounds, **listen) as made:
        yield made
        await made.cut()
    await asyncio.sleep(0.5)  # Asterisk tries again at once: what was let in and refused then is closed


async def test_call_is_answered_over_the_link_that_asterisk_opened(house: House) -> None:
    nurse = await house.nurse("101")
    telephone = house.telephone("101")
    caller = house.rings(Caller().wait(3).hang_up().script)
    call = await house.call("in_line")

    await house.takes(nurse, call.contact_id)

    await eventually(lambda: telephone.went_well and caller.went_well)
    await eventually(house.is_quiet)


async def test_only_who_signs_in_is_let_in(house: House, port: int) -> None:
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(
            f"ws://127.0.0.1:{port}/events", subprotocols=[websockets.Subprotocol("ari")]
        )

    assert house.telephony.is_linked
