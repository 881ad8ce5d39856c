"""Trial calls: each line is rung from time to time, to hear whether its greeting comes.

No call, contact or event is made of them. When the next is due follows from the store, so that a restart
neither forgets one nor takes a line for silent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from callbacks.models import TRIAL, Trial
from callbacks.telephony.port import Prompts, TrialArrived, TrialHeard
from core.county import UnknownId
from core.store import Tx
from router.services import Services

HEARD_WITHIN = timedelta(seconds=15)  # a greeting begins in a second; another process may be taking the link
AGAIN = timedelta(seconds=30)  # after a miss
MISSES = 3  # in a row before a person is troubled
STALE = timedelta(minutes=1)  # nobody makes trial calls any more: what they told last is not news


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOrder:
    """A line to ring."""

    key: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentLine:
    """A line that has not answered its trial calls since then."""

    line: str
    since: datetime
    misses: int


def due_at(trial: Trial, every: timedelta) -> datetime:
    """When the trial call that is on counts as missed, or the next one is due."""
    if trial.key is not None:
        return trial.began_at + HEARD_WITHIN
    return trial.began_at + (HEARD_WITHIN + AGAIN if trial.misses else every)


def is_due(tx: Tx, services: Services, *, every: timedelta, places: bool) -> bool:
    """Whether `turn` would do anything."""
    trials = {trial.line: trial for trial in _trials(tx, services)}
    return len(trials) < len(services.catalogue.lines) or any(
        due_at(trial, every) <= tx.now or (places and trial.key is not None and trial.placed_at is None)
        for trial in trials.values()
    )


def turn(tx: Tx, services: Services, *, every: timedelta, places: bool) -> list[TrialOrder]:
    """Begins what is due, and counts as missed what was not heard in time.

    What is to be rung is given out once, to one who `places` calls; while nobody does, it is missed.
    """
    trials = {trial.line: trial for trial in _trials(tx, services)}
    for line in services.catalogue.lines:
        trial = trials.get(line.id)
        if trial is None:
            tx.add(Trial(line=line.id, began_at=tx.now, key=_key(tx, line.id)))
        elif due_at(trial, every) <= tx.now:
            _go_on(tx, trial)
    return [order for line in services.catalogue.lines if (order := _order(tx, line.id))] if places else []


def greet(tx: Tx, event: TrialArrived, services: Services) -> Prompts | None:
    """What a caller would hear first; None for a call that is not on, or has come to another line."""
    if tx.scalar(select(TRIAL.line).where(TRIAL.key == event.key)) != event.line:
        return None
    try:
        line = services.catalogue.line(event.line)
    except UnknownId:
        return None
    return Prompts(play=("call.greeting",), line=line.id, language=line.languages[0], hang_up=True)


def was_heard(tx: Tx, event: TrialHeard) -> None:
    """The line answers; a call that has counted as missed already changes nothing."""
    heard = {"key": None, "misses": 0, "missed_since": None}
    tx.execute(update(Trial).where(TRIAL.key == event.key).values(**heard))


def silent_lines(tx: Tx) -> list[SilentLine]:
    """The lines that do not answer, as far as trial calls are still made."""
    never = timedelta.max / 2
    return [
        SilentLine(line=trial.line, since=trial.missed_since, misses=trial.misses)
        for trial in tx.all(select(Trial).where(TRIAL.misses >= MISSES))
        if trial.missed_since is not None and due_at(trial, never) + STALE > tx.now
    ]


def _trials(tx: Tx, services: Services) -> Iterable[Trial]:
    lines = [line.id for line in services.catalogue.lines]
    return tx.all(select(Trial).where(TRIAL.line.in_(lines)))


def _go_on(tx: Tx, trial: Trial) -> None:
    """Misses the one that is on, or begins the next; who comes second to it changes nothing."""
    if trial.key is None:
        values = {"key": _key(tx, trial.line), "began_at": tx.now, "placed_at": None}
    else:
        since = trial.missed_since or trial.began_at
        values = {"key": None, "misses": trial.misses + 1, "missed_since": since}
    same = TRIAL.key.is_(None) if trial.key is None else TRIAL.key == trial.key
    tx.execute(update(Trial).where(TRIAL.line == trial.line, same).values(**values))


def _order(tx: Tx, line: str) -> TrialOrder | None:
    to_place = (TRIAL.line == line, TRIAL.key.is_not(None), TRIAL.placed_at.is_(None))
    key = tx.scalar(select(TRIAL.key).where(*to_place))
    placed = key is not None and tx.execute(update(Trial).where(*to_place).values(placed_at=tx.now))
    return TrialOrder(key=key, line=line) if placed else None


def _key(tx: Tx, line: str) -> str:
    return f"{line}-{tx.now.timestamp():.0f}"
