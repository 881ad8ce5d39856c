"""The service that greets one browser after the other. The test of a return must find how late."""

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ensilinja import snapshots
from ensilinja.cli import main

take = snapshots.take
turn = asyncio.Lock()


async def take_in_turn(*arguments: Any) -> Any:
    async with turn:
        await asyncio.sleep(0.6)
        return await take(*arguments)


if __name__ == "__main__":
    snapshots.take = take_in_turn
    main()
