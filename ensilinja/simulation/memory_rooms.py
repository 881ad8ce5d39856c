"""What intake, promises, attempts and outcomes do, over values: the rooms' own deciding functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from callbacks.attempts import APART
from callbacks.callflow import Step
from callbacks.events import CallEnded, CallReceived, DecisionNeeded
from callbacks.results import UNREACHED, Result, after
from chat.events import ChatPresence
from core.county import OutcomeCode
from core.errors import Conflict
from core.hours import add_service_time
from core.store import Recorded
from core.urgency import Urgency
from ensilinja.simulation.memory_line import MemoryLine
from ensilinja.simulation.memory_rows import SYSTEM, Decide, Entry, recorded
from ensilinja.simulation.standing import Place
from ensilinja.simulation.visits import Visit, spoken_on
from ensilinja.simulation.world import World
from queues.events import EntryReturned
from queues.machine import Event, State
from router.events import ContactReceived, OutcomeRecorded, PromiseEnded, PromiseKept, PromiseMade
from router.intake import asked_of, hours_of
from router.outcomes import URGENT
from router.promises import callback_due
from router.rules import CALLED_TO_ALL, Route, chat_route, route
from router.services import Services


@dataclass(slots=True, kw_only=True)
class Known:
    """One contact."""

    visit: Visit
    channel: str
    line: str | None
    door: str | None
    matter: int
    arrived_at: datetime
    language: str
    promise: tuple[int, str, datetime] | None = None
    has_second: bool = False
    results: list[Result] = field(default_factory=list)
    ringers: set[int] = field(default_factory=set)
    attempt: int = 0
    has_reply: bool = False
    outcome_by: int | None = None


@dataclass(slots=True, kw_only=True)
class Call:
    """One inbound call."""

    id: int
    visit: Visit
    at: datetime
    step: Step = Step.OFFER
    contact: int | None = None
    is_on: bool = True


class MemoryRooms:
    """Contacts, calls and promises of one run. `decide` is the rule of the line."""

    def __init__(self, world: World, services: Services, decide: Decide) -> None:
        """Nobody has come."""
        self.world, self.services, self.decide = world, services, decide
        self.line = MemoryLine(services.catalogue, lambda: world.now, self._emit)
        self.known: dict[int, Known] = {}
        self.calls: dict[str, Call] = {}
        self.present: dict[int, datetime] = {}
        self.staff = self.acts = self.refusals = 0
        self._counts = {
            "matter": 0,
            "promise": 0,
            "attempt": 0,
            "outcome": 0,
            "assessment": 0,
            "event": 0,
            "order": 0,
        }
        self._numbers: dict[tuple[str, int], int] = {}
        self._pending: list[Recorded] = []

    def _receive(
        self,
        visit: Visit,
        channel: str,
        *,
        line: str | None = None,
        door: str | None = None,
        matter: int | None = None,
        at: datetime | None = None,
        callback: bool = False,
        urgency: Urgency | None = None,
        queue: str | None = None,
        prefer: int | None = None,
        language: str = "",
        actor: str = SYSTEM,
    ) -> int:
        """Intake: the route, the place, the promise."""
        now, catalogue = self.world.now, self.services.catalogue
        arrived_at = at or now
        asked: dict[str, Any] = {
            "urgency": urgency or visit.urgency,
            "topic_queue": queue or (None if line else visit.queue),
            "catalogue": catalogue,
            "now": now,
            "door": catalogue.door(door) if door else None,
            "arrived_at": arrived_at,
        }
        handled = handled_as(channel, asked, callback=callback)
        decided = route(**asked, channel=handled, line=catalogue.line(line) if line else None)
        known = Known(
            visit=visit,
            channel=channel,
            line=line,
            door=door,
            matter=matter or self._next("matter"),
            arrived_at=arrived_at,
            language=language or visit.language
            if channel != "call"
            else spoken_on(catalogue.line(line or ""), visit),
        )
        contact = len(self.known) + 1
        self.known[contact] = known
        self._tell_received(contact, known, decided, first=matter is None, actor=actor)
        self._place(contact, known, decided, handled, prefer, actor)
        return contact

    def _tell_received(self, contact: int, known: Known, decided: Route, *, first: bool, actor: str) -> None:
        fact = ContactReceived(
            channel=known.channel,
            line=known.line,
            door=known.door,
            queue=decided.queue,
            topic=None,
            language=known.language,
            first_contact=first,
            born_of=None,
            matter=known.matter,
            arrived_at=known.arrived_at,
        )
        self._emit(fact, contact=contact, actor=actor)

    def _place(
        self, contact: int, known: Known, decided: Route, handled: str, prefer: int | None, actor: str
    ) -> None:
        now, catalogue = self.world.now, self.services.catalogue
        due_at = decided.due_at
        if handled == "callback" and decided.tier != CALLED_TO_ALL:
            asked = asked_of(known.line, decided.queue, self.services)
            due_at = callback_due(asked, known.arrived_at, catalogue.calendar)
        entry = Entry(
            id=contact,
            contact=contact,
            matter=known.matter,
            queue=decided.queue,
            channel=handled,
            urgency=decided.urgency.value,
            tier=decided.tier,
            due_at=min(decided.due_at, due_at),
            arrived_at=known.arrived_at,
            queued_here_at=now,
            language=known.language,
            weight=catalogue.queue(decided.queue).chat_weight if handled == "chat" else 1,
            not_before=decided.opens_at,
            preferred=prefer,
            preferred_until=now + timedelta(seconds=catalogue.limits.former_agent_s) if prefer else None,
        )
        self.line.enqueue(entry, actor)
        if handled in ("callback", "message"):
            self._promise(contact, handled, due_at, actor)

    def _kept_place(self, visit: Visit) -> Entry | None:
        for contact in reversed(self.known):
            if self.known[contact].visit is visit:
                entry = self.line.entries[contact]
                in_time = entry.resume_until is not None and entry.resume_until > self.world.now
                return entry if entry.state is State.LEFT and entry.channel == "call" and in_time else None
        return None

    def _attach(self, call: Call, contact: int, *, joined: bool) -> None:
        call.contact = contact
        fact = CallReceived(call=call.id, line=call.visit.line or "", rang_at=call.at, joined=joined)
        self._emit(fact, contact=contact, actor=SYSTEM)

    def _call_ends(self, call: Call, step: Step) -> None:
        call.is_on = False
        if call.contact is not None:
            self._emit(CallEnded(call=call.id, step=step), contact=call.contact, actor=SYSTEM)

    def _to_callback(self, contact: int, actor: str) -> None:
        """The place is kept, a call back is promised."""
        known, entry = self.known[contact], self.line.entries[contact]
        if known.promise is not None and known.promise[1] == "callback":
            return
        if entry.state in (State.HELD, State.WRAPPING, State.DONE):
            raise Conflict
        self.line.change_channel(entry, "callback", actor)
        asked = asked_of(known.line, entry.queue, self.services)
        due_at = callback_due(asked, self.world.now, self.services.catalogue.calendar)
        if entry.tier == CALLED_TO_ALL:
            soon = self.services.catalogue.queue(entry.queue).target("callback", Urgency.EMERGENCY)
            due_at = min(due_at, add_service_time(hours_of(asked), self.world.now, soon))
        self._end_promise(contact, "replaced_by", actor)
        self._promise(contact, "callback", due_at, actor)

    def _absent(self, contact: int) -> None:
        me, entry = f"resident:{contact}", self.line.entries[contact]
        self._emit(ChatPresence(present=False), contact=contact, actor=me)
        in_line = entry.state in (State.WAITING, State.OFFERED)
        if entry.channel == "chat" and entry.tier != CALLED_TO_ALL and in_line:
            until = timedelta(seconds=self.services.catalogue.limits.resume_chat_s)
            self.line.leave(entry, self.world.now + until, me)

    def _promise(self, contact: int, kind: str, due_at: datetime, actor: str) -> None:
        number = self._next("promise")
        self.known[contact].promise, self.known[contact].has_second = (number, kind, due_at), False
        self._emit(PromiseMade(promise=number, kind=kind, due_at=due_at), contact=contact, actor=actor)

    def _keep(self, contact: int, kind: str, at: datetime, actor: str) -> None:
        promise = self.known[contact].promise
        if promise is not None and promise[1] == kind:
            self.known[contact].promise = None
            fact = PromiseKept(promise=promise[0], kept_at=at, in_time=at <= promise[2])
            self._emit(fact, contact=contact, actor=actor)

    def _end_promise(self, contact: int, why: str, actor: str) -> None:
        promise = self.known[contact].promise
        if promise is not None:
            self.known[contact].promise = None
            self._emit(PromiseEnded(promise=promise[0], why=why), contact=contact, actor=actor)

    def _follow(self, contact: int, known: Known) -> None:
        entry = self.line.entries[contact]
        if entry.state is not State.HELD:
            return
        asked = asked_of(known.line, entry.queue, self.services)
        tries = self.services.catalogue.tries(asked)
        retry_at = add_service_time(hours_of(asked), self.world.now, tries.spacing)
        then = after(known.results, limit=tries.attempts, retry_at=retry_at)
        if then.decision:
            made = sum(result in UNREACHED for result in known.results)
            self._emit(DecisionNeeded(tries=made), contact=contact, actor=SYSTEM)
            if entry.urgency in URGENT and len(known.ringers) == 1:
                self._to_another(entry, contact)
        elif then.retry_at is not None:
            self.line.put_off(entry, then.retry_at, "not_reached", f"staff:{entry.agent}")

    def _to_another(self, entry: Entry, contact: int) -> None:
        agent = entry.agent or 0
        entry.passed[agent] = self.world.now + APART
        self.line.move(entry, Event.LOSE)
        fact = EntryReturned(entry=entry.id, agent=agent, reason="second_professional")
        self._emit(fact, contact=contact, actor=SYSTEM)

    def _outcome(self, contact: int, code: OutcomeCode, by: int) -> None:
        self.known[contact].outcome_by = by
        fact = OutcomeRecorded(
            outcome=self._next("outcome"),
            code=code.id,
            resolved=code.resolved,
            counts=code.counts,
            by=by,
            supersedes=None,
        )
        self._emit(fact, contact=contact, actor=f"staff:{by}")

    def _in_hand(self, matter: int) -> bool:
        return any(e.matter == matter for duty in self.line.duties.values() for e in duty.hands.values())

    def _tried(self, verb: Callable[[Entry], Any], place: Place) -> bool:
        try:
            verb(self.line.entries[place.contact])
        except Conflict:
            self.refusals += 1
            return False
        self._done()
        return True

    def _emit(self, fact: Any, **of: Any) -> None:
        kind = "contact" if of.get("contact") is not None else "staff"
        owner = (kind, of[kind])
        self._numbers[owner] = self._numbers.get(owner, 0) + 1
        number = self._next("event")
        self._pending.append(recorded(number, self.world.now, self._numbers[owner], fact, **of))

    def _done(self) -> None:
        """The act is over: its events are told."""
        self.acts += 1
        told, self._pending = self._pending, []
        self.world.tell(told)

    def _next(self, what: str) -> int:
        self._counts[what] += 1
        return self._counts[what]


def handled_as(channel: str, asked: dict[str, Any], *, callback: bool) -> str:
    """How a contact of the channel is served, as intake decides it."""
    if callback:
        return "callback"
    if channel == "call":
        return "call"
    if channel == "form":
        return "message"
    decided = chat_route(**asked)
    return "callback" if decided.channel == "message" and decided.tier == CALLED_TO_ALL else decided.channel
