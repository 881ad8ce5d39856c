"""The service that ends at once when it is told to go. The deploy test must find whose forms it cuts off."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ensilinja import app
from ensilinja.cli import main

serve = app.serve


async def serve_until_told(*arguments: Any, **more: Any) -> None:
    ending = serve(*arguments, **more)
    app.asyncio.get_running_loop().call_later(
        0.1, lambda: signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    )
    await ending


if __name__ == "__main__":
    app.serve = serve_until_told
    main()
