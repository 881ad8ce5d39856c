"""How many operations may wait is measured by how long they do, also while they do not come to an end."""

import asyncio
import threading
from pathlib import Path

from core.store import Tx
from ensilinja.admission import MOST
from ensilinja.loops import MANY, Loops, nothing
from tests.demos import a_stored_demo


async def test_room_shrinks_while_the_writer_is_held_up(tmp_path: Path) -> None:
    go_on = threading.Event()

    def hang(tx: Tx) -> None:
        go_on.wait(60)

    async with a_stored_demo(tmp_path) as runtime:
        runtime.room = MOST
        loops = Loops(runtime)
        waiting = [asyncio.create_task(runtime.store.write(hang))]
        await asyncio.sleep(0.1)
        waiting += [asyncio.create_task(runtime.store.write(nothing)) for _ in range(2 * MANY)]
        await asyncio.sleep(0)
        try:
            await asyncio.wait_for(loops.measure(), 30)
            assert not waiting[0].done()
        finally:
            go_on.set()
        await asyncio.gather(*waiting)

        assert runtime.room < MOST * 0.6
