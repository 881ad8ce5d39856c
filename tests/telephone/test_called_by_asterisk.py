"""Asterisk connects to us (ARI's outbound WebSocket): calls are answered as on a link that we open."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import websockets

from tests.conftest import needed, running
from tests.telephone.conftest import TELEPHONES
from tests.telephone.house import PASSWORD, USER, House, a_house, eventually
from tests.telephone.sip import Caller
from tools.machine import Machine
from tools.pbx import AsteriskServer
from tools.servers import free_port

pytestmark = [pytest.mark.telephone, pytest.mark.faults, pytest.mark.alone]


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


async def test_call_is_answered_over_the_link_that_asterisk_opened(house: House) -> None:
    nurse = await house.nurse("101")
    telephone = house.telephone("101")
    caller = house.rings(Caller().wait(3).hang_up().script)
    call = await house.call("in_line")

    await house.takes(nurse, call.contact_id)

    await eventually(lambda: telephone.went_well and caller.went_well)
    await eventually(house.is_quiet)


async def test_a_lost_link_is_opened_again_and_nobody_else_is_heard(house: House, port: int) -> None:
    address = f"ws://127.0.0.1:{port}/events"
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(address, subprotocols=[websockets.Subprotocol("ari")])
    assert house.telephony.is_linked

    sign_in = websockets.connect(
        address.replace("//", f"//{USER}:{PASSWORD}@"), subprotocols=[websockets.Subprotocol("ari")]
    )
    async with sign_in:  # who has the password ends the link, and is not taken for Asterisk
        await eventually(lambda: not house.telephony.is_linked)
    await eventually(lambda: house.telephony.is_linked)

    caller = house.rings(Caller().wait(1).hang_up().script)
    await eventually(lambda: caller.went_well)
