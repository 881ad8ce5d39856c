"""The service that serves any database, however new. The test of versions must see that it is not refused."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ensilinja import app
from ensilinja.cli import main
from ensilinja.runtime import Store


async def is_usable(store: Store) -> bool:
    return True


if __name__ == "__main__":
    app.is_usable = is_usable
    main()
