"""The product's six levels of urgency, most urgent first (domain.md 3.3); it orders, it never blocks."""

from enum import StrEnum


class Urgency(StrEnum):
    EMERGENCY = "EMERGENCY"
    ED = "ED"
    SAME_DAY = "SAME_DAY"
    DAYS_1_3 = "DAYS_1_3"
    NON_URGENT = "NON_URGENT"
    SELF_CARE = "SELF_CARE"

    @property
    def rank(self) -> int:
        """The level's place from 0 (EMERGENCY) to 5 (SELF_CARE)."""
        return _RANKS[self]


_RANKS = {level: place for place, level in enumerate(Urgency)}


def more_urgent(a: Urgency, b: Urgency) -> Urgency:
    """The more urgent of two levels."""
    return a if _RANKS[a] <= _RANKS[b] else b
