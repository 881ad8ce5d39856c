"""A day without a database, for what-if and for thousands of days: the deciding functions of the rooms over
values in memory. A test holds its events against those of the services.
"""

from datetime import datetime, timedelta

from callbacks.callflow import Step
from callbacks.events import AttemptDialled, AttemptEnded, AttemptOver, AttemptRequested, CallJoined
from callbacks.results import UNREACHED, Result
from chat.events import ChatPresence, ChatReplied
from chat.presence import STALE
from core.county import CallBack
from core.hours import is_open
from core.urgency import Urgency
from ensilinja.simulation.memory_promises import breaking
from ensilinja.simulation.memory_rooms import Call, MemoryRooms
from ensilinja.simulation.memory_rows import SYSTEM
from ensilinja.simulation.memory_sweep import sweep
from ensilinja.simulation.staffing import Shift
from ensilinja.simulation.standing import Place
from ensilinja.simulation.visits import Visit, Way
from queues.machine import Event, State
from router.events import AssessmentMade
from router.rules import route

PRESSED = (Step.OFFER, Step.IN_LINE)
SERVED = (State.HELD, State.WRAPPING, State.DONE)


class MemoryDoors(MemoryRooms):
    """The acts of everybody over values."""

    # -- residents

    def write(self, visit: Visit, matter: int | None) -> None:
        """See `Resident.write`."""
        channel = "chat" if visit.way is Way.CHAT else "form"
        door = self.services.catalogue.doors[0].id if channel == "chat" else None
        self._receive(visit, channel, door=door, matter=matter, actor=SYSTEM)
        self._done()

    def ring(self, visit: Visit) -> str:
        """See `Resident.ring`."""
        name = f"c{len(self.calls) + 1}"
        self.calls[name] = Call(id=len(self.calls) + 1, visit=visit, at=self.world.now)
        return name

    def wait(self, call: str) -> None:
        """See `Resident.wait`."""
        one = self.calls[call]
        line = self.services.catalogue.line(one.visit.line or "")
        if line.callback is CallBack.DIRECT:
            self._promised(one)
            return
        if not is_open(line.hours, self.world.now):
            one.step, one.is_on = Step.GONE, False
            return
        one.step = Step.IN_LINE
        kept = self._kept_place(one.visit)
        if kept is not None:
            self.line.resume(kept, SYSTEM)
            self._attach(one, kept.contact, joined=True)
        else:
            self._attach(one, self._receive(one.visit, "call", line=line.id, at=one.at), joined=False)
        self._done()

    def press(self, call: str) -> None:
        """See `Resident.press`."""
        one = self.calls[call]
        if not one.is_on or self._is_served(one):
            return
        if one.step in PRESSED:
            one.step = Step.CONFIRM
        else:
            self._promised(one)

    def _promised(self, one: Call) -> None:
        one.step = Step.PROMISED
        if one.contact is not None:
            self._to_callback(one.contact, SYSTEM)
        else:
            contact = self._receive(one.visit, "call", line=one.visit.line, at=one.at, callback=True)
            self._attach(one, contact, joined=False)
        self._call_ends(one, Step.PROMISED)
        self._done()

    def hang_up(self, call: str) -> None:
        """See `Resident.hang_up`."""
        one = self.calls[call]
        if not one.is_on:
            return
        step = one.step
        if step is Step.IN_LINE and not self._is_served(one):
            if self.services.catalogue.line(one.visit.line or "").hanging_up_asks:
                self._to_callback(one.contact or 0, SYSTEM)
            else:
                self._leave_line(one)
        one.step = Step.GONE
        self._call_ends(one, step)
        self._done()

    def call_of(self, call: str) -> tuple[int | None, bool]:
        """See `Resident.call_of`."""
        one = self.calls[call]
        return one.contact, one.is_on

    def leave(self, contact: int) -> None:
        """See `Resident.leave`."""
        self.present.pop(contact, None)
        self._absent(contact)
        self._done()

    def connect(self, contact: int) -> None:
        """See `Resident.connect`."""
        now, entry = self.world.now, self.line.entries[contact]
        if contact not in self.present or now - self.present[contact] >= STALE:
            self._emit(ChatPresence(present=True), contact=contact, actor=f"resident:{contact}")
        self.present[contact] = now
        if entry.state is State.LEFT and entry.resume_until is not None and entry.resume_until > now:
            self.line.resume(entry, f"resident:{contact}")
        self._done()

    def ask_callback(self, contact: int, number: str) -> None:
        """See `Resident.ask_callback`."""
        if self.line.entries[contact].state in SERVED:
            self.refusals += 1
            return
        self._to_callback(contact, f"resident:{contact}")
        self._done()

    def say(self, contact: int) -> None:
        """See `Resident.say`."""
        entry = self.line.entries[contact]
        entry.idle_since = None
        if entry.state is State.WRAPPING:
            self.line.unwrap(entry, f"staff:{entry.agent}")
        self._done()

    def reopen(self, contact: int) -> None:
        """See `Resident.reopen`."""
        old, entry = self.known[contact], self.line.entries[contact]
        if entry.state is not State.DONE:
            return
        self._receive(
            old.visit,
            "form" if old.channel == "call" else old.channel,
            line=old.line,
            door=old.door,
            matter=old.matter,
            callback=entry.channel == "callback",
            urgency=Urgency(entry.urgency),
            queue=entry.queue,
            prefer=old.outcome_by,
            language=old.language,
            actor=f"resident:{contact}",
        )
        self._done()

    def _is_served(self, call: Call) -> bool:
        return call.contact is not None and self.line.entries[call.contact].state in SERVED

    def _leave_line(self, call: Call) -> None:
        entry = self.line.entries[call.contact or 0]
        if entry.tier > 0 and entry.state is not State.LEFT:
            until = timedelta(seconds=self.services.catalogue.limits.resume_call_s)
            self.line.leave(entry, self.world.now + until, SYSTEM)

    # -- professionals

    def hire(self, name: str, shift: Shift) -> int:
        """See `Professional.hire`."""
        self.staff += 1
        return self.staff

    def start(self, staff: int, shift: Shift) -> None:
        """See `Professional.start`."""
        self.line.start_shift(staff, shift.queues, shift.languages, shift.capacity)
        self._done()

    def state(self, staff: int, state: str, reason: str) -> None:
        """See `Professional.state`."""
        self.line.set_state(staff, state, reason, f"staff:{staff}")
        self._done()

    def end(self, staff: int) -> None:
        """See `Professional.end`."""
        self.line.end_shift(staff)
        self._done()

    def beat(self, staff: int) -> None:
        """See `Professional.beat`."""
        self.line.beat(staff)
        self._done()

    def decline(self, staff: int, place: Place) -> None:
        """See `Professional.decline`."""
        self._tried(lambda entry: self.line.decline(entry, staff, "other"), place)

    def shown(self, staff: int, place: Place) -> None:
        """See `Professional.shown`."""
        self.line.entries[place.contact].shown = place.assignment

    def accept(self, staff: int, place: Place) -> bool:
        """See `Professional.accept`."""
        return self._joins(self._tried(lambda entry: self.line.accept(entry, staff), place), place)

    def take(self, staff: int, place: Place) -> bool:
        """See `Professional.take`."""
        duty = self.line.duties[staff]
        if duty.lost_at is not None or not duty.is_open or self._in_hand(place.matter):
            return False
        return self._joins(self._tried(lambda entry: self.line.take(entry, staff, "emergency"), place), place)

    def _joins(self, taken: bool, place: Place) -> bool:
        if taken and self.line.entries[place.contact].channel == "call":
            self._emit(CallJoined(order=self._next("order")), contact=place.contact, actor=SYSTEM)
            self._done()
        return taken

    def reply(self, staff: int, place: Place) -> None:
        """See `Professional.reply`."""
        known, entry = self.known[place.contact], self.line.entries[place.contact]
        entry.idle_since = self.world.now if entry.channel == "chat" else None
        if not known.has_reply:
            known.has_reply = True
            self._emit(ChatReplied(agent=staff, seq=2), contact=place.contact, actor=f"staff:{staff}")
            self._keep(place.contact, "message", self.world.now, f"staff:{staff}")
        self._done()

    def transfer(self, staff: int, place: Place, queue: str) -> None:
        """See `Professional.transfer`."""
        entry, catalogue = self.line.entries[place.contact], self.services.catalogue
        target, live = catalogue.queue(queue), entry.channel in ("chat", "call")
        if live and not is_open(target.service_hours, self.world.now):
            self.refusals += 1
            return
        decided = route(
            urgency=Urgency(entry.urgency),
            topic_queue=queue,
            channel=entry.channel,
            catalogue=catalogue,
            now=self.world.now,
            arrived_at=entry.arrived_at,
        )
        self.line.transfer(entry, queue, min(entry.due_at, decided.due_at), f"staff:{staff}")
        self._done()

    def assess(self, staff: int, place: Place) -> None:
        """See `Professional.assess`."""
        entry = self.line.entries[place.contact]
        level = Urgency(entry.urgency)
        fact = AssessmentMade(
            assessment=self._next("assessment"), urgency=level, by=staff, before=level, reason=None
        )
        self._emit(fact, contact=place.contact, actor=f"staff:{staff}")
        self._done()

    def dial(self, staff: int, place: Place, visit: Visit) -> bool:
        """See `Professional.dial`."""
        known, contact, now = self.known[place.contact], place.contact, self.world.now
        n, attempt = len(known.results) + 1, self._next("attempt")
        result = Result.REACHED if visit.answers_phone == "answers" else Result(visit.answers_phone)
        known.results.append(result)
        known.ringers.add(staff)
        known.attempt = attempt
        self._emit(
            AttemptRequested(attempt=attempt, n=n, agent=staff), contact=contact, actor=f"staff:{staff}"
        )
        self._done()
        self._emit(AttemptDialled(attempt=attempt, n=n, dialled_at=now), contact=contact, actor=SYSTEM)
        self._done()
        fact = AttemptEnded(attempt=attempt, n=n, result=result, dialled_at=now)
        self._emit(fact, contact=contact, actor=SYSTEM)
        self._keep(contact, "callback", now, SYSTEM)
        self._follow(contact, known)
        self._done()
        return result is Result.REACHED

    def hang_up_dialled(self, place: Place) -> None:
        """See `Professional.hang_up_dialled`."""
        known = self.known[place.contact]
        fact = AttemptOver(attempt=known.attempt, n=len(known.results))
        self._emit(fact, contact=place.contact, actor=SYSTEM)
        self._done()

    def was_tried(self, place: Place) -> bool:
        """See `Professional.was_tried`."""
        results = self.known[place.contact].results
        return bool(results) and results[-1] in UNREACHED

    def wrap(self, staff: int, place: Place) -> None:
        """See `Professional.wrap`."""
        seconds = self.services.catalogue.queue(place.queue).wrap_up_s
        until = self.world.now + timedelta(seconds=seconds)
        self._tried(lambda entry: self.line.wrap(entry, until, f"staff:{staff}"), place)

    def close(self, staff: int, place: Place, code: str, siblings: list[int]) -> None:
        """See `Professional.close`."""
        contact, catalogue = place.contact, self.services.catalogue
        entry, chosen = self.line.entries[contact], catalogue.outcome(code)
        me = f"staff:{staff}"
        self._outcome(contact, chosen, staff)
        if entry.state is State.HELD:
            self.line.wrap(entry, self.world.now, me)
        self.line.finish_with(entry, Event.FINISH, "finished", me)
        self._end_promise(contact, "replaced_by", me)
        for sibling in sorted(siblings):
            self._end_promise(sibling, "replaced_by", me)
            self.line.end_elsewhere(self.line.entries[sibling], me)
            self._outcome(sibling, catalogue.outcome("DUPLICATE"), staff)
        self._done()

    # -- the line

    def beat_all(self, staff: list[int]) -> None:
        """See `Doors.beat_all`."""
        lease = self.world.now + timedelta(seconds=self.services.catalogue.limits.lease_s)
        for each in staff:
            if self.line.duties[each].lost_at is None:
                self.line.duties[each].lease_until = lease

    def sweep(self) -> None:
        """See `Doors.sweep`."""
        sweep(self.line, self.world.now)
        stale = [contact for contact, at in self.present.items() if at < self.world.now - STALE]
        for contact in stale:
            del self.present[contact]
            self._absent(contact)
        for contact, second in list(breaking(self)):
            self.known[contact].has_second = True
            self._emit(second, contact=contact, actor=SYSTEM)
        self._done()

    def offer(self) -> None:
        """See `Doors.offer`."""
        self.line.offers(self.decide)
        self._done()

    def due_at(self, contact: int) -> datetime:
        """See `Doors.due_at`."""
        return self.line.entries[contact].due_at

    def close_all(self) -> None:
        """See `Doors.close_all`."""
