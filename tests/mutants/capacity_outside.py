"""A storm whose agents read their room first and take afterwards, without the room in the taking UPDATE.

The test of the storm must find an agent with more in her hands than she can hold.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import true

from core.store import Store
from queues import load, service
from queues.errors import OverCapacity
from queues.views import EntryView
from tests.faults import storm

CAPACITY = 3  # of the storm's agents; a contact weighs 1
TRIES = 50


async def take_by_hand(store: Store, agent: int, seen: EntryView) -> EntryView:
    for _ in range(TRIES):
        has = await store.read(load.loads, [agent], load.LIMITS)
        if agent not in has or has[agent].weight < CAPACITY:
            line = await store.read(service.waiting, ["nurse"], 100)
            await asyncio.sleep(0.05)  # meanwhile she is offered others
            return await store.write(service.take, (line or [seen])[-1].id, agent, reason="by_hand")
    raise OverCapacity(entry=seen.id)


if __name__ == "__main__":
    load.GUARDS["room"] = true()  # type: ignore[index]
    storm.take_by_hand = take_by_hand
    storm.main(sys.argv[1:])
