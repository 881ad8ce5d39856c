"""The service checks itself: what breaks an invariant is a finding. Here those of the floor's own tables.

A check reads what has changed since the last one and what is open, never history.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select

from core.db import columns
from core.jobs import OPEN
from core.models import Event, Job
from core.store import Tx

LEEWAY = timedelta(seconds=2)  # what is over by less is the sweep's, which turns every second
JOB_LATE = timedelta(seconds=60)  # a due job that nobody has begun, or that was lost and not rescued
_EVENT = columns(Event)
_JOB = columns(Job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that breaks an invariant: the check that saw it, and whose number `id` is."""

    check: str
    what: str
    id: int
    queue: str | None = None


NUMBERS = (func.count(), func.min(_EVENT.n), func.max(_EVENT.n))


def event_gaps(tx: Tx, contacts: Collection[int]) -> Iterator[Finding]:
    """Those of these contacts whose events are not numbered 1..n (I3, I23)."""
    theirs = select(_EVENT.contact_id, *NUMBERS).where(_EVENT.contact_id.in_(contacts))
    for contact, count, first, last in tx.rows(theirs.group_by(_EVENT.contact_id)):
        if (first, last) != (1, count):
            yield Finding(check="numbers", what="contact", id=contact)


def staff_gaps(tx: Tx, after: int) -> Iterator[Finding]:
    """Professionals whose events after `after` have holes."""
    numbers: defaultdict[int, list[int]] = defaultdict(list)
    for staff, n in tx.rows(select(_EVENT.staff_id, _EVENT.n).where(_EVENT.id > after)):
        if staff is not None:
            numbers[staff].append(n)
    for staff, found in numbers.items():
        if max(found) - min(found) + 1 != len(found):
            yield Finding(check="numbers", what="staff", id=staff)


def late_jobs(tx: Tx) -> Iterator[Finding]:
    """Jobs that are due and in nobody's hands for a minute (I12)."""
    before = tx.now - JOB_LATE
    due = (OPEN, _JOB.state.in_(("pending", "running")), _JOB.due_at <= before)
    nobody = or_(_JOB.lease_until.is_(None), _JOB.lease_until <= before)
    for job in tx.all(select(_JOB.id).where(*due, nobody)):
        yield Finding(check="deadlines", what="job", id=job)
