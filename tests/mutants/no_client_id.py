"""The service, blind to the ids clients give their messages. The kill test must find what it doubles."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from chat import service
from chat.views import Sent
from ensilinja import ops
from ensilinja.cli import main

add_line = service.add_line


def add_line_without_id(*arguments: Any, client_id: str | None = None, **details: Any) -> Sent:
    return add_line(*arguments, **details)


if __name__ == "__main__":
    service.add_line = add_line_without_id
    ops.send_together = lambda tx, sayings: []  # each alone, by the way that is blind
    main()
