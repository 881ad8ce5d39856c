"""Refusals of the line: every one is a 409 and nothing was changed."""

from core.errors import Conflict
from queues.machine import IllegalTransition

__all__ = [
    "AlreadyQueued",
    "IllegalTransition",
    "MatterInHand",
    "NotEligible",
    "OfferGone",
    "OverCapacity",
    "StaleAssignment",
    "StillHolding",
]


class OfferGone(Conflict):
    """The offer has ended, or somebody else has the entry."""

    code = "offer_gone"


class StaleAssignment(Conflict):
    """The assignment number is not the one in force; the entry has moved on."""

    code = "stale_assignment"


class OverCapacity(Conflict):
    """The agent has no room for this entry now."""

    code = "over_capacity"


class NotEligible(Conflict):
    """The agent is not on shift, not ready, or not a member of the queue."""

    code = "not_eligible"


class MatterInHand(Conflict):
    """Another contact of the same matter is in somebody's hands."""

    code = "matter_in_hand"


class AlreadyQueued(Conflict):
    """The contact has an open entry."""

    code = "already_queued"


class StillHolding(Conflict):
    """The shift cannot end while entries are held or wrapping."""

    code = "still_holding"
