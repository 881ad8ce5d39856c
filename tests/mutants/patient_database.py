"""The service that waits for its database however long it is silent. The test of a frozen one must see it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core import postgres
from ensilinja.cli import main

if __name__ == "__main__":
    postgres.STATEMENT_SECONDS = 60.0
    main()
