"""What the telephone refuses; each code is part of the wire."""

from core.errors import Conflict


class DialInProgress(Conflict):
    """Somebody is already ringing this resident."""

    code = "dial_in_progress"


class NotACallback(Conflict):
    """This contact is not handled by telephone now."""

    code = "not_a_callback"


class NoCall(Conflict):
    """Nobody is on the line."""

    code = "no_call"


class OrderInHand(Conflict):
    """Another order for this call is under way."""

    code = "order_in_hand"


class NotFree(Conflict):
    """The colleague cannot take a call now."""

    code = "not_free"
