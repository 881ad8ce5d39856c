"""How much of a test is run: little every day and in CI, more with `--all`, most of it at night."""

import os
from typing import Literal

Size = Literal["everyday", "whole", "nightly"]


def size() -> Size:
    """Of this run: `test --nightly` is the night, `test --all` the whole, else every day."""
    if os.environ.get("ENSILINJA_NIGHTLY"):
        return "nightly"
    return "whole" if os.environ.get("ENSILINJA_WHOLE") else "everyday"


def sized(everyday: int, whole: int, nightly: int) -> int:
    """The number for this run."""
    return {"everyday": everyday, "whole": whole, "nightly": nightly}[size()]
