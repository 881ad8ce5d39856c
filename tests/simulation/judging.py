"""Judges a simulated day by its events alone: one function an invariant, each tells what breaks it, in words.

It knows who works, who came and the county's hours, and nothing of how the line decides.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.county import Line, PromiseKind, Queue
from core.hours import add_working_days, is_open, local_date, next_opening
from core.store import Recorded
from ensilinja.simulation.doors import Doors
from ensilinja.simulation.memory import MemoryDoors
from ensilinja.simulation.memory_line import MemoryLine
from ensilinja.simulation.running import Played
from ensilinja.simulation.services import ServiceDoors
from ensilinja.simulation.standing import IN_HAND, STATES, Standing
from queues.eligibility import Room, obstacle
from queues.floor import communities, split
from tests.faults import checker
from tests.faults.checks import line, outside, record
from tests.faults.checks.state import Step

LATE = timedelta(seconds=2)
LEASE, LOST = timedelta(seconds=15), timedelta(seconds=60)
IDLE = timedelta(seconds=300)
FILLS = ("call", "callback")


@dataclass(slots=True, kw_only=True)
class Seen:
    """A contact as its events have told it so far."""

    contact: int
    queue: str
    channel: str
    tier: int
    due_at: datetime
    arrived_at: datetime
    language: str
    matter: int
    line: str | None
    state: str = "waiting"
    since: datetime
    came_at: datetime
    here_at: datetime
    until: datetime | None = None
    agent: int | None = None
    replied_at: datetime | None = None
    is_special: bool = False

    @property
    def rank(self) -> tuple[int, datetime, datetime, int]:
        return self.tier, self.due_at, self.arrived_at, self.contact


@dataclass(slots=True, kw_only=True)
class Replay:
    """The day event by event."""

    played: Played
    seen: dict[int, Seen] = field(default_factory=dict)
    received: dict[int, dict[str, object]] = field(default_factory=dict)
    ready: dict[int, bool] = field(default_factory=dict)

    def steps(self) -> Iterator[tuple[Recorded, Seen | None]]:
        """Each event with the contact as it was before it."""
        for event in self.played.world.recorded:
            yield event, self.seen.get(event.contact or 0)
            self._take(event)

    def _take(self, event: Recorded) -> None:
        if event.type.startswith("shift."):
            ends = event.type == "shift.ended"
            self.ready[event.staff or 0] = not ends and event.data.get("state", "ready") == "ready"
        elif event.type == "contact.received":
            self.received[event.contact or 0] = dict(event.data)
        elif event.type == "entry.queued":
            self.seen[event.contact or 0] = self._queued(event)
        if event.contact in self.seen:
            self._change(self.seen[event.contact], event)

    def _change(self, one: Seen, event: Recorded) -> None:
        if event.type == "entry.channel":
            one.channel = event.data["channel"]
        elif event.type == "chat.replied":
            one.replied_at = event.at
        elif event.type in STATES:
            self._move(one, event)

    def _move(self, one: Seen, event: Recorded) -> None:
        data = event.data
        one.state, one.since = STATES[event.type], event.at
        one.agent = data.get("agent", one.agent) if one.state in IN_HAND else None
        one.until = told_until(event)
        if event.type == "entry.came_due":
            one.here_at = event.at
        one.queue = data.get("queue", one.queue)
        passed_on = event.type in ("entry.declined", "entry.expired", "entry.transferred")
        to_another = event.type == "entry.returned" and data["reason"] == "second_professional"
        one.is_special = one.is_special or passed_on or to_another

    def _queued(self, event: Recorded) -> Seen:
        told = self.received[event.contact or 0]
        return Seen(
            contact=event.contact or 0,
            queue=event.data["queue"],
            channel=event.data["channel"],
            tier=event.data["tier"],
            due_at=datetime.fromisoformat(event.data["due_at"]),
            arrived_at=datetime.fromisoformat(str(told["arrived_at"])),
            language=str(told["language"]),
            matter=int(str(told["matter"])),
            line=None if told["line"] is None else str(told["line"]),
            since=event.at,
            came_at=event.at,
            here_at=event.at,
            is_special=told["first_contact"] is False,
        )


Check = Callable[[Played], Iterable[str]]


def i7_everybody_is_somewhere(played: Played) -> Iterator[str]:
    """Every visit is a contact or a call that ended closed; every contact has one place and its end."""
    replay = Replay(played=played)
    queued: dict[int, int] = defaultdict(int)
    done: set[int] = set()
    for event, _ in replay.steps():
        if event.type == "entry.queued":
            queued[event.contact or 0] += 1
        elif event.type == "entry.done":
            done.add(event.contact or 0)
    for contact in replay.received:
        if queued[contact] != 1:
            yield f"contact {contact} has {queued[contact]} places"
    for one in replay.seen.values():
        if (one.state == "done") != (one.contact in done):
            yield f"contact {one.contact} is {one.state} in spite of its events"


def i10_nobody_is_overloaded(played: Played) -> Iterator[str]:
    """An offer fits: a call only to empty hands, chats up to the capacity; silent chats weigh nothing."""
    shifts = dict(enumerate(played.scenario.shifts, start=1))
    weights = {queue.id: queue.chat_weight for queue in played.scenario.services.catalogue.queues}
    replay = Replay(played=played)
    for event, one in replay.steps():
        if event.type != "entry.offered" or one is None:
            continue
        agent, load, fills = event.data["agent"], 0, 0
        for other in replay.seen.values():
            if other.agent == agent and other.state in ("offered", "held"):
                silent = other.replied_at is not None and event.at - other.replied_at >= IDLE
                weighs = weights[other.queue] if other.channel == "chat" else 1
                load += 0 if silent and other.channel == "chat" else weighs
                fills += other.channel in FILLS and other.tier > 0
        if fills or (one.channel in FILLS and load):
            yield f"staff {agent} was in a call, or was offered one beside other work, at {event.at}"
        elif load + (weights[one.queue] if one.channel == "chat" else 1) > shifts[agent].capacity:
            yield f"staff {agent} was offered more than she can hold at {event.at}"


def i11_one_of_a_matter(played: Played) -> Iterator[str]:
    """Of one matter at most one contact is in somebody's hands."""
    hands: dict[int, int] = {}
    replay = Replay(played=played)
    for event, one in replay.steps():
        if event.type not in STATES or one is None:
            continue
        state = STATES[event.type]
        if state in IN_HAND:
            if hands.setdefault(one.matter, one.contact) != one.contact:
                yield f"matter {one.matter} was in two hands at {event.at}"
        elif hands.get(one.matter) == one.contact:
            del hands[one.matter]


def i12_deadlines_are_met(played: Played) -> Iterator[str]:
    """An offer, a kept place and a window end by their instants, and not before."""
    replay = Replay(played=played)
    before: dict[int, tuple[str, datetime | None]] = {}
    for event, one in replay.steps():
        if one is None or event.type not in STATES:
            continue
        state, until = before.get(one.contact, ("waiting", None))
        if until is not None and state in ("offered", "left") and event.at > until + LATE:
            yield f"contact {one.contact} was {state} until {event.at}, not {until}"
        if event.type == "entry.came_due" and until is not None and event.at < until:
            yield f"contact {one.contact} was due at {event.at}, before {until}"
        before[one.contact] = (STATES[event.type], told_until(event))


def told_until(event: Recorded) -> datetime | None:
    """By when the contact leaves the state the event brought it into."""
    limits = ("expires_at", "resume_until", "not_before")
    told = next((event.data[name] for name in limits if event.data.get(name)), None)
    return None if told is None else datetime.fromisoformat(told)


def i12_nothing_is_stuck(played: Played) -> Iterator[str]:
    """At the end nothing stands past its deadline, and nothing with somebody who is lost."""
    replay, ends = Replay(played=played), played.world.now
    lost: dict[int, datetime] = {}
    for event, _ in replay.steps():
        if event.type == "shift.state":
            lost.pop(event.staff or 0, None)
            if event.data["state"] == "lost":
                lost[event.staff or 0] = event.at
    for one in replay.seen.values():
        if (
            one.until is not None
            and one.until + LATE < ends
            and one.state in ("offered", "left", "scheduled")
        ):
            yield f"contact {one.contact} is still {one.state}"
        since = lost.get(one.agent or 0)
        if since is not None and one.state in ("offered", "held") and since + LOST < ends:
            yield f"contact {one.contact} is with staff {one.agent}, who is lost"


def i12_lost_work_goes_back(played: Played) -> Iterator[str]:
    """Who was away for longer than the service waits has lost what she held."""
    waits = LOST - LEASE + LATE
    replay = Replay(played=played)
    gone: dict[int, datetime] = {}
    for event, _ in replay.steps():
        if event.type != "shift.state":
            continue
        staff = event.staff or 0
        if event.data["state"] == "lost":
            gone[staff] = event.at
        elif staff in gone and event.at - gone.pop(staff) > waits:
            kept = [one.contact for one in replay.seen.values() if one.agent == staff and one.state == "held"]
            yield from (f"contact {contact} waited for staff {staff}, who was lost" for contact in kept)


def i14_first_in_line_first(played: Played) -> Iterator[str]:
    """Of those who need the same of a professional the first in rank is offered first."""
    replay = Replay(played=played)
    for event, one in replay.steps():
        if event.type != "entry.offered" or one is None or one.is_special or one.language != "fi":
            continue
        for other in replay.seen.values():
            alike = (other.queue, other.channel) == (one.queue, one.channel) and other.language == "fi"
            if alike and other.state == "waiting" and not other.is_special and other.rank < one.rank:
                taken = any(
                    each.matter == other.matter and each.state in IN_HAND for each in replay.seen.values()
                )
                if not taken:
                    yield f"contact {one.contact} was offered before {other.contact} at {event.at}"


def i14_due_times_are_kept(played: Played) -> Iterator[str]:
    """No contact is due later than it was queued for."""
    for event in played.world.recorded:
        if event.type == "entry.queued" and event.contact is not None:
            queued = datetime.fromisoformat(event.data["due_at"])
            if played.doors.due_at(event.contact) > queued:
                yield f"the due time of contact {event.contact} was moved"


def i16_offered_to_members(played: Played) -> Iterator[str]:
    """Only to those who serve the queue and are ready; never an emergency, which is called to all."""
    shifts = dict(enumerate(played.scenario.shifts, start=1))
    replay = Replay(played=played)
    for event, one in replay.steps():
        if event.type != "entry.offered" or one is None:
            continue
        staff = event.data["agent"]
        if one.queue not in shifts[staff].queues or not replay.ready.get(staff):
            yield f"contact {one.contact} was offered to staff {staff} who may not have it"
        if one.tier == 0:
            yield f"the emergency {one.contact} was offered, not called to all"


def language_is_waited_for(played: Played) -> Iterator[str]:
    """For a minute only to those who speak the language, when somebody ready does."""
    shifts = dict(enumerate(played.scenario.shifts, start=1))
    replay = Replay(played=played)
    for event, one in replay.steps():
        if event.type != "entry.offered" or one is None or one.is_special:
            continue
        if one.language in shifts[event.data["agent"]].languages or event.at - one.here_at >= LOST:
            continue
        for staff, shift in shifts.items():
            if replay.ready.get(staff) and one.queue in shift.queues and one.language in shift.languages:
                yield f"contact {one.contact} was offered to one who does not speak {one.language}"
                break


def emergencies_are_called(played: Played) -> Iterator[str]:
    """An emergency is of tier 0, and taken within a minute while anybody is there for it."""
    shifts = dict(enumerate(played.scenario.shifts, start=1))
    replay = Replay(played=played)
    for event, one in replay.steps():
        if event.type == "entry.queued" and (event.data["urgency"] == "EMERGENCY") != (
            event.data["tier"] == 0
        ):
            yield f"contact {event.contact} of level {event.data['urgency']} is of tier {event.data['tier']}"
        if one is not None and one.tier == 0 and event.type == "entry.held" and event.at - one.since > LOST:
            there = [
                staff
                for staff, shift in shifts.items()
                if one.queue in shift.queues and shift.starts_at <= one.since and replay.ready.get(staff)
            ]
            if there:
                yield f"the emergency {one.contact} waited until {event.at}"


def i17_attempts_keep_promises(played: Played) -> Iterator[str]:
    """A real attempt keeps the open promise; a contact that is over has none."""
    open_ones: dict[int, str] = {}
    for event in played.world.recorded:
        contact = event.contact or 0
        if event.type == "promise.made":
            open_ones[contact] = event.data["kind"]
        elif event.type in ("promise.kept", "promise.ended"):
            open_ones.pop(contact, None)
        ended = event.type in ("entry.wrapping", "entry.scheduled")
        if ended and open_ones.get(contact) == "callback" and was_rung(played, contact, event.at):
            yield f"contact {contact} was rung, and its promise is still open"
            open_ones.pop(contact)
    done = {e.contact for e in played.world.recorded if e.type == "outcome.recorded"}
    yield from (f"contact {contact} is over with an open promise" for contact in open_ones if contact in done)


def was_rung(played: Played, contact: int, by: datetime) -> bool:
    """Whether the resident's telephone has been rung by then."""
    events = played.world.recorded
    return any(e.contact == contact and e.type == "attempt.dialled" and e.at <= by for e in events)


def i17_nobody_is_rung_twice(played: Played) -> Iterator[str]:
    """No attempt begins before the last one has ended."""
    going: set[int] = set()
    for event in played.world.recorded:
        contact = event.contact or 0
        if event.type == "attempt.requested":
            if contact in going:
                yield f"contact {contact} was rung twice at once"
            going.add(contact)
        elif event.type == "attempt.ended":
            going.discard(contact)


def i18_due_in_hours(played: Played) -> Iterator[str]:
    """A promised call back is due in the hours of the asked one, on the day that was promised."""
    catalogue = played.scenario.services.catalogue
    replay = Replay(played=played)
    for event, one in replay.steps():
        if event.type != "promise.made" or event.data["kind"] != "callback" or one is None or one.tier == 0:
            continue
        due_at = datetime.fromisoformat(event.data["due_at"])
        line = catalogue.line(one.line) if one.line else None
        asked: Line | Queue = (
            line if line is not None and line.queue == one.queue else catalogue.queue(one.queue)
        )
        hours = asked.hours if isinstance(asked, Line) else asked.service_hours
        asked_at = one.arrived_at if one.came_at == event.at else event.at
        on = next_opening(hours, asked_at) or asked_at
        if asked.promise.kind is PromiseKind.WORKING_DAYS:
            day = add_working_days(catalogue.calendar, local_date(asked_at), asked.promise.days or 1)
        else:
            day = local_date(on)
        if not is_open(hours, due_at - timedelta(microseconds=1)) or local_date(due_at) != day:
            yield f"contact {one.contact} asked at {asked_at} is promised a call by {due_at}"


def i23_events_are_numbered(played: Played) -> Iterator[str]:
    """Events of a contact, and of a professional, are 1..n."""
    numbers: dict[tuple[str, int], int] = defaultdict(int)
    for event in played.world.recorded:
        owner = ("contact", event.contact) if event.contact is not None else ("staff", event.staff or 0)
        numbers[owner] += 1
        if event.n != numbers[owner]:
            yield f"event {event.n} of {owner} came as number {numbers[owner]}"


def by_the_fault_tests(played: Played) -> Iterator[str]:
    """The judge of the fault tests finds nothing: in the events, and in the rows where there are some."""
    if isinstance(played.doors, ServiceDoors):
        state, checks = played.doors.act(checker.kept, texts=False), ROW_CHECKS
    else:
        steps = [
            Step(id=e.id, contact=e.contact, staff=e.staff, n=e.n, type=e.type, data=e.data, at=e.at)
            for e in played.world.recorded
        ]
        state, checks = checker.Kept(steps=steps), EVENT_CHECKS
    yield from checker.judge(state, [], checks).all


EVENT_CHECKS = (
    line.i8_one_holder_in_the_record,
    line.i9_the_end_is_the_end,
    line.i15_old_numbers_change_nothing,
)
ROW_CHECKS = (
    *EVENT_CHECKS,
    line.i7_every_contact_is_somewhere,
    line.i12_deadlines_are_kept,
    line.i14_due_times_are_kept,
    line.i16_only_to_whom_it_may_go,
    outside.i17_a_callback_is_one_and_open,
    outside.i18_promises_do_not_move,
    outside.i20_one_end_for_any_order,
    record.i23_events_tell_the_rows,
    record.i29_access_log_is_whole,
)
CHECKS: tuple[Check, ...] = (
    i7_everybody_is_somewhere,
    i10_nobody_is_overloaded,
    i11_one_of_a_matter,
    i12_deadlines_are_met,
    i12_nothing_is_stuck,
    i12_lost_work_goes_back,
    i14_first_in_line_first,
    i14_due_times_are_kept,
    i16_offered_to_members,
    language_is_waited_for,
    emergencies_are_called,
    i17_attempts_keep_promises,
    i17_nobody_is_rung_twice,
    i18_due_in_hours,
    i23_events_are_numbered,
    by_the_fault_tests,
)


class Conservation:
    """I13: looks twice, 2 s apart; somebody free and somebody she may serve are together in one look only."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._before: set[tuple[int, int]] | None = None

    def __call__(self, doors: Doors, standing: Standing) -> None:
        if not isinstance(doors, MemoryDoors):
            return
        pairs = set(free_pairs(doors.line, doors.world.now))
        if self._before is None:
            self._before = pairs
            return
        for entry, agent in sorted(self._before & pairs):
            self.found.append(f"i13: entry {entry} waits, staff {agent} is free, at {doors.world.now}")
        self._before = None


def free_pairs(floor_line: MemoryLine, now: datetime) -> Iterator[tuple[int, int]]:
    """Those who wait and those who may have them: neither calling with work in hand nor draining."""
    agents = floor_line.agents()
    room = Room(agents)
    floor = split(floor_line.index, room, communities(agents), now, floor_line.settings)
    taken = {entry.matter for duty in floor_line.duties.values() for entry in duty.hands.values()}
    for entry in floor_line.line.values():
        if entry.matter in taken or not entry.tier:
            continue
        for seat in room.members.get(entry.queue, ()):
            busy = seat.agent.id in floor.draining or (seat.agent.id in floor.calling and seat.load)
            if not busy and obstacle(entry.waiting(), seat, room, now, floor_line.settings) is None:
                yield entry.id, seat.agent.id


def violations(played: Played) -> list[str]:
    """Everything that is wrong with the day."""
    return [f"{check.__name__}: {fault}" for check in CHECKS for fault in check(played)]
