"""The Asterisk of these tests, started once; what is on between two of them would be seen by the next."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from callbacks.telephony import inbound, outbound
from ensilinja import app
from tests.conftest import needed, running
from tests.demos import demo_services
from tests.telephone.house import House, a_house
from tools import prompts
from tools.machine import Machine
from tools.pbx import AsteriskServer

TELEPHONES = ("101", "102")
QUESTION = 0.7  # seconds to answer a question: people here are quick


@pytest.fixture(scope="session")
def pbx(machine: Machine) -> Iterator[AsteriskServer]:
    """A real Asterisk with the configuration that a county gets."""
    needed(machine, "sipp")
    yield from running(AsteriskServer(needed(machine, "asterisk"), TELEPHONES))


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recordings, as short tones."""
    folder = tmp_path_factory.mktemp("sounds")
    prompts.write(folder, prompts.sentences(demo_services().catalogue, app.load_texts()), prompts.as_tone)
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for as long as people do."""
    for module, name, seconds in (
        (inbound, "QUESTION", QUESTION),
        (inbound, "DEVICE_RINGS", 1),
        (outbound, "DEVICE_RINGS", 1),
        (outbound, "RESIDENT_RINGS", 1),
    ):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
async def house(pbx: AsteriskServer, tmp_path: Path, sounds: Path, quick: None) -> AsyncIterator[House]:
    """The service with its telephones; nothing is on when the test ends.

    How soon the PBX gives us up is for the tests of losses: here a busy machine is not to change the course.
    """
    pbx.wait_for_us(10)
    async with a_house(pbx, tmp_path, sounds) as made:
        yield made
        await made.cut()
