"""Jobs as rows: scheduled in the transition's transaction, run once per key, rescued by their lease.
Runners only execute."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select, update

from core.db import UtcTime, columns, table
from core.models import Job
from core.store import Tx

LEASE = timedelta(seconds=15)  # a job whose runner is silent this long is taken from it
PATIENCE = 10.0  # seconds a job may take: it must have ended before it is given to somebody else
ATTEMPTS = 5  # then dead, with an alarm: a job that fails five times needs a person
# Never run again after an unknown end: a telephone would ring twice, or a hold come after the talk went on.
ONCE = frozenset({"dial", "order"})
_JOB = columns(Job)
OPEN = _JOB.state != literal_column("'done'")  # in the words of the index: jobs that are done are not read
AT_ONCE = 100
_NOW = bindparam("now", type_=UtcTime())
_DUE = (
    select(_JOB.id, _JOB.kind)
    .where(OPEN, _JOB.state == "pending", _JOB.due_at <= _NOW)
    .order_by(_JOB.due_at)
    .limit(AT_ONCE)
)
_LOST = select(table(Job)).where(OPEN, _JOB.state == "running", _JOB.lease_until < _NOW).limit(AT_ONCE)


class PutOff(Exception):
    """The job's work is to be done at `until`; nothing has failed."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job to run now."""

    id: int
    key: str
    kind: str
    args: Mapping[str, Any]
    attempt: int


def schedule(tx: Tx, *, key: str, kind: str, args: Mapping[str, Any], due_at: datetime | None = None) -> None:
    """Stores a job; a second one with the same key changes nothing."""
    if tx.scalar(select(_JOB.id).where(_JOB.key == key)) is None:
        tx.add(Job(key=key, kind=kind, args=dict(args), state="pending", due_at=due_at or tx.now))


def due(tx: Tx) -> list[tuple[int, str]]:
    """Ids and kinds of the jobs that should run now and are with nobody, at most `AT_ONCE`."""
    return [(row[0], row[1]) for row in tx.rows(_DUE, {"now": tx.now})]


def look(tx: Tx) -> tuple[bool, list[tuple[int, str]]]:
    """Whether there is anything to `rescue`, and what is due."""
    return bool(tx.rows(_LOST, {"now": tx.now})), due(tx)


def by_state(tx: Tx) -> dict[str, int]:
    """How many jobs are in each state that is not done."""
    counts = tx.rows(select(_JOB.state, func.count()).where(OPEN).group_by(_JOB.state))
    return dict(counts)


def claim(tx: Tx, job: int) -> JobView | None:
    """Takes the job for `LEASE`; None when somebody else has it or it is done."""
    taken = tx.execute(
        update(Job)
        .where(_JOB.id == job, _JOB.state == "pending", _JOB.due_at <= tx.now)
        .values(state="running", attempt_count=_JOB.attempt_count + 1, lease_until=tx.now + LEASE)
    )
    row = tx.get(Job, job) if taken else None
    if row is None:
        return None
    return JobView(id=job, key=row.key, kind=row.kind, args=row.args, attempt=row.attempt_count)


def finish(tx: Tx, job: JobView) -> bool:
    """Marks the job done; False, changing nothing, when it was taken from this runner meanwhile."""
    return _leave(tx, job, state="done", finished_at=tx.now)


def put_off(tx: Tx, job: JobView, until: datetime) -> bool:
    """Has the job wait until then; False, changing nothing, when it was taken from this runner."""
    return _leave(tx, job, state="pending", due_at=until)


def fail(tx: Tx, job: JobView, error: str) -> bool:
    """Puts the job off with growing delay; False, changing nothing, when it was taken from this runner.

    After `ATTEMPTS` it is dead. A job that may run only once becomes unknown.
    """
    return _put_off(tx, job, error, timedelta(seconds=2**job.attempt))


def rescue(tx: Tx) -> list[JobView]:
    """Takes jobs from runners whose lease ended, to be run at once; returns those whose outside effect is
    now unknown.
    """
    views = [
        JobView(id=row.id, key=row.key, kind=row.kind, args=row.args, attempt=row.attempt_count)
        for row in tx.rows(_LOST, {"now": tx.now})
    ]
    for view in views:
        _put_off(tx, view, "lease ended", timedelta(0))
    return [view for view in views if view.kind in ONCE]


def _put_off(tx: Tx, job: JobView, error: str, delay: timedelta) -> bool:
    state = "unknown" if job.kind in ONCE else "dead" if job.attempt >= ATTEMPTS else "pending"
    return _leave(tx, job, state=state, due_at=tx.now + delay, error=error[:200])


def _leave(tx: Tx, job: JobView, **values: Any) -> bool:
    # The attempt is the fencing number: a runner thought lost must not undo what the next one did.
    mine = (_JOB.id == job.id, _JOB.state == "running", _JOB.attempt_count == job.attempt)
    return tx.execute(update(Job).where(*mine).values(lease_until=None, **values)) == 1
