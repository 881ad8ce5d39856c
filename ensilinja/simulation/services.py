"""The services themselves over a database in memory: one connection, one transaction an act."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine
from sqlalchemy.orm import Session

from callbacks import known
from callbacks import service as callbacks
from callbacks.results import UNREACHED
from callbacks.telephony.port import Prompts, Talk, TelephonyEvent
from callbacks.telephony.simulated import Behaviour, SimulatedTelephony
from chat import service as chat
from core.errors import Conflict
from core.identity import Actor, Role
from core.store import Tx
from core.urgency import Urgency
from core.vault import Vault
from ensilinja import tables
from ensilinja.accounts import NewAccount, create
from ensilinja.deadlines import sweeps
from ensilinja.simulation.staffing import Shift
from ensilinja.simulation.standing import Place
from ensilinja.simulation.visits import Visit, Way, spoken_on
from ensilinja.simulation.world import World
from queues import agents
from queues import service as queues
from queues.dispatch import dispatch
from router import assessments, moves, outcomes
from router.arrivals import Arrival, Channel
from router.intake import receive
from router.services import Services

P = ParamSpec("P")
T = TypeVar("T")

KEY = b"simulated people have no secrets"  # 32 bytes: what is sealed with it is invented
WRITTEN = ("chat", "message")
ALL_READ = 1_000_000


class ServiceDoors:
    """Everything asked for is done by the rooms' services in a transaction of its own."""

    def __init__(self, world: World, services: Services) -> None:
        """An empty store."""
        self.world, self.services = world, services
        self.acts = self.refusals = 0
        self.vault = Vault(KEY)
        self.connection = memory()
        self._raw: Any = self.connection.connection.driver_connection
        self._actors: dict[int, Actor] = {}
        self._keys: dict[int, str] = {}
        self.telephony = SimulatedTelephony(world.clock)
        at_once(self.telephony.start(self._hear))

    def act(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `fn` in a transaction; a refusal undoes it and passes on."""
        self.acts += 1
        session = Session(self.connection, join_transaction_mode="rollback_only", expire_on_commit=False)
        tx = Tx(session=session, now=self.world.now, vault=self.vault)
        self._raw.execute("BEGIN")
        try:
            value = fn(tx, *args, **kwargs)
            session.commit()
        except BaseException:
            session.close()
            self._raw.execute("ROLLBACK")
            raise
        self._raw.execute("COMMIT")
        session.close()
        self.world.tell(tx.recorded)
        return value

    def tries(self, fn: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """`act`; None when the service refuses because things have moved on."""
        try:
            return self.act(fn, *args, **kwargs)
        except Conflict:
            self.refusals += 1
            return None

    # -- residents

    def write(self, visit: Visit, matter: int | None) -> None:
        """See `Resident.write`."""
        channel = Channel.CHAT if visit.way is Way.CHAT else Channel.FORM
        arrival = Arrival(
            client_id=f"v{visit.n}" if matter is None else f"v{visit.n}-also",
            channel=channel,
            arrived_at=self.world.now,
            door=self.services.catalogue.doors[0].id if channel == Channel.CHAT else None,
            language=visit.language,
            phone=visit.number,
            matter=matter,
            urgency=visit.urgency,
            queue=visit.queue,
        )
        self.act(receive, arrival, self.services)

    def ring(self, visit: Visit) -> str:
        """See `Resident.ring`."""
        line = self.services.catalogue.line(visit.line or "")
        return str(at_once(self.telephony.ring(line.id, visit.number, spoken_on(line, visit))))

    def wait(self, call: str) -> None:
        """See `Resident.wait`."""
        at_once(self.telephony.wait(call))

    def press(self, call: str) -> None:
        """See `Resident.press`."""
        at_once(self.telephony.press(call, "1"))

    def hang_up(self, call: str) -> None:
        """See `Resident.hang_up`."""
        at_once(self.telephony.hang_up(call))

    def call_of(self, call: str) -> tuple[int | None, bool]:
        """See `Resident.call_of`."""
        found = self.act(callbacks.find_call, self.telephony.name, call)
        return (None, False) if found is None else (found.contact, found.ended_at is None)

    def leave(self, contact: int) -> None:
        """See `Resident.leave`."""
        self.tries(chat.leave, resident(contact), contact, self.services)

    def connect(self, contact: int) -> None:
        """See `Resident.connect`."""
        self.tries(chat.connected, contact)

    def ask_callback(self, contact: int, number: str) -> None:
        """See `Resident.ask_callback`."""
        self.tries(moves.change_to_callback, contact, number, resident(contact), self.services)

    def say(self, contact: int) -> None:
        """See `Resident.say`."""
        me, client_id = resident(contact), f"r{self.acts}"
        self.tries(chat.send, me, contact, client_id=client_id, text="Kiitos.", services=self.services)

    def reopen(self, contact: int) -> None:
        """See `Resident.reopen`."""
        me, client_id = resident(contact), f"again-{contact}"
        self.tries(outcomes.reopen, contact, client_id=client_id, actor=me, services=self.services)

    # -- professionals

    def hire(self, name: str, shift: Shift) -> int:
        """See `Professional.hire`."""
        account = NewAccount(
            username=name,
            name=name,
            profession=shift.queues[0],
            roles=(Role.AGENT,),
            queues=shift.queues,
            languages=shift.languages,
        )
        staff = self.act(create, account, "!", shift.queues)
        queues = frozenset(shift.queues)
        self._actors[staff] = Actor(kind="staff", id=staff, roles=frozenset({Role.AGENT}), queues=queues)
        return staff

    def start(self, staff: int, shift: Shift) -> None:
        """See `Professional.start`."""
        self.act(
            agents.start_shift,
            staff,
            capacity=shift.capacity,
            languages=shift.languages,
            device="simulated",
            limits=self.services.catalogue.limits,
        )

    def state(self, staff: int, state: str, reason: str) -> None:
        """See `Professional.state`."""
        self.act(agents.set_state, staff, state, reason)

    def end(self, staff: int) -> None:
        """See `Professional.end`."""
        self.act(agents.end_shift, staff)

    def beat(self, staff: int) -> None:
        """See `Professional.beat`."""
        self.act(agents.beat, staff, self.services.catalogue.limits)

    def decline(self, staff: int, place: Place) -> None:
        """See `Professional.decline`."""
        self.tries(queues.decline, place.entry, staff, place.assignment, "other")

    def shown(self, staff: int, place: Place) -> None:
        """See `Professional.shown`."""
        self.tries(queues.offer_shown, place.entry, staff, place.assignment)

    def accept(self, staff: int, place: Place) -> bool:
        """See `Professional.accept`."""
        me, room = self._actors[staff], chat if place.channel in WRITTEN else callbacks
        return self._joins(self.tries(room.accept, me, place.entry, place.assignment, self.services))

    def take(self, staff: int, place: Place) -> bool:
        """See `Professional.take`."""
        me, room = self._actors[staff], chat if place.channel in WRITTEN else callbacks
        return self._joins(self.tries(room.take, me, place.contact, "emergency", self.services))

    def _joins(self, accepted: Any) -> bool:
        """Does what the job `bridge` does: a caller who was taken is joined to her telephone."""
        if accepted is None:
            return False
        entry = accepted.entry
        call = self.act(known.call_of, entry.contact) if entry.channel == "call" else None
        if call is not None:
            key = f"bridge-{call.id}-{entry.assignment}"
            at_once(self.telephony.connect(key, call.provider_id, "simulated"))
        return True

    def reply(self, staff: int, place: Place) -> None:
        """See `Professional.reply`."""
        self.tries(
            chat.send,
            self._actors[staff],
            place.contact,
            client_id=f"s{self.acts}",
            text="Hei, luin viestisi.",
            seen_seq=ALL_READ,
            assignment=place.assignment,
            services=self.services,
        )

    def transfer(self, staff: int, place: Place, queue: str) -> None:
        """See `Professional.transfer`."""
        given: dict[str, Any] = {"assignment": place.assignment, "queue": queue, "services": self.services}
        self.tries(chat.transfer, self._actors[staff], place.contact, **given)

    def assess(self, staff: int, place: Place) -> None:
        """See `Professional.assess`."""
        given: dict[str, Any] = {"assignment": place.assignment, "urgency": Urgency(place.urgency)}
        me, services = self._actors[staff], self.services
        self.tries(assessments.assess, place.contact, me, **given, services=services)

    def dial(self, staff: int, place: Place, visit: Visit) -> bool:
        """See `Professional.dial`."""
        self.telephony.behaviour(visit.number, Behaviour(visit.answers_phone))
        me, number = self._actors[staff], place.assignment
        asked = self.tries(callbacks.dial, me, place.contact, number, self.services)
        order = None if asked is None else self.act(callbacks.dial_order, asked.key)
        if order is None:
            return False
        self._keys[place.contact] = order.key
        at_once(self.telephony.dial(order.key, order.line, order.number, order.agent_device))
        return self.telephony.behaviour_of(order.number) is Behaviour.ANSWERS

    def hang_up_dialled(self, place: Place) -> None:
        """See `Professional.hang_up_dialled`."""
        key = self._keys[place.contact]
        at_once(self.telephony.hangup(f"over-{key}", Talk(dial=key)))

    def was_tried(self, place: Place) -> bool:
        """See `Professional.was_tried`."""
        tried = self.act(callbacks.attempts_of, place.contact)
        return bool(tried) and tried[-1].result in UNREACHED

    def wrap(self, staff: int, place: Place) -> None:
        """See `Professional.wrap`."""
        self.tries(chat.wrap, self._actors[staff], place.contact, place.assignment, self.services)

    def close(self, staff: int, place: Place, code: str, siblings: list[int]) -> None:
        """See `Professional.close`."""
        given: dict[str, Any] = {"code": code, "assignment": place.assignment, "siblings": siblings}
        self.tries(outcomes.close, place.contact, self._actors[staff], **given, services=self.services)

    # -- the line

    def beat_all(self, staff: list[int]) -> None:
        """See `Doors.beat_all`."""
        self.act(agents.beat_all, staff, self.services.catalogue.limits)

    def sweep(self) -> None:
        """See `Doors.sweep`."""
        for sweep in sweeps():
            self.act(sweep, self.services)

    def offer(self) -> None:
        """See `Doors.offer`."""
        self.act(dispatch, self.services.catalogue)

    def due_at(self, contact: int) -> datetime:
        """See `Doors.due_at`."""
        return self.act(queues.entry_of, contact).due_at

    def close_all(self) -> None:
        """See `Doors.close_all`."""
        self.connection.close()
        self.connection.engine.dispose()

    async def _hear(self, event: TelephonyEvent, event_id: str = "") -> Prompts | None:
        return self.act(callbacks.hear, self.telephony.name, event, self.services)


def memory() -> Connection:
    """A connection to a new database in memory with every table; transactions are begun by hand."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    connection = engine.connect()
    raw: Any = connection.connection.driver_connection
    raw.isolation_level = None
    for pragma in ("foreign_keys=ON", "journal_mode=MEMORY", "temp_store=MEMORY"):
        raw.execute(f"PRAGMA {pragma}")
    tables.metadata.create_all(connection)
    connection.commit()
    connection.begin()
    return connection


def at_once(course: Any) -> Any:
    """The result of a coroutine that waits for nothing: the simulated exchange's, called from here."""
    try:
        course.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("the simulated exchange waited for something")


def resident(contact: int) -> Actor:
    """The resident whose contact it is."""
    return Actor(kind="resident", id=contact, roles=frozenset({Role.RESIDENT}))
