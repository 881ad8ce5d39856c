"""The live board: one snapshot of who waits, who serves and what was promised, with today's figures.

"Today" is the Helsinki date; waits and delays are service time. Reads figures and states, never content.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.county import Catalogue, Queue
from core.hours import is_open, service_time
from core.store import Tx
from core.urgency import Urgency
from ensilinja.reporting.alarms import alarms
from ensilinja.reporting.definitions import DEFINITIONS
from ensilinja.reporting.facts import CALLBACK
from ensilinja.reporting.picture import (
    Alarm,
    Board,
    CallbackDelayTile,
    CallbacksTile,
    LongestTile,
    QueueRow,
    ReplyTile,
    ResolutionTile,
    StaffRow,
    Tiles,
    WaitingTile,
    Word,
    promises_at_risk,
    word_of_promise,
    word_of_wait,
    worst,
)
from ensilinja.reporting.sightings import (
    Desk,
    Group,
    Memory,
    OpenCallbacks,
    Sight,
    contact_of,
    due_times,
    look,
)
from queues.line import FILLING

__all__ = ["Board", "Memory", "snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The oldest wait of a group, in seconds of service time, beside the target."""

    group: Group
    seconds: float
    target_seconds: float

    @property
    def word(self) -> Word:
        """What the wait means."""
        return word_of_wait(self.seconds, self.target_seconds)


def snapshot(tx: Tx, catalogue: Catalogue, memory: Memory | None = None, more: Sequence[Alarm] = ()) -> Board:
    """The picture now, in at most eleven queries; with the last one's `memory` only news is read of facts.

    A memory belongs to one caller at a time; the picture is the same with and without it. `more` are alarms
    that are not read of this snapshot, shown after the others.
    """
    sight = look(tx, catalogue, memory or Memory())
    waits = [wait_of(sight, group) for group in sight.groups if group.is_live]
    longest = max(waits, key=lambda wait: wait.seconds, default=None)
    contact = contact_of(tx, longest.group) if longest else None
    return Board(
        tiles=tiles(sight, waits, longest, contact),
        queues=tuple(queue_rows(sight)),
        staff=tuple(staff_row(desk) for desk in sight.desks),
        alarms=(*alarms(tx, sight), *more),
        now=tx.now,
    )


def wait_of(sight: Sight, group: Group) -> Wait:
    """The group's oldest wait since arrival."""
    queue = sight.catalogue.queue(group.queue)
    return Wait(
        group=group,
        seconds=service_time(queue.service_hours, group.oldest_arrival, sight.now).total_seconds(),
        target_seconds=queue.target(group.channel, group.urgency).total_seconds(),
    )


def tiles(sight: Sight, waits: Sequence[Wait], longest: Wait | None, contact: int | None) -> Tiles:
    """The six figures."""
    waiting = sum(wait.group.count for wait in waits)
    return Tiles(
        waiting=WaitingTile(n=waiting, word=worst([wait.word for wait in waits]) if waits else Word.GOOD),
        longest=longest_tile(longest, contact),
        reply_delay=reply_tile(sight),
        callbacks=callbacks_tile(sight),
        callback_delay=callback_delay_tile(sight),
        resolution=resolution_tile(sight),
    )


def longest_tile(longest: Wait | None, contact: int | None) -> LongestTile:
    """The longest live wait; blank when nobody waits."""
    if longest is None:
        return LongestTile()
    return LongestTile(
        seconds=int(longest.seconds),
        target_seconds=int(longest.target_seconds),
        contact=contact,
        word=longest.word,
    )


def reply_tile(sight: Sight) -> ReplyTile:
    """Today's chat reply delay."""
    delay = sight.figure("chat_reply_delay").service
    target = DEFINITIONS["chat_reply_delay"].target
    return ReplyTile(
        mean_s=delay.mean_s,
        p90_s=delay.p90_s,
        n=delay.n,
        target_s=target,
        word=word_of_wait(delay.mean_s, target),
    )


def callbacks_tile(sight: Sight) -> CallbacksTile:
    """Callbacks open and overdue, how many were given a second time today, and the earliest due."""
    promised = due_times(sight.callbacks)
    return CallbacksTile(
        open=sum(callbacks.count for callbacks in sight.callbacks),
        overdue=sum(at < sight.now for at in promised),
        second=sight.second,
        oldest_due_at=min(promised, default=None),
        word=word_of_callbacks(sight.callbacks, sight.now),
    )


def word_of_callbacks(callbacks: Sequence[OpenCallbacks], now: datetime) -> Word:
    """What the oldest promise means; good when none is open."""
    windows = [(c.due_at, c.first_made_at) for c in callbacks if c.due_at and c.first_made_at]
    if not windows:
        return Word.GOOD
    due_at, made_at = min(windows)
    return word_of_promise(made_at, due_at, now)


def callback_delay_tile(sight: Sight) -> CallbackDelayTile:
    """Today's callback delay beside the shortest same-day target of the queues."""
    delay = sight.figure("callback_delay").service
    targets = [queue.target(CALLBACK, Urgency.SAME_DAY).total_seconds() for queue in sight.catalogue.queues]
    target = min(targets, default=None)
    return CallbackDelayTile(
        p90_s=delay.p90_s, n=delay.n, target_s=target, word=word_of_wait(delay.p90_s, target)
    )


def resolution_tile(sight: Sight) -> ResolutionTile:
    """Today's declared resolution."""
    share = sight.figure("resolution_declared")
    target = DEFINITIONS["resolution_declared"].target
    word = Word.NONE
    if share.percent is not None and target is not None:
        word = Word.GOOD if share.percent >= target else Word.WATCH
    return ResolutionTile(
        resolved=share.count, coded=share.n, percent=share.percent, target_percent=target, word=word
    )


def queue_rows(sight: Sight) -> Iterable[QueueRow]:
    """The table, each row with the facts of its own contacts."""
    for queue, channel in shown_rows(sight):
        yield queue_row(sight, queue, channel)


def shown_rows(sight: Sight) -> list[tuple[Queue, str]]:
    """Each queue with the channels it serves or has somebody in, in the county's order."""
    catalogue = sight.catalogue
    served = {(queue, "chat") for door in catalogue.doors for queue in door.queues}
    served |= {(line.queue, channel) for line in catalogue.lines for channel in ("call", CALLBACK)}
    served |= {(group.queue, group.channel) for group in sight.groups}
    order = ("chat", "call", CALLBACK, "message")
    return [
        (queue, channel) for queue in catalogue.queues for channel in order if (queue.id, channel) in served
    ]


def queue_row(sight: Sight, queue: Queue, channel: str) -> QueueRow:
    """One queue and channel."""
    here = [group for group in sight.groups if (group.queue, group.channel) == (queue.id, channel)]
    waits = [wait_of(sight, group) for group in here]
    present = [desk for desk in sight.desks if desk.is_alive and queue.id in desk.queues]
    callbacks = [one for one in sight.callbacks if one.queue == queue.id] if channel == CALLBACK else []
    due = due_times(callbacks)
    ready = [desk for desk in present if has_room(desk, queue, channel)]
    delay = sight.figure("chat_reply_delay", (queue.id, channel)).service
    longest = max((wait.seconds for wait in waits), default=None)
    return QueueRow(
        queue=queue.id,
        name=queue.name,
        channel=channel,
        waiting=sum(group.count for group in here),
        longest_s=None if longest is None else int(longest),
        ready=len(ready),
        on_shift=len(present),
        reply_mean_s=delay.mean_s,
        reply_p90_s=delay.p90_s,
        left_percent=sight.figure("abandonment", (queue.id, channel)).percent,
        state=word_of_row(sight, channel, waits, callbacks),
        open=is_open(queue.service_hours, sight.now),
        at_risk=promises_at_risk(due, sum(desk.state == "ready" for desk in present), sight.now),
    )


def word_of_row(
    sight: Sight, channel: str, waits: Sequence[Wait], callbacks: Sequence[OpenCallbacks]
) -> Word:
    """The worst of the waits; for callbacks, the oldest promise."""
    if channel == CALLBACK:
        return word_of_callbacks(callbacks, sight.now)
    return worst([wait.word for wait in waits]) if waits else Word.GOOD


def has_room(desk: Desk, queue: Queue, channel: str) -> bool:
    """Whether she is ready and one more of the channel fits what she has in hand."""
    if desk.state != "ready" or not desk.is_alive:
        return False
    if channel in FILLING:
        return desk.weight == 0
    return desk.weight + (queue.chat_weight if channel == "chat" else 1) <= desk.capacity


def staff_row(desk: Desk) -> StaffRow:
    """One professional, in the state that says most."""
    state, since = state_of(desk)
    return StaffRow(
        id=desk.id,
        name=desk.name,
        state=state,
        since=since,
        load=min(desk.weight, desk.capacity),
        capacity=desk.capacity,
        queues=tuple(sorted(desk.queues)),
    )


def state_of(desk: Desk) -> tuple[str, datetime]:
    """lost, then what she has set herself, then what her hands are full of, else ready."""
    if not desk.is_alive:
        return "lost", desk.seen_until
    if desk.state != "ready":
        return desk.state, desk.since
    in_call = [hand.since for hand in desk.hands if hand.state == "held" and hand.channel in FILLING]
    if in_call:
        return "call", max(in_call)
    if desk.hands and all(hand.state == "wrapping" for hand in desk.hands):
        return "wrapping", min(hand.since for hand in desk.hands)
    if desk.weight >= desk.capacity:
        return "busy", max(hand.since for hand in desk.hands)
    return "ready", max((hand.since for hand in desk.hands), default=desk.since)
