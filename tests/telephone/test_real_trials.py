"""Our own calls to the lines through a real Asterisk: a line is heard, a broken dialplan is told."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from callbacks import trials
from callbacks.models import Trial
from ensilinja import calls
from ensilinja.reporting import board
from tests.telephone.house import LINE, House, eventually

# Real telephones ring in real time.
pytestmark = [pytest.mark.telephone, pytest.mark.faults]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "HEARD_WITHIN", timedelta(seconds=4))
    monkeypatch.setattr(trials, "AGAIN", timedelta(seconds=0))


@pytest.fixture
def broken(house: House) -> Iterator[House]:
    """A house whose operator's calls lead nowhere: the lines with a number are not reached."""
    house.pbx.ask("dialplan remove extension _X.@from-operator")
    yield house
    house.pbx.ask("dialplan reload")


async def found(house: House) -> dict[str, Trial]:
    """What the trial calls have come to, after one more turn of them."""
    await calls.try_lines(house.runtime)
    known = await house.runtime.store.read(lambda tx: [tx.get(Trial, line.id) for line in lines(house)])
    return {trial.line: trial for trial in known if trial is not None}


def lines(house: House) -> tuple[object, ...]:
    return house.runtime.services.catalogue.lines


async def silent(house: House) -> list[str | None]:
    shown = await house.runtime.store.read(board.snapshot, house.runtime.services.catalogue)
    return [alarm.queue for alarm in shown.alarms if alarm.kind == "line_silent"]


async def test_every_line_is_heard_and_no_person_is_rung(house: House) -> None:
    own = house.own_queue()

    async def heard() -> bool:
        trial_of = await found(house)
        return len(trial_of) == len(lines(house)) and all(
            trial.key is None and trial.placed_at and not trial.misses for trial in trial_of.values()
        )

    await eventually(heard)
    await eventually(house.is_quiet)

    assert await house.calls() == []
    assert not own.is_done


async def test_line_whose_dialplan_is_broken_alarms_until_it_is_mended(broken: House) -> None:
    async def alarmed() -> bool:
        await found(broken)
        return bool(await silent(broken))

    await eventually(alarmed, within=30)
    others = {line: trial.misses for line, trial in (await found(broken)).items()}
    broken.pbx.ask("dialplan reload")

    async def ended() -> bool:
        await found(broken)
        return not await silent(broken)

    await eventually(ended, within=15)

    assert {line for line, misses in others.items() if misses} >= {LINE}
    assert others["health_station"] == 0


async def test_line_without_its_recordings_is_silent(house: House, sounds: Path) -> None:
    greeting = sounds / "fi" / LINE / "call-greeting.wav"
    away = greeting.rename(greeting.with_suffix(".away"))
    try:

        async def missed() -> bool:
            return (await found(house))[LINE].misses == 1 if await found(house) else False

        await eventually(missed, within=15)
    finally:
        away.rename(greeting)
