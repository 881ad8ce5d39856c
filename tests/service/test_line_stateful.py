"""The line against a plain model of it: every walk of entries and shifts ends where the model says."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from core.db import metadata
from core.errors import Conflict
from core.models import Event, Staff
from core.store import Outcome, Tx, translated
from core.urgency import Urgency
from core.vault import Vault
from queues import agents, service
from queues.dispatch import dispatch, grace, sweep
from queues.errors import (
    AlreadyQueued,
    IllegalTransition,
    MatterInHand,
    NotEligible,
    OfferGone,
    OverCapacity,
    StaleAssignment,
)
from queues.models import Entry, Member, Shift
from tests.builders import MONDAY, TEST_KEY
from tests.faults.checker import (
    Judgement,
    i3_one_order_without_holes,
    i8_one_holder_in_the_record,
    i9_the_end_is_the_end,
    i11_one_arrival_one_contact,
    i14_due_times_are_kept,
    i15_old_numbers_change_nothing,
    i16_only_to_whom_it_may_go,
    i23_events_tell_the_rows,
    judge,
)
from tests.faults.checks.state import Kept, read_members, read_places, read_steps
from tests.faults.sizes import sized
from tests.faults.telling import report, report_invariants
from tests.lines import at_work, small_county
from tests.mutants.line import WRONG

COUNTY = small_county()
VAULT = Vault(TEST_KEY)
QUEUES = ["nurse", "team"]
NURSES = {"one": (["nurse"], 2, "fi"), "two": (["nurse", "team"], 3, "fi sv"), "three": (["nurse"], 1, "fi")}
IN_HAND = {"offered", "held", "wrapping"}
JUDGED = (
    i3_one_order_without_holes,
    i8_one_holder_in_the_record,
    i9_the_end_is_the_end,
    i11_one_arrival_one_contact,
    i14_due_times_are_kept,
    i15_old_numbers_change_nothing,
    i16_only_to_whom_it_may_go,
    i23_events_tell_the_rows,
)
HELD = (*(check.__name__ for check in JUDGED), "i7_", "i10_", "i12_", "i13_")
"""What a walk holds: the judge's, and the rules' own assertions."""
which = st.integers(0, 9)
EXAMPLES = sized(150, 500, 20_000)
FOR_A_MUTANT = 300
RULES = settings(
    max_examples=EXAMPLES,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(slots=True)
class Known:
    """What the model knows of an entry."""

    id: int
    contact: int
    matter: int
    queue: str
    channel: str
    tier: int
    due_at: datetime
    arrived_at: datetime
    queued_at: datetime
    language: str
    state: str = "waiting"
    agent: int | None = None
    assignment: int = 0
    shown: bool = False
    expires_at: datetime | None = None
    resume_until: datetime | None = None
    not_before: datetime | None = None
    idle_since: datetime | None = None
    passed: dict[int, datetime] = field(default_factory=dict)
    over: bool = False

    def release(self, state: str) -> None:
        self.state, self.agent, self.assignment = state, None, self.assignment + 1
        self.expires_at, self.shown, self.idle_since, self.over = None, False, None, False

    @property
    def rank(self) -> tuple[int, datetime, datetime, int]:
        return (self.tier, self.due_at, self.arrived_at, self.id)

    @property
    def promised(self) -> bool:
        return self.channel in {"callback", "message"}


@dataclass(slots=True)
class Nurse:
    """What the model knows of a professional at work."""

    id: int
    queues: list[str]
    capacity: int
    languages: list[str]
    lease: datetime
    state: str = "ready"
    lost_at: datetime | None = None
    missed: int = 0
    at_work: bool = True

    def alive(self, now: datetime) -> bool:
        return self.at_work and self.lost_at is None and self.lease > now

    def ready(self, now: datetime) -> bool:
        return self.alive(now) and self.state == "ready"


def at(instant: datetime) -> str:
    """The instant as SQLite keeps it."""
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")


@contextlib.contextmanager
def memory() -> Iterator[Connection]:
    """A database in memory with the line's tables."""
    engine = create_engine("sqlite://", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    tables = [one.__table__ for one in (Staff, Member, Shift, Entry, Event)]  # type: ignore[attr-defined]
    with engine.connect() as connection:
        metadata.create_all(connection, tables=tables)
        yield connection
    engine.dispose()


class TheLine(RuleBasedStateMachine):
    """Rules are what residents, professionals, the clock and the program do, right and wrong."""

    connection: Connection
    session: Session
    staff: dict[int, tuple[list[str], int, str]]

    def __init__(self) -> None:
        super().__init__()
        self.asked("SAVEPOINT example")
        self.now = MONDAY
        self.entries: dict[int, Known] = {}
        self.ended: list[Known] = []
        self.nurses: dict[int, Nurse] = {}
        self.contacts = 0

    def teardown(self) -> None:
        """Everybody can be served in the end, and the events tell the same story as the rows."""
        try:
            self.judged()
        finally:
            self.asked("ROLLBACK TO example")
            self.asked("RELEASE example")

    # How the program is called.

    def call(
        self, fn: Callable[..., Any], *arguments: Any, refused: type[Conflict] | None = None, **more: Any
    ) -> Any:
        """Runs one operation in a savepoint; it must be refused exactly as expected, or not at all."""
        before = self.rows() if refused else None
        done = self.outcome(fn, *arguments, **more)
        if refused is None:
            if done.error is not None:
                raise done.error
            return done.value
        assert type(done.error) is refused, f"{done.error!r} instead of {refused.__name__}"
        assert self.rows() == before, "a refused act changed something"
        return None

    def outcome(self, fn: Callable[..., Any], *arguments: Any, **more: Any) -> Outcome:
        """What the writer would answer; its savepoints are given to the driver, for speed."""
        self.asked("SAVEPOINT operation")
        try:
            return Outcome(value=fn(Tx(session=self.session, now=self.now, vault=VAULT), *arguments, **more))
        except Exception as error:  # noqa: BLE001
            self.asked("ROLLBACK TO operation")
            return Outcome(error=translated(error))
        finally:
            self.asked("RELEASE operation")
            self.session.expunge_all()

    def rows(self) -> list[Any]:
        """The entries as the file has them; asked so often that the driver is asked."""
        return self.asked("SELECT * FROM entry ORDER BY id")

    def asked(self, query: str) -> list[Any]:
        return list(self.connection.connection.driver_connection.execute(query))  # type: ignore[union-attr]

    def pick(self, number: int) -> Known:
        everyone = [*self.entries.values()]
        return everyone[number % len(everyone)]

    def nurse(self, number: int) -> Nurse:
        return [*self.nurses.values()][number % len(self.nurses)]

    # What the model can tell.

    def load(self, nurse: int, *, wrapping: bool = False) -> int:
        return sum(self.weight(one) for one in self.entries.values() if self.counts(one, nurse, wrapping))

    def counts(self, one: Known, nurse: int, wrapping: bool) -> bool:
        if one.agent != nurse:
            return False
        wraps = (
            wrapping and one.state == "wrapping" and one.expires_at is not None and one.expires_at > self.now
        )
        return one.state in {"offered", "held"} or wraps

    def weight(self, one: Known) -> int:
        if one.channel == "callback":
            return 1000
        idle = (
            one.channel == "chat" and one.idle_since and one.idle_since <= self.now - timedelta(seconds=300)
        )
        return 0 if idle else 1

    def chats(self, nurse: int) -> int:
        return sum(one.channel == "chat" and self.counts(one, nurse, False) for one in self.entries.values())

    def room(self, one: Known, nurse: Nurse, *, wrapping: bool = False) -> bool:
        load = self.load(nurse.id, wrapping=wrapping)
        if one.channel == "callback":
            return load == 0
        return load + 1 <= nurse.capacity and (one.channel != "chat" or self.chats(nurse.id) < 6)

    def matter_free(self, one: Known) -> bool:
        return not any(
            other.matter == one.matter and other.state in IN_HAND for other in self.entries.values()
        )

    def eligible(self, one: Known, nurse: Nurse) -> bool:
        """The design's eligibility, said once more and plainly."""
        if not (nurse.ready(self.now) and one.queue in nurse.queues and self.room(one, nurse, wrapping=True)):
            return False
        if one.passed.get(nurse.id, self.now) > self.now:
            return False
        speakers = [
            other
            for other in self.nurses.values()
            if other.ready(self.now) and one.queue in other.queues and one.language in other.languages
        ]
        waits = bool(speakers) and self.now < one.queued_at + timedelta(seconds=60)
        return not waits or one.language in nurse.languages

    # Residents.

    @initialize(
        first=st.lists(
            st.tuples(st.sampled_from(["chat", "chat", "callback"]), st.integers(0, 900)), max_size=9
        )
    )
    def start(self, first: list[tuple[str, int]]) -> None:
        lease = self.now + timedelta(seconds=15)
        for staff, (queues, capacity, languages) in self.staff.items():
            self.nurses[staff] = Nurse(staff, queues, capacity, languages.split(), lease)
        for channel, due in first:
            self.arrived("nurse", channel, 2, due, "fi", False, None)
        self.dispatched()

    @precondition(lambda self: self.contacts < 15)
    @rule(
        queue=st.sampled_from(["nurse", "nurse", "nurse", "team"]),
        channel=st.sampled_from(["chat", "chat", "chat", "callback", "message"]),
        tier=st.sampled_from([2, 2, 2, 1, 0]),
        due=st.integers(0, 900),
        language=st.sampled_from(["fi", "fi", "sv"]),
        sibling=st.booleans(),
        later=st.sampled_from([None, None, None, 100]),
    )
    def arrive(
        self, queue: str, channel: str, tier: int, due: int, language: str, sibling: bool, later: int | None
    ) -> None:
        self.arrived(queue, channel, tier, due, language, sibling, later)

    def arrived(
        self, queue: str, channel: str, tier: int, due: int, language: str, sibling: bool, later: int | None
    ) -> None:
        self.contacts += 1
        contact = self.contacts
        matter = contact - 1 if sibling and contact > 1 else contact
        due_at = self.now + timedelta(seconds=due)
        not_before = None if later is None else self.now + timedelta(seconds=later)
        made = self.call(
            service.enqueue,
            contact=contact,
            matter=matter,
            queue=queue,
            channel=channel,
            urgency=Urgency.SAME_DAY,
            tier=tier,
            due_at=due_at,
            arrived_at=self.now,
            language=language,
            weight=1,
            not_before=not_before,
            actor=f"resident:{contact}",
        )
        known = Known(made.id, contact, matter, queue, channel, tier, due_at, self.now, self.now, language)
        if not_before is not None:
            known.release("scheduled")
            known.not_before = not_before
        self.entries[contact] = known

    @precondition(lambda self: self.entries)
    @rule(number=which)
    def arrive_twice(self, number: int) -> None:
        known = self.pick(number)
        self.call(
            service.enqueue,
            contact=known.contact,
            matter=known.matter,
            queue="nurse",
            channel="chat",
            urgency=Urgency.ED,
            tier=1,
            due_at=self.now,
            arrived_at=self.now,
            language="fi",
            weight=1,
            actor=f"resident:{known.contact}",
            refused=AlreadyQueued,
        )

    @precondition(lambda self: self.entries)
    @rule(number=which, seconds=st.sampled_from([60, 600]))
    def leave(self, number: int, seconds: int) -> None:
        known = self.pick(number)
        until = self.now + timedelta(seconds=seconds)
        refused = IllegalTransition if known.state in {"held", "wrapping"} else None
        actor = f"resident:{known.contact}"
        self.call(service.leave, known.contact, resume_until=until, actor=actor, refused=refused)
        if refused is None and known.state != "left":
            known.release("left")
            known.resume_until = until

    @precondition(lambda self: self.entries)
    @rule(number=which)
    def resume(self, number: int) -> None:
        known = self.pick(number)
        too_late = known.state == "left" and known.resume_until is not None and known.resume_until <= self.now
        self.call(
            service.resume, known.contact, "resident:1", refused=IllegalTransition if too_late else None
        )
        if known.state == "left" and not too_late:
            self.back(known)

    def back(self, known: Known) -> None:
        known.state, known.resume_until = "waiting", None
        if known.not_before is not None and known.not_before > self.now:
            known.release("scheduled")

    @precondition(lambda self: self.entries)
    @rule(number=which)
    def end_elsewhere(self, number: int) -> None:
        known = self.pick(number)
        refused = IllegalTransition if known.state in {"held", "wrapping"} else None
        self.call(service.end_elsewhere, known.contact, "resident:1", refused=refused)
        if refused is None:
            self.end(known)

    def end(self, known: Known) -> None:
        if known.state == "offered":
            known.release("waiting")
        known.state, known.agent = "done", None
        self.ended.append(known)
        del self.entries[known.contact]

    # Professionals.

    @rule(
        number=which, who=which, stale=st.sampled_from([0, 0, 0, 1]), own=st.sampled_from([True, True, False])
    )
    @precondition(lambda self: self.entries)
    def accept(self, number: int, who: int, stale: int, own: bool) -> None:
        known = self.offered_first(number)
        agent = known.agent if own and known.agent else self.nurse(who).id
        assignment = known.assignment - stale
        hers = (known.agent, known.assignment) == (agent, assignment)
        again = hers and known.state == "held"
        in_time = known.state == "offered" and known.expires_at is not None and known.expires_at > self.now
        good = again or (hers and in_time)
        self.call(service.hold, known.id, agent, assignment, refused=None if good else OfferGone)
        if good:
            self.renewed(agent)
        if good and not again:
            known.state, known.expires_at = "held", None
            self.nurses[agent].missed = 0

    def offered_first(self, number: int) -> Known:
        offers = [one for one in self.entries.values() if one.state == "offered"]
        return offers[number % len(offers)] if offers else self.pick(number)

    def renewed(self, agent: int) -> None:
        nurse = self.nurses[agent]
        if nurse.at_work and nurse.lost_at is None:
            nurse.lease = max(nurse.lease, self.now + timedelta(seconds=15))

    @precondition(lambda self: self.entries)
    @rule(number=which, stale=st.sampled_from([0, 0, 1]))
    def decline(self, number: int, stale: int) -> None:
        known = self.offered_first(number)
        agent = known.agent or self.nurse(number).id
        good = known.state == "offered" and not stale
        refused = None if good else OfferGone
        self.call(service.decline, known.id, agent, known.assignment - stale, "language", refused=refused)
        if good:
            known.release("waiting")
            known.passed[agent] = self.now + timedelta(seconds=60)
            self.nurses[agent].missed = 0

    @precondition(lambda self: self.entries)
    @rule(number=which)
    def show(self, number: int) -> None:
        known = self.offered_first(number)
        shown = self.call(service.offer_shown, known.id, known.agent or 0, known.assignment)
        assert shown == (known.state == "offered")
        known.shown = known.shown or shown

    @precondition(lambda self: self.entries)
    @rule(number=which, who=which)
    def take(self, number: int, who: int) -> None:
        known, nurse = self.pick(number), self.nurse(who)
        refused = self.take_refused(known, nurse)
        self.call(service.take, known.id, nurse.id, reason="asked", refused=refused)
        if refused is None:
            self.renewed(nurse.id)
            if known.state == "waiting":
                known.assignment += 1
                known.over = not self.room(known, nurse)
            if known.state == "offered":
                nurse.missed = 0
            known.state, known.agent, known.expires_at = "held", nurse.id, None

    def take_refused(self, known: Known, nurse: Nurse) -> type[Conflict] | None:
        if known.state in IN_HAND:
            late = known.state == "offered" and known.expires_at is not None and known.expires_at <= self.now
            return OfferGone if known.agent != nurse.id or known.state == "wrapping" or late else None
        if known.state != "waiting":
            return IllegalTransition
        allowed = nurse.alive(self.now) if known.tier == 0 else nurse.ready(self.now)
        if not allowed or known.queue not in nurse.queues:
            return NotEligible
        if not self.matter_free(known):
            return MatterInHand
        return OverCapacity if known.tier and not self.room(known, nurse) else None

    def held_act(self, number: int, stale: int, legal: set[str]) -> tuple[Known, type[Conflict] | None]:
        mine = [one for one in self.entries.values() if one.state in legal]
        known = mine[number % len(mine)] if mine else self.pick(number)
        if stale or known.agent is None:
            return known, StaleAssignment
        return known, None if known.state in legal else IllegalTransition

    @precondition(lambda self: self.entries)
    @rule(number=which, stale=st.sampled_from([0, 0, 0, 1]))
    def wrap(self, number: int, stale: int) -> None:
        known, refused = self.held_act(number, stale, {"held", "wrapping"})
        until = self.now + timedelta(seconds=60)
        arguments = (known.id, known.agent or 0, known.assignment - stale, until)
        self.call(service.wrap, *arguments, refused=refused)
        if refused is None and known.state == "held":
            known.state, known.expires_at, known.idle_since = "wrapping", until, None

    @precondition(lambda self: self.entries)
    @rule(number=which, stale=st.sampled_from([0, 0, 0, 1]))
    def unwrap(self, number: int, stale: int) -> None:
        known, refused = self.held_act(number, stale, {"wrapping", "held"})
        self.call(service.unwrap, known.id, known.agent or 0, known.assignment - stale, refused=refused)
        if refused is None and known.state == "wrapping":
            known.state, known.expires_at, known.over = "held", None, True

    @precondition(lambda self: self.entries)
    @rule(number=which, stale=st.sampled_from([0, 0, 0, 1]))
    def finish(self, number: int, stale: int) -> None:
        known, refused = self.held_act(number, stale, {"wrapping", "held"})
        self.call(service.finish, known.id, known.agent or 0, known.assignment - stale, refused=refused)
        if refused is None:
            self.end(known)

    @precondition(lambda self: self.entries)
    @rule(number=which, stale=st.sampled_from([0, 0, 0, 1]), seconds=st.integers(1, 300))
    def schedule(self, number: int, stale: int, seconds: int) -> None:
        known, refused = self.held_act(number, stale, {"held"})
        later = self.now + timedelta(seconds=seconds)
        arguments = (known.id, known.agent or 0, known.assignment - stale, later, "not_reached")
        self.call(service.schedule, *arguments, refused=refused)
        if refused is None:
            known.release("scheduled")
            known.not_before = later

    @precondition(lambda self: self.entries)
    @rule(number=which, stale=st.sampled_from([0, 0, 0, 1]), queue=st.sampled_from(QUEUES))
    def transfer(self, number: int, stale: int, queue: str) -> None:
        known, refused = self.held_act(number, stale, {"held"})
        due_at = self.now + timedelta(seconds=100)
        arguments = (known.id, known.agent or 0, known.assignment - stale)
        level = {"queue": queue, "due_at": due_at, "urgency": Urgency.SAME_DAY, "tier": 2}
        self.call(service.transfer, *arguments, refused=refused, **level)
        if refused is None:
            known.release("waiting")
            known.queue, known.due_at, known.tier, known.queued_at = queue, due_at, 2, self.now
            known.passed = {}

    @precondition(lambda self: self.entries)
    @rule(number=which)
    def to_callback(self, number: int) -> None:
        known = self.pick(number)
        refused = IllegalTransition if known.state in {"held", "wrapping"} else None
        self.call(
            service.change_channel, known.contact, channel="callback", actor="resident:1", refused=refused
        )
        if refused is not None:
            return
        if known.state == "offered":
            known.release("waiting")
        if known.state == "left":
            self.back(known)
        known.channel = "callback"
        known.not_before = self.now if known.state == "scheduled" else None

    @rule(who=which, state=st.sampled_from(["ready", "ready", "paused"]))
    def pause(self, who: int, state: str) -> None:
        nurse = self.nurse(who)
        if nurse.at_work:
            self.call(agents.set_state, nurse.id, state, "")
            self.nurse_became(nurse, state)

    def nurse_became(self, nurse: Nurse, state: str) -> None:
        if state == "ready":
            nurse.missed = 0
        else:
            for one in self.entries.values():
                if one.agent == nurse.id and one.state == "offered":
                    one.release("waiting")
        nurse.state = state

    @precondition(lambda self: self.entries)
    @rule(number=which, silent=st.sampled_from([None, 0, 300]))
    def fall_silent(self, number: int, silent: int | None) -> None:
        known = self.pick(number)
        since = None if silent is None else self.now - timedelta(seconds=silent)
        marked = self.call(agents.mark_idle, known.contact, since)
        assert marked == (known.state == "held" and known.channel == "chat")
        if marked:
            known.over = known.over or bool(known.idle_since)
            known.idle_since = since

    # The clock and the program.

    @rule(seconds=st.sampled_from([1, 5, 14, 16, 31, 46, 61, 601]), alive=st.sampled_from([7, 7, 7, 6, 0]))
    def wait(self, seconds: int, alive: int) -> None:
        """Time passes; consoles that are alive show it."""
        self.passed(seconds, alive)

    def passed(self, seconds: int, alive: int) -> None:
        self.now += timedelta(seconds=seconds)
        for place, nurse in enumerate(self.nurses.values()):
            if alive >> place & 1 and nurse.at_work:
                self.call(agents.beat, nurse.id)
                nurse.lease, nurse.lost_at = self.now + timedelta(seconds=15), None

    @rule(seconds=st.sampled_from([1, 5, 10]))
    def go_on(self, seconds: int) -> None:
        """What the program does every second, with every console alive."""
        self.passed(seconds, 7)
        self.swept()
        self.dispatched()

    @rule()
    def sweep(self) -> None:
        self.swept()
        assert self.call(sweep, COUNTY) == 0

    def swept(self) -> None:
        self.call(sweep, COUNTY)
        self.model_sweep()
        self.no_deadline_is_over()

    def model_sweep(self) -> None:
        for one in sorted(self.entries.values(), key=lambda one: (one.expires_at or self.now, one.id)):
            if one.state == "offered" and one.expires_at is not None and one.expires_at <= self.now:
                self.model_expire(one)
        for nurse in self.nurses.values():
            if nurse.at_work and nurse.lost_at is None and nurse.lease <= self.now:
                nurse.lost_at = self.now
        for one in [*self.entries.values()]:
            self.model_lost(one)
            self.model_deadline(one)

    def model_expire(self, one: Known) -> None:
        nurse, shown = self.nurses[one.agent or 0], one.shown
        one.release("waiting")
        one.passed[nurse.id] = self.now
        if shown:
            nurse.missed += 1
            if nurse.missed >= 2 and nurse.state == "ready":
                self.nurse_became(nurse, "not_answering")

    def model_lost(self, one: Known) -> None:
        nurse = self.nurses.get(one.agent or 0)
        if nurse is None or nurse.lost_at is None:
            return
        gone = nurse.lease <= self.now - timedelta(seconds=45)
        if one.state == "wrapping" and (gone or one.tier == 0):
            one.expires_at = None
        elif one.state == "offered" or (one.state == "held" and (gone or one.tier == 0)):
            one.release("waiting")

    def model_deadline(self, one: Known) -> None:
        if one.state == "wrapping" and one.expires_at is not None and one.expires_at <= self.now:
            one.expires_at = None
        elif one.state == "scheduled" and one.not_before is not None and one.not_before <= self.now:
            one.state, one.queued_at = "waiting", self.now
        elif one.state == "left" and one.resume_until is not None and one.resume_until <= self.now:
            # Time ends no call that is to come: the Chancellor's rule.
            self.back(one) if one.channel == "callback" else self.end(one)

    def no_deadline_is_over(self) -> None:
        """I12: whatever state an entry is in, its deadline is ahead; waiting ones wait for people only."""
        for one in self.entries.values():
            deadline = {"offered": one.expires_at, "left": one.resume_until, "scheduled": one.not_before}
            if one.state in deadline:
                until = deadline[one.state]
                assert until is not None and until > self.now

    @rule()
    def restart(self) -> None:
        self.call(grace, 15)
        until = self.now + timedelta(seconds=15)
        for nurse in self.nurses.values():
            if nurse.at_work and nurse.lost_at is None:
                nurse.lease = max(nurse.lease, until)
        for one in self.entries.values():
            if one.state in {"offered", "wrapping"} and one.expires_at is not None:
                one.expires_at = max(one.expires_at, until)
            if one.state == "left" and one.resume_until is not None:
                one.resume_until = max(one.resume_until, until)

    @rule()
    def dispatch(self) -> None:
        self.dispatched()
        assert self.call(dispatch, COUNTY) == []

    def dispatched(self) -> None:
        offers = self.call(dispatch, COUNTY)
        for offer in offers:
            self.model_offer(offer)
        self.nobody_was_overtaken({offer.contact for offer in offers})
        self.work_is_conserved()

    def model_offer(self, offer: Any) -> None:
        """I16: only to one who may have it at this moment."""
        known, nurse = self.entries[offer.contact], self.nurses[offer.agent]
        assert known.state == "waiting" and known.tier > 0 and known.queue != "team"
        assert self.matter_free(known)
        assert self.eligible(known, nurse)
        known.state, known.agent, known.assignment = "offered", nurse.id, known.assignment + 1
        known.expires_at, known.shown = self.now + timedelta(seconds=30), False

    def nobody_was_overtaken(self, offered: set[int]) -> None:
        """I14: of those with the same needs the first in rank goes first."""
        for later in (self.entries[contact] for contact in offered):
            for one in self.entries.values():
                alike = (one.queue, one.channel, one.language) == (later.queue, later.channel, later.language)
                if one.state == "waiting" and one.tier and alike and one.rank < later.rank:
                    assert one.passed or not self.matter_free(one), "overtaken"

    def work_is_conserved(self) -> None:
        """I13: no eligible pair is left, promised work aside: it binds agents who then take no chats."""
        left = [
            one
            for one in self.entries.values()
            if one.state == "waiting" and one.tier and one.queue != "team" and self.matter_free(one)
        ]
        if not any(one.promised for one in left):
            assert [one.id for one in left if any(self.eligible(one, n) for n in self.nurses.values())] == []

    # What must always hold.

    @invariant()
    def rows_are_what_the_model_says(self) -> None:
        """I7, I9, I11, I14: every contact in one state, the ended stay ended, due and arrival kept."""
        told = self.asked(
            "SELECT id, state, agent_id, assignment, queue, channel, due_at, arrived_at FROM entry ORDER BY 1"
        )
        known = sorted([*self.entries.values(), *self.ended], key=lambda one: one.id)
        assert told == [
            (
                *(one.id, one.state, one.agent, one.assignment, one.queue, one.channel),
                at(one.due_at),
                at(one.arrived_at),
            )
            for one in known
        ]

    @invariant()
    def shifts_are_what_the_model_says(self) -> None:
        told = self.asked(
            "SELECT staff_id, state, lost_at, missed_count, lease_until FROM shift"
            " WHERE ended_at IS NULL ORDER BY staff_id"
        )
        for nurse in self.nurses.values():
            if nurse.lost_at is not None and nurse.id not in {row[0] for row in told}:
                nurse.at_work = self.now - nurse.lost_at < timedelta(minutes=15)
        assert told == [
            (nurse.id, nurse.state, nurse.lost_at and at(nurse.lost_at), nurse.missed, at(nurse.lease))
            for nurse in self.nurses.values()
            if nurse.at_work
        ]

    @invariant()
    def nobody_holds_too_much(self) -> None:
        """I8, I10: one pair of hands for a matter; over capacity only by emergencies and returns."""
        matters = [one.matter for one in self.entries.values() if one.state in IN_HAND]
        assert len(matters) == len(set(matters))
        for nurse in self.nurses.values():
            mine = [one for one in self.entries.values() if self.counts(one, nurse.id, False)]
            if not any(one.over or one.tier == 0 for one in mine):
                calls = [one for one in mine if one.channel == "callback"]
                others = [one for one in mine if self.weight(one) and one.channel != "callback"]
                assert len(calls) <= 1 and not (calls and others)
                assert calls or len(others) <= nurse.capacity

    def judged(self) -> None:
        """The judge of the fault tests finds nothing in what is left of the walk."""
        tx = Tx(session=self.session, now=self.now, vault=VAULT)
        state = Kept(steps=read_steps(tx), places=read_places(tx), members=read_members(tx))
        self.session.expunge_all()
        assert judge(state, (), JUDGED).all == []


def start_work(tx: Tx, name: str, queues: list[str], capacity: int, languages: str) -> int:
    return at_work(tx, name, queues=" ".join(queues), capacity=capacity, languages=languages)


def walk(rules: settings) -> None:
    """Walks the line beside its model; raises at the first difference."""
    with memory() as connection:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            tx = Tx(session=session, now=MONDAY, vault=VAULT)
            staff = {start_work(tx, name, *how): how for name, how in NURSES.items()}
            session.commit()
        with Session(connection) as session:
            session.connection()
            given = {"connection": connection, "session": session, "staff": staff}
            run_state_machine_as_test(type("Line", (TheLine,), given), settings=rules)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_the_line_is_what_its_model_says() -> None:
    walk(RULES)
    report("T1", "in memory", f"{EXAMPLES} walks of 50 steps: 0 differences")
    report_invariants("T1", Judgement(checked=HELD))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
@pytest.mark.parametrize("mutant", WRONG)
def test_walks_find_a_line_that_is_wrong(mutant: str) -> None:
    plain = settings(
        RULES, max_examples=FOR_A_MUTANT, derandomize=True, phases=[Phase.generate], database=None
    )
    with WRONG[mutant](), pytest.raises(Exception) as found:  # noqa: PT011 - however it shows
        walk(plain)
    assert not isinstance(found.value, Unsatisfiable)
