"""Where a contact goes, in which tier, by when it is due. Pure; refuses nobody, even when closed.

The tiers and due times are design.md 5. `why` holds the codes of the reasons, in the order they were applied.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.county import Catalogue, ChatDoor, Line, PromiseKind, Queue, UnknownId
from core.hours import Calendar, Hours, add_service_time, both, end_of_service_day, is_open, next_opening
from core.urgency import Urgency
from router.promises import callback_due

SELF_HARM = "self_harm"
CALLED_TO_ALL, EMERGENCY_DUTY, BY_DUE = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The decision: queue, tier (0 is called to all) and due instant; `opens_at` is None when open now."""

    queue: str
    channel: str
    urgency: Urgency
    tier: int
    due_at: datetime
    intake_open: bool
    service_open: bool
    opens_at: datetime | None
    why: tuple[str, ...]


def route(
    *,
    urgency: Urgency | None,
    topic_queue: str | None,
    channel: str,
    catalogue: Catalogue,
    now: datetime,
    line: Line | None = None,
    door: ChatDoor | None = None,
    tags: Collection[str] = (),
    arrived_at: datetime | None = None,
    not_before: datetime | None = None,
) -> Route:
    """The route of one contact; without an urgency its line's default level holds, or NON_URGENT.

    The due time counts from the arrival (or a later `not_before`) in the service time of the channel's hours;
    one that is called to all is due like an emergency, whatever its level.
    Raises UnknownId for a queue that the county does not have, or when nothing names a queue.
    """
    queue, queue_why = _queue(topic_queue, line, door, catalogue)
    level, level_why = _level(urgency, line)
    tier, tier_why = tier_of(level, tags)
    # A topic may lead from a line to another line's queue, whose own hours and promises then hold.
    own_line = line if line is not None and line.queue == queue.id else None
    service, intake = service_hours(queue, channel, own_line, door), _intake_hours(queue, own_line, door)
    start = max(arrived_at or now, not_before or arrived_at or now)
    due_level = Urgency.EMERGENCY if tier == CALLED_TO_ALL else level
    due_at, due_why = _due(
        queue, channel, due_level, start, service, line=own_line, calendar=catalogue.calendar
    )
    earliest = max(now, not_before or now)
    service_open = earliest == now and is_open(service, now)
    return Route(
        queue=queue.id,
        channel=channel,
        urgency=level,
        tier=tier,
        due_at=due_at,
        intake_open=is_open(intake, now),
        service_open=service_open,
        opens_at=None if service_open else next_opening(service, earliest),
        why=(queue_why, level_why, tier_why, due_why, "hours:open" if service_open else "hours:closed"),
    )


def chat_route(
    *,
    urgency: Urgency | None,
    topic_queue: str | None,
    catalogue: Catalogue,
    now: datetime,
    door: ChatDoor | None = None,
    tags: Collection[str] = (),
    arrived_at: datetime | None = None,
    not_before: datetime | None = None,
) -> Route:
    """The route of one who comes to write: live while door and queue are open, otherwise a message.

    Nobody waits live outside hours: a message is read when its queue opens, maybe sooner than the chat does.
    """
    live, message = (
        route(
            urgency=urgency,
            topic_queue=topic_queue,
            channel=channel,
            catalogue=catalogue,
            now=now,
            door=door,
            tags=tags,
            arrived_at=arrived_at,
            not_before=not_before,
        )
        for channel in ("chat", "message")
    )
    return live if live.service_open else message


def tier_of(urgency: Urgency, tags: Collection[str] = ()) -> tuple[int, str]:
    """The tier and its reason: 0 an emergency or a self-harm flag, 1 emergency duty, 2 everything else."""
    if urgency is Urgency.EMERGENCY:
        return CALLED_TO_ALL, "tier:emergency"
    if SELF_HARM in tags:
        return CALLED_TO_ALL, "tier:self_harm"
    if urgency is Urgency.ED:
        return EMERGENCY_DUTY, "tier:emergency_duty"
    return BY_DUE, "tier:by_due"


def service_hours(
    queue: Queue, channel: str, line: Line | None = None, door: ChatDoor | None = None
) -> Hours:
    """The hours in which a person answers this channel: a chat's when door and queue are both open."""
    if channel == "chat" and door is not None:
        return both(door.service_hours, queue.service_hours)
    if line is not None and channel != "chat":
        return line.hours
    return queue.service_hours


def _intake_hours(queue: Queue, line: Line | None, door: ChatDoor | None) -> Hours:
    if door is not None:
        return door.intake_hours
    return queue.intake_hours if line is None else line.hours


def _queue(
    topic_queue: str | None, line: Line | None, door: ChatDoor | None, catalogue: Catalogue
) -> tuple[Queue, str]:
    if topic_queue is not None and (door is None or topic_queue in door.queues):
        return catalogue.queue(topic_queue), "queue:topic"
    if line is not None:
        return catalogue.queue(line.queue), "queue:line"
    if door is not None:
        return catalogue.queue(door.queues[0]), "queue:door"
    raise UnknownId(kind="queue")


def _level(urgency: Urgency | None, line: Line | None) -> tuple[Urgency, str]:
    if urgency is not None:
        return urgency, "level:answers"
    if line is not None:
        return line.default_urgency, "level:line"
    return Urgency.NON_URGENT, "level:none"


def _due(
    queue: Queue,
    channel: str,
    level: Urgency,
    start: datetime,
    hours: Hours,
    *,
    line: Line | None,
    calendar: Calendar,
) -> tuple[datetime, str]:
    target = add_service_time(hours, start, queue.target(channel, level))
    if not (queue.same_day_law if line is None else line.same_day_law):
        if line is not None and _promised_in_days(line, channel, level):
            return callback_due(line, start, calendar), "due:promise"
        return target, "due:target"
    # Terveydenhuoltolaki 51 §: urgency shortens the time to the assessment, nothing lengthens it.
    last = end_of_service_day(hours, start)
    return (last, "due:same_day") if last < target else (target, "due:target")


def _promised_in_days(line: Line, channel: str, level: Urgency) -> bool:
    in_days = line.promise.kind is PromiseKind.WORKING_DAYS and channel in {"callback", "voicemail"}
    return in_days and level.rank > Urgency.SAME_DAY.rank
