"""What came of ringing a resident, and what may be concluded from it; pure, the same in any order of news."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Result(StrEnum):
    """How an attempt ended. `unknown` is a state of its own: nobody is rung again because of it."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    FAILED = "failed"
    AGENT_ABSENT = "agent_absent"
    UNKNOWN = "unknown"


# The strongest news wins whatever order it comes in (I20): what was heard stands over what was not.
_STRENGTH = (
    Result.UNKNOWN,
    Result.AGENT_ABSENT,
    Result.FAILED,
    Result.NO_ANSWER,
    Result.BUSY,
    Result.VOICEMAIL,
    Result.WRONG_NUMBER,
    Result.REFUSED,
    Result.REACHED,
)

# Attempts in which the resident's telephone was truly tried; only these keep a promise and use up tries.
UNREACHED = frozenset({Result.NO_ANSWER, Result.BUSY, Result.VOICEMAIL})
REAL = UNREACHED | {Result.REACHED, Result.WRONG_NUMBER, Result.REFUSED}


def stronger(old: Result | None, new: Result) -> Result:
    """The result that stands when `new` is heard after `old`, or before it."""
    return new if old is None or _STRENGTH.index(new) > _STRENGTH.index(old) else old


def earliest(old: datetime | None, new: datetime | None) -> datetime | None:
    """The earlier instant of two reports of the same thing."""
    known = [at for at in (old, new) if at is not None]
    return min(known, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What follows an attempt: ring again at `retry_at`, or a person decides, or neither (it was reached)."""

    retry_at: datetime | None = None
    decision: bool = False


def after(results: Iterable[Result | None], *, limit: int, retry_at: datetime) -> After:
    """Decides from all results of the contact: an unreached one is tried again; used up, a professional
    decides.

    After a technical failure, an unknown result or a wrong number the professional says what follows.
    """
    heard = list(results)
    if not heard or heard[-1] not in UNREACHED:
        return After()
    if sum(result in UNREACHED for result in heard) >= limit:
        return After(decision=True)
    return After(retry_at=retry_at)
