"""What asks for a supervisor at once, read from one sight of the line."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from callbacks.service import silent_lines
from core.county import Queue
from core.db import columns
from core.hours import is_open
from core.models import Heartbeat
from core.store import Tx
from ensilinja.reporting.picture import Alarm, promises_at_risk
from ensilinja.reporting.sightings import Sight, due_in, has_queue, recently_served

_HEARTBEAT = columns(Heartbeat)
AT_WORK = timedelta(seconds=5)  # since its heartbeat


def alarms(tx: Tx, sight: Sight) -> Iterable[Alarm]:
    """What asks for a supervisor, most urgent first."""
    yield from emergencies(sight)
    yield from shedding(tx)
    yield from silent(tx, sight)
    yield from deserted(tx, sight)
    yield from lost_agents(sight)
    yield from broken_promises(sight)
    yield from endangered_promises(sight)


def emergencies(sight: Sight) -> Iterable[Alarm]:
    """Tier-0 entries that nobody has taken in the county's `supervisor_ring_s`."""
    patience = timedelta(seconds=sight.catalogue.limits.supervisor_ring_s)
    for group in sight.groups:
        since = group.oldest_state
        if group.tier == 0 and group.state == "waiting" and sight.now - since >= patience:
            yield alarm(sight, "emergency", since, group.queue, n=group.count)


def shedding(tx: Tx) -> Iterable[Alarm]:
    """Processes at work that take nobody new because they have too much to do."""
    at_work = (_HEARTBEAT.at > tx.now - AT_WORK, _HEARTBEAT.shedding_since.is_not(None))
    [(since, n)] = tx.rows(select(func.min(_HEARTBEAT.shedding_since), func.count()).where(*at_work))
    if n:
        yield Alarm(kind="shedding", since=since, n=n)


def silent(tx: Tx, sight: Sight) -> Iterable[Alarm]:
    """Lines that do not answer trial calls: callers hear something else than us, or nothing."""
    lines = {line.id: line for line in sight.catalogue.lines}
    for found in silent_lines(tx):
        if (line := lines.get(found.line)) is not None:
            yield Alarm(
                kind="line_silent", since=found.since, queue=line.queue, queue_name=line.name, n=found.misses
            )


def deserted(tx: Tx, sight: Sight) -> Iterable[Alarm]:
    """Open queues where somebody has waited a minute and nobody signed in could serve for as long."""
    patience = timedelta(seconds=sight.catalogue.limits.no_one_eligible_alarm_s)
    oldest: dict[str, datetime] = {}
    for group in sight.groups:
        if group.state == "waiting":
            oldest[group.queue] = min(oldest.get(group.queue, group.oldest_here), group.oldest_here)
    served = {
        queue for desk in sight.desks if desk.eligible_until > sight.now - patience for queue in desk.queues
    }
    alone = [
        queue
        for queue in sight.catalogue.queues
        if queue.id in oldest.keys() - served
        and sight.now - oldest[queue.id] >= patience
        and has_been_open(queue, sight.now, patience)
    ]
    lately = recently_served(tx, patience) if alone else frozenset()
    for queue in alone:
        if queue.id not in lately:
            yield alarm(sight, "nobody_eligible", oldest[queue.id], queue.id)


def has_been_open(queue: Queue, now: datetime, patience: timedelta) -> bool:
    """Whether the queue is open and was already when the patience began."""
    return is_open(queue.service_hours, now) and is_open(queue.service_hours, now - patience)


def lost_agents(sight: Sight) -> Iterable[Alarm]:
    """Professionals whose console went silent with people in their hands."""
    for desk in sight.desks:
        held = [hand for hand in desk.hands if hand.state in {"held", "wrapping"}]
        if held and not desk.is_alive and has_queue(sight.catalogue, held[0].queue):
            yield alarm(sight, "agent_lost", desk.seen_until, held[0].queue, n=len(held))


def broken_promises(sight: Sight) -> Iterable[Alarm]:
    """Callbacks whose promise has passed, by queue."""
    for queue in sight.catalogue.queues:
        late = [at for at in due_in(sight, queue) if at < sight.now]
        if late:
            yield alarm(sight, "callbacks_overdue", min(late), queue.id, n=len(late))


def endangered_promises(sight: Sight) -> Iterable[Alarm]:
    """Callbacks due within a quarter of an hour for which nobody signed in has time."""
    before = timedelta(minutes=sight.catalogue.limits.promise_alarm_minutes)
    for queue in sight.catalogue.queues:
        soon = [at for at in due_in(sight, queue) if sight.now <= at <= sight.now + before]
        ready = sum(
            desk.is_alive and desk.state == "ready" and queue.id in desk.queues for desk in sight.desks
        )
        short = promises_at_risk(soon, ready, sight.now)
        if short:
            yield alarm(sight, "promise_at_risk", min(soon) - before, queue.id, n=short)


def alarm(sight: Sight, kind: str, since: datetime, queue: str, n: int | None = None) -> Alarm:
    """An alarm of a queue."""
    return Alarm(kind=kind, since=since, queue=queue, queue_name=sight.catalogue.queue(queue).name, n=n)
