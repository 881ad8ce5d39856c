"""How much of a fault test is run: little every day, what the figures are told of in CI, more at night."""

import os

from tools.machine import nothing_may_be_left_out


def sized(everyday: int, whole: int, nightly: int) -> int:
    """The number for this run: `ENSILINJA_NIGHTLY=1` is the night, `CI=true` the whole, else every day."""
    if os.environ.get("ENSILINJA_NIGHTLY"):
        return nightly
    return whole if nothing_may_be_left_out() else everyday
