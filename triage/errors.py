"""What the questionnaires refuse: an answer out of shape, an unknown topic, content with faults."""

from core.errors import Invalid, NotFound
from core.faults import ConfigFaults


class AnswerFault(Invalid):
    """The answer is not one this question takes."""

    code = "bad_answer"

    def __init__(self, code: str) -> None:
        """Keeps which demand failed (`required`, `too_large`, ...), never the answer itself."""
        super().__init__(reason=code)
        self.code = code


class UnknownTopic(NotFound):
    """There is no such topic in the content."""

    code = "unknown_topic"


class ExpressionFault(ValueError):
    """A rule's condition is not in the rule language; the message says where."""


class ContentFaults(ConfigFaults):
    """The questionnaires cannot be used; carries every fault found."""
