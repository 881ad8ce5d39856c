"""The line without a database: entries and shifts in memory, moved by the machine and the matcher themselves.

What the services do with rows and conditions is done here with values, for speed; a test holds the events of
both against each other.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from core.catalogue import Catalogue
from ensilinja.simulation.memory_rows import HAND, SYSTEM, Decide, Duty, Entry, Waits
from queues import dispatch, events
from queues.eligibility import Seat, fits
from queues.line import FILLING, FULL, Agent, Line
from queues.machine import Event, IllegalTransition, State, step
from queues.transitions import DECLINED_FOR


class MemoryLine:
    """Entries and shifts. Its verbs are the services'; one that is not legal raises IllegalTransition."""

    def __init__(self, catalogue: Catalogue, now: Callable[[], datetime], emit: Callable[..., None]) -> None:
        """Nobody waits and nobody is at work. `emit(fact, contact=, staff=, actor=)` records an event."""
        self.catalogue, self.now, self.emit = catalogue, now, emit
        self.settings = dispatch.settings_of(catalogue)
        self.entries: dict[int, Entry] = {}
        self.line: dict[int, Entry] = {}
        self.index = Line()
        self.aside: dict[int, Entry] = {}
        self.duties: dict[int, Duty] = {}
        self._shifts = 0
        self._idle_after = timedelta(seconds=catalogue.limits.idle_chat_s)

    # -- entries

    def enqueue(self, entry: Entry, actor: str) -> None:
        """Gives the contact its place; with a time ahead it is scheduled."""
        self.entries[entry.contact] = entry
        self.queue_up(entry)
        fact = events.EntryQueued(
            entry=entry.id,
            queue=entry.queue,
            channel=entry.channel,
            urgency=entry.urgency,
            tier=entry.tier,
            due_at=entry.due_at,
        )
        self.emit(fact, contact=entry.contact, actor=actor)
        if entry.not_before is not None and entry.not_before > self.now():
            self.put_off(entry, entry.not_before, "window", actor)

    def move(self, entry: Entry, event: Event) -> None:
        """The step of the machine, with what follows for whoever has it in hand."""
        following = step(entry.state, event)
        if entry.state in HAND and following not in HAND:
            self.release(entry)
        entry.state = following
        self.out(entry)
        if following is State.WAITING:
            self.queue_up(entry)
        elif following is not State.DONE:
            self.aside[entry.contact] = entry

    def release(self, entry: Entry) -> None:
        """Into nobody's hands; the new number fences the former agent's acts."""
        self.duties[entry.agent or 0].hands.pop(entry.contact, None)
        entry.agent = entry.shown = entry.expires_at = entry.idle_since = None
        entry.assignment += 1

    def fence(self, entry: Entry) -> None:
        """A new number for one that goes out of the line from nobody's hands; `release` gives the others'."""
        if entry.state not in HAND:
            entry.assignment += 1

    def put_off(self, entry: Entry, not_before: datetime, reason: str, actor: str) -> None:
        """Out of the line until then."""
        agent = entry.agent
        self.fence(entry)
        self.move(entry, Event.SCHEDULE)
        entry.not_before = not_before
        if agent is not None:
            self.duties[agent].idle_since = self.now()
        fact = events.EntryScheduled(entry=entry.id, not_before=not_before, reason=reason)
        self.emit(fact, contact=entry.contact, actor=actor)

    def leave(self, entry: Entry, resume_until: datetime, actor: str) -> None:
        """The resident went; the place is kept a while."""
        self.fence(entry)
        self.move(entry, Event.LEAVE)
        entry.resume_until = resume_until
        fact = events.EntryLeft(entry=entry.id, resume_until=resume_until)
        self.emit(fact, contact=entry.contact, actor=actor)

    def resume(self, entry: Entry, actor: str) -> None:
        """The resident has her place again."""
        self.move(entry, Event.RESUME)
        entry.resume_until = None
        self.emit(events.EntryResumed(entry=entry.id), contact=entry.contact, actor=actor)

    def change_channel(self, entry: Entry, channel: str, actor: str) -> None:
        """Handled in another way; arrival and due time are kept."""
        self.back_in_line(entry, "channel", actor)
        if entry.state is State.LEFT:
            self.resume(entry, actor)
        self.move(entry, Event.MOVE)
        entry.channel = channel
        if entry.state is State.WAITING:
            self.queue_up(entry)
        fact = events.EntryChannel(entry=entry.id, channel=channel)
        self.emit(fact, contact=entry.contact, actor=actor)

    def back_in_line(self, entry: Entry, reason: str, actor: str) -> None:
        """An offer is withdrawn."""
        if entry.state is State.OFFERED:
            agent, assignment = entry.agent or 0, entry.assignment
            self.move(entry, Event.WITHDRAW)
            fact = events.EntryWithdrawn(entry=entry.id, agent=agent, assignment=assignment, reason=reason)
            self.emit(fact, contact=entry.contact, actor=actor)

    def end_elsewhere(self, entry: Entry, actor: str) -> None:
        """Answered with another contact of the matter."""
        self.back_in_line(entry, "elsewhere", actor)
        self.finish_with(entry, Event.END, "elsewhere", actor)

    def finish_with(self, entry: Entry, event: Event, why: str, actor: str) -> None:
        """The end."""
        if event is Event.FINISH:
            duty = self.duties[entry.agent or 0]
            duty.hands.pop(entry.contact, None)
            duty.idle_since = self.now()
            entry.agent = None
        self.move_done(entry, event)
        self.emit(events.EntryDone(entry=entry.id, why=why), contact=entry.contact, actor=actor)

    def move_done(self, entry: Entry, event: Event) -> None:
        """Done, out of every list."""
        entry.state = step(entry.state, event)
        entry.ended_at, entry.expires_at, entry.resume_until = self.now(), None, None
        self.out(entry)

    def queue_up(self, entry: Entry) -> None:
        """Into the line, as the entry is now."""
        entry.changed()
        self.line[entry.contact] = entry
        self.index.add(entry.waiting())

    def out(self, entry: Entry) -> None:
        """Out of every list."""
        if self.line.pop(entry.contact, None) is not None:
            self.index.remove(entry.id)
        self.aside.pop(entry.contact, None)

    def wrap(self, entry: Entry, until: datetime, actor: str) -> None:
        """The conversation ended; until then nothing is offered in its place."""
        agent = entry.agent or 0
        self.move(entry, Event.WRAP)
        entry.expires_at, entry.idle_since = until, None
        self.emit(events.EntryWrapping(entry=entry.id, agent=agent), contact=entry.contact, actor=actor)

    def unwrap(self, entry: Entry, actor: str) -> None:
        """The resident came back before the outcome."""
        self.move(entry, Event.UNWRAP)
        entry.expires_at = None
        fact = events.EntryUnwrapped(entry=entry.id, agent=entry.agent or 0)
        self.emit(fact, contact=entry.contact, actor=actor)

    def transfer(self, entry: Entry, queue: str, due_at: datetime, actor: str) -> None:
        """To another queue's line; the arrival is kept."""
        agent, before = entry.agent or 0, entry.queue
        self.move(entry, Event.TRANSFER)
        self.duties[agent].idle_since = self.now()
        entry.queue, entry.due_at, entry.queued_here_at = queue, due_at, self.now()
        entry.weight = self.catalogue.queue(queue).chat_weight if entry.channel == "chat" else 1
        entry.passed, entry.preferred = {}, None
        self.queue_up(entry)
        fact = events.EntryTransferred(
            entry=entry.id,
            from_queue=before,
            queue=queue,
            due_at=due_at,
            urgency=entry.urgency,
            tier=entry.tier,
        )
        self.emit(fact, contact=entry.contact, actor=actor)

    # -- offers

    def offers(self, decide: Decide) -> int:
        """Writes what the rule decides; the number of offers."""
        agents = self.agents()
        if not self.anybody_fits(agents):
            return 0
        taken = {entry.matter for duty in self.duties.values() for entry in duty.hands.values()}
        suspended = [entry for entry in self.line.values() if entry.matter in taken]
        for entry in suspended:
            self.out(entry)
        waits = Waits(entries=self.line, index=self.index)
        pairs = list(decide(waits, agents, self.now(), self.settings))
        for entry in suspended:
            self.queue_up(entry)
        by_id = {entry.id: entry for entry in self.line.values()} if pairs else {}
        for pair in pairs:
            self.offer(by_id[pair.entry], pair.agent)
        return len(pairs)

    def anybody_fits(self, agents: Sequence[Agent]) -> bool:
        """Whether a rule could offer anything: it is asked only then."""
        kinds = self.index.kinds()
        return any(
            kind.queue in seat.agent.queues and fits(kind, seat, self.settings)
            for seat in (Seat(agent) for agent in agents if agent.load < agent.capacity)
            for kind in kinds
        )

    def offer(self, entry: Entry, agent: int) -> None:
        """Held out to one agent until it expires."""
        limits = self.catalogue.limits
        self.move(entry, Event.OFFER)
        seconds = limits.offer_call_s if entry.channel == "call" else limits.offer_chat_s
        self.give(entry, agent, self.now() + timedelta(seconds=seconds))
        fact = events.EntryOffered(
            entry=entry.id,
            agent=agent,
            assignment=entry.assignment,
            expires_at=entry.expires_at or self.now(),
            queue=entry.queue,
        )
        self.emit(fact, contact=entry.contact, actor=SYSTEM)

    def give(self, entry: Entry, agent: int, expires_at: datetime | None) -> None:
        """Into the agent's hands under a new number."""
        entry.agent, entry.expires_at = agent, expires_at
        entry.assignment += 1
        self.duties[agent].hands[entry.contact] = entry

    def accept(self, entry: Entry, agent: int) -> None:
        """Offered → held; an offer that ran out is refused."""
        if entry.expires_at is None or entry.expires_at <= self.now():
            raise IllegalTransition
        self.move(entry, Event.ACCEPT)
        entry.expires_at = entry.preferred = None
        self.duties[agent].missed = 0
        self.held(entry, agent, "offer")

    def take(self, entry: Entry, agent: int, reason: str) -> None:
        """An emergency that is called to all."""
        self.move(entry, Event.TAKE)
        self.give(entry, agent, None)
        self.held(entry, agent, "all", reason)

    def held(self, entry: Entry, agent: int, by: str, reason: str = "") -> None:
        """Tells who has it."""
        fact = events.EntryHeld(
            entry=entry.id,
            agent=agent,
            assignment=entry.assignment,
            by=by,
            queue=entry.queue,
            reason=reason,
            overtook=0,
        )
        self.emit(fact, contact=entry.contact, actor=f"staff:{agent}")

    def decline(self, entry: Entry, agent: int, reason: str) -> None:
        """Back to the line, not to her for a minute."""
        assignment = entry.assignment
        self.move(entry, Event.DECLINE)
        entry.passed[agent] = self.now() + DECLINED_FOR
        self.queue_up(entry)
        self.duties[agent].missed = 0
        fact = events.EntryDeclined(entry=entry.id, agent=agent, assignment=assignment, reason=reason)
        self.emit(fact, contact=entry.contact, actor=f"staff:{agent}")

    # -- shifts

    def start_shift(self, staff: int, queues: Iterable[str], languages: Iterable[str], capacity: int) -> None:
        """At work, ready."""
        self._shifts += 1
        now, lease = self.now(), timedelta(seconds=self.catalogue.limits.lease_s)
        self.duties[staff] = Duty(
            id=self._shifts,
            staff=staff,
            queues=frozenset(queues),
            languages=frozenset(languages),
            capacity=capacity,
            lease_until=now + lease,
            idle_since=now,
        )
        self.emit(
            events.ShiftStarted(shift=self._shifts, capacity=capacity), staff=staff, actor=f"staff:{staff}"
        )

    def set_state(self, staff: int, state: str, reason: str, actor: str) -> None:
        """Whoever is not ready keeps no offers."""
        duty = self.duties[staff]
        if state != "ready":
            for entry in sorted(duty.hands.values(), key=lambda one: one.id):
                self.back_in_line(entry, state, actor)
        duty.missed = 0 if state == "ready" else duty.missed
        if (duty.state, duty.reason) != (state, reason):
            duty.state, duty.reason = state, reason
            fact = events.ShiftState(shift=duty.id, state=state, reason=reason)
            self.emit(fact, staff=staff, actor=actor)

    def end_shift(self, staff: int) -> None:
        """Gone home."""
        duty = self.duties[staff]
        duty.is_open = False
        fact = events.ShiftEnded(shift=duty.id, reason="signed_out")
        self.emit(fact, staff=staff, actor=f"staff:{staff}")

    def beat(self, staff: int) -> None:
        """A sign of life; a lost shift is back."""
        duty = self.duties[staff]
        duty.lease_until = self.now() + timedelta(seconds=self.catalogue.limits.lease_s)
        if duty.lost_at is not None:
            duty.lost_at = None
            fact = events.ShiftState(shift=duty.id, state=duty.state, reason="back")
            self.emit(fact, staff=staff, actor=f"staff:{staff}")

    def agents(self) -> list[Agent]:
        """Those who may be offered work, as the matcher takes them."""
        return [self.agent_of(duty) for duty in self.ready()]

    def agent_of(self, duty: Duty) -> Agent:
        """The matcher's value, the load counted from what is in her hands."""
        now = self.now()
        idle_from = now - self._idle_after
        load = chats = calls = 0
        for entry in duty.hands.values():
            if entry.state is State.WRAPPING and (entry.expires_at is None or entry.expires_at <= now):
                continue
            if entry.channel in FILLING:
                load += FULL
                calls += 1
                continue
            chats += entry.channel == "chat"
            if entry.channel != "chat" or entry.idle_since is None or entry.idle_since > idle_from:
                load += entry.weight
        return Agent(
            id=duty.staff,
            queues=duty.queues,
            languages=duty.languages,
            capacity=duty.capacity,
            load=load,
            open_chats=chats,
            on_call=calls > 0,
            idle_since=duty.idle_since,
        )

    def ready(self) -> list[Duty]:
        """Those who may be offered work."""
        now = self.now()
        return [
            duty
            for duty in self.duties.values()
            if duty.is_open and duty.lost_at is None and duty.state == "ready" and duty.lease_until > now
        ]
