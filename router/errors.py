"""What the router refuses; each code is part of the wire."""

from core.errors import Conflict, Invalid


class AnswersClosed(Conflict):
    """The answers have been sent and cannot be changed; new ones can be started."""

    code = "answers_closed"


class IdReused(Conflict):
    """The same id was sent before by somebody else or for something else."""

    code = "id_reused"


class NoNumber(Invalid):
    """A call back needs a telephone number that may be dialled."""

    code = "no_number"


class OutcomeUnknown(Invalid):
    """The county has no such outcome, or it does not fit this contact."""

    code = "outcome_unknown"


class MessageOwed(Invalid):
    """An open callback ends with a message to the resident or the reason why none may be sent."""

    code = "message_owed"


class AttemptsLeft(Conflict):
    """The resident has not been tried as many times as the county requires."""

    code = "attempts_left"


class SecondNeeded(Conflict):
    """An urgent callback that reached nobody is ended by another professional than the one who rang."""

    code = "second_professional"


class PromiseGone(Conflict):
    """There is no open promise of this kind."""

    code = "promise_gone"


class TooLate(Conflict):
    """The time for this has passed; a new contact can be opened."""

    code = "too_late"


class AlreadyClosed(Conflict):
    """The contact already has an outcome; it can be corrected but not closed again."""

    code = "already_closed"


class NotSure(Conflict):
    """An emergency or a self-harm flag is lowered only when it has been asked once more."""

    code = "not_sure"


class FormEmpty(Invalid):
    """The form has neither a topic nor a sign of danger to judge by."""

    code = "form_empty"


class QueueClosed(Conflict):
    """People waiting live cannot be passed to a queue that is closed now."""

    code = "queue_closed"


class WindowFull(Conflict):
    """So many calls are promised for this time already that another one might not be kept."""

    code = "window_full"
