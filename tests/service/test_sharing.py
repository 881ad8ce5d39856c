"""Processes share the line: one sweeps for all, another takes over, each serves what it has committed."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from core.clock import FixedClock
from core.store import Tx
from ensilinja.loops import Loops
from ensilinja.runtime import Runtime
from queues import agents
from queues.models import ENTRY
from queues.reading import entry_of
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.rooms import a_chat, a_nurse


def overdue(tx: Tx, contact: int) -> None:
    """A place that was kept until a moment ago: the next sweep ends it."""
    left = {
        "state": "left",
        "agent_id": None,
        "expires_at": None,
        "resume_until": tx.now - timedelta(seconds=1),
    }
    tx.execute(update(ENTRY).where(ENTRY.c.contact_id == contact).values(**left))


async def is_swept(runtime: Runtime, contact: int) -> bool:
    return (await runtime.store.read(entry_of, contact)).state == "done"


async def test_one_process_sweeps_and_another_takes_over(tmp_path: Path) -> None:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        first, second = Loops(runtime), Loops(runtime)
        ours = [(await runtime.store.write(a_chat, name)).contact for name in ("a", "b")]
        await first.deadlines()
        for contact in ours:
            await runtime.store.write(overdue, contact)

        clock.advance(1.0)
        await second.deadlines()
        assert not await is_swept(runtime, ours[0])
        await first.deadlines()
        assert await is_swept(runtime, ours[0])

        late = (await runtime.store.write(a_chat, "c")).contact
        await runtime.store.write(overdue, late)
        clock.advance(1.4)  # the first one has died
        await second.deadlines()
        assert await is_swept(runtime, late)


async def test_a_process_that_makes_no_offers_keeps_nobody_from_sweeping(tmp_path: Path) -> None:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        going, staying = Loops(runtime), Loops(runtime)
        runtime.is_draining = True
        await going.deadlines()
        runtime.is_draining = False
        contact = (await runtime.store.write(a_chat, "a")).contact
        await runtime.store.write(overdue, contact)
        await staying.deadlines()

        assert await is_swept(runtime, contact)


async def test_what_moves_the_line_is_offered_between_two_sweeps(tmp_path: Path) -> None:
    async with a_stored_demo(tmp_path, clock=FixedClock(MONDAY)) as runtime:
        nurse = await runtime.store.write(a_nurse)
        await runtime.store.write(agents.set_state, nurse.id, "paused", "break")
        contact = (await runtime.store.write(a_chat)).contact
        loops = Loops(runtime)
        await loops.deadlines()
        assert loops.wake_line.is_set(), "time alone moves the line: nothing was swept"
        await loops.line()
        assert (await runtime.store.read(entry_of, contact)).state == "waiting"

        await runtime.store.write(agents.set_state, nurse.id, "ready", "")
        assert loops.wake_line.is_set()
        await loops.line()
        assert (await runtime.store.read(entry_of, contact)).agent == nurse.id
