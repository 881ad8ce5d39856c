"""What the telephone refuses; each code is part of the wire."""

from core.errors import Conflict


class DialInProgress(Conflict):
    """Somebody is already ringing this resident."""

    code = "dial_in_progress"


class NotACallback(Conflict):
    """This contact is not handled by telephone now."""

    code = "not_a_callback"
