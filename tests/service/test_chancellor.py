"""The Chancellor's rule: nothing ends an open callback but a person (OKV/1597/10/2020).

Not an operation, a page, a job, a loop, a setting or time: a professional's outcome or the resident's own
cancelling. Shown in two ways: by the code that can end an entry, and by walks that try everything there is.
"""

import ast
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from callbacks import service as callbacks
from callbacks.results import Result
from callbacks.telephony.port import CallerGone, DialAnswered, DialEnded, DialFailed, DialStarted
from chat import service as chat
from core import jobs
from core.checks import Finding
from core.clock import FixedClock
from core.county import CallBack, Limits
from core.errors import EnsilinjaError
from core.events import read_events
from core.identity import SYSTEM, Actor, Role
from core.rights import POLICIES, Subject, Verdict
from core.store import Tx
from ensilinja import loops, work
from ensilinja.notify import hearing
from ensilinja.ops import OPS, perform, read_body
from ensilinja.pages import following
from ensilinja.runtime import Runtime
from queues import agents, dispatch
from queues import service as queues
from queues.checks import in_line
from queues.machine import TABLE, Event, State
from router import calling, moves
from router.checks import forsaken, unpersoned
from router.models import OUTCOME, PROMISE, Outcome
from router.outcomes import WITHDRAWN
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.mutants import forgotten_callbacks as mutants
from tests.rooms import PHONE, PROVIDER, SERVICES, a_callback, a_chat, a_nurse, keys, rings

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ensilinja", "chat", "callbacks", "router", "queues", "triage", "core")
STEPS, SEEDS = 60, 3


# By the code


@cache
def sources() -> dict[str, str]:
    """Every file of the program, but for migrations and the simulation's own memory."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    kept = [path for path in paths if not {"migrations", "simulation"} & set(path.parts)]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in kept}


def where(word: str) -> set[str]:
    """The functions in which the word, a dotted name or a plain call, is used."""
    owner, _, name = word.rpartition(".")
    found = set()
    for file, text in sources().items():
        for function in ast.walk(ast.parse(text)) if name in text and owner in text else ():
            is_function = isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and any(is_use(node, owner, name) for node in ast.walk(function)):
                found.add(f"{file}:{function.name}")  # type: ignore[attr-defined]
    return found


def is_use(node: ast.AST, owner: str, name: str) -> bool:
    if not owner:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    is_named = isinstance(node, ast.Attribute) and node.attr == name
    return is_named and isinstance(node.value, ast.Name) and node.value.id == owner


def test_three_events_end_an_entry_and_each_is_used_in_one_place() -> None:
    ending = {event for (_, event), state in TABLE.items() if state is State.DONE}

    assert ending == {Event.FINISH, Event.END, Event.LAPSE}
    assert where("Event.FINISH") == {"queues/service.py:finish"}
    assert where("Event.END") == {"queues/service.py:end_elsewhere"}
    assert where("Event.LAPSE") == {"queues/sweep.py:lapse"}


def test_an_entry_is_ended_by_an_outcome_or_the_resident_s_cancelling_only() -> None:
    assert where("queues.finish") == {"router/outcomes.py:close"}
    assert where("queues.end_elsewhere") == {
        "router/moves.py:cancel",
        "router/outcomes.py:_end_sibling",
    }
    assert where("finish") | where("end_elsewhere") == set()
    assert where("_end_sibling") == {"router/outcomes.py:close"}


def test_no_row_of_a_contact_is_ever_deleted() -> None:
    kept = {"core/inbox.py:forget", "queues/agents.py:set_queues"}  # other systems' messages; who serves what

    imported = re.compile(r"^from sqlalchemy import .*\bdelete\b", re.MULTILINE)
    of_rows = {file for file, text in sources().items() if imported.search(text)}
    assert {place for place in where("delete") if place.partition(":")[0] in of_rows} == kept
    assert where("session.delete") == set()


# By walking


def held_to(tx: Tx, ever: set[int]) -> list[int]:
    """The contacts that were promised a call and have ended without a person, by rows and events alone."""
    ever |= set(tx.all(select(PROMISE.contact_id).where(PROMISE.kind == "callback")))
    faults = []
    for contact in sorted(ever):
        if queues.entry_of(tx, contact).ended_at is None:
            continue
        by = [
            (row.code, row.by_staff) for row in tx.all(select(Outcome).where(OUTCOME.contact_id == contact))
        ]
        done = [event.actor for event in read_events(tx, contact=contact) if event.type == "entry.done"]
        is_closed = any(staff is not None for _, staff in by) and all(a.startswith("staff:") for a in done)
        is_her_own = (WITHDRAWN, None) in by and done == [f"resident:{contact}"]
        if not (is_closed or is_her_own):
            faults.append(contact)
    return faults


class Walk:
    """One service whose day is turned upside down; only a professional's `close` is left out."""

    def __init__(self, runtime: Runtime, clock: FixedClock, seed: int, *, cancels: bool = False) -> None:
        self.runtime, self.clock, self.rng, self.cancels = runtime, clock, random.Random(seed), cancels
        self.seed, self.ever, self.calls = seed, set[int](), 0
        self.staff: list[Actor] = []
        self.done: list[str] = []

    async def begin(self) -> None:
        """Callbacks that came in every way, and staff of every role."""

        def people(tx: Tx) -> None:
            self.staff = [a_nurse(tx, f"nurse{self.seed}{n}") for n in range(2)]
            lead = replace(self.staff[0], roles=frozenset(Role) - {Role.RESIDENT})
            self.staff += [replace(lead, queues=frozenset({"nurse", "physio", "dental"}))]
            a_callback(tx, "first")
            a_callback(tx, "late", "+358401234568", line="elderly")
            chatting = a_chat(tx, "chat", phone="+358401234569").contact
            moves.change_to_callback(tx, chatting, None, Actor(kind="resident", id=chatting), SERVICES)
            for call, pressed in (("c1", "11"), ("c2", "-"), ("c3", "-11")):
                callbacks.hear(tx, PROVIDER, rings(tx, f"+35840123457{call[1]}", call), SERVICES)
                for key in keys(tx, pressed, call):
                    callbacks.hear(tx, PROVIDER, key, SERVICES)

        await self.runtime.store.write(people)

    async def go(self, steps: int) -> list[int]:
        """So many acts; the contacts that ended without a person."""
        await self.begin()
        acts = [
            self.operation,
            self.operation,
            self.operation,
            self.change,
            self.exchange,
            self.rung_in_vain,
            self.time,
            self.turn,
        ]
        for _ in range(steps):
            await self.rng.choice(acts)()
            faults = await self.runtime.store.read(held_to, self.ever)
            if faults:
                return faults
        await self.let_time_pass(timedelta(days=60), 12)
        return await self.runtime.store.read(held_to, self.ever)

    async def operation(self) -> None:
        """Any operation of the socket, by anybody, with any body."""
        (audience, name), op = self.rng.choice(sorted(OPS.items(), key=lambda item: item[0]))
        if name == "contact.close":
            return

        def one(tx: Tx) -> None:
            contact = self.rng.choice(sorted(self.ever) or [1])
            actor = Actor(kind="resident", id=contact, roles=frozenset({Role.RESIDENT}))
            if audience == "staff":
                actor = self.rng.choice(self.staff)
            perform(tx, op, actor, read_body(op, self.body(tx, op.body, contact)), SERVICES)

        await self.tried(name, one)

    def body(self, tx: Tx, shape: Any, contact: int) -> dict[str, Any]:
        given: dict[str, list[Any]] = {
            "contact": [contact],
            "assignment": [queues.entry_of(tx, contact).assignment],
            "attempt": [1, 2, 3],
            "result": [each.value for each in Result][:6],
            "client_id": [f"{self.rng.getrandbits(64):016x}"],
            "text": ["Hei"],
            "note": [""],
            "queue": ["physio", "dental", "nurse"],
            "reason": ["busy", "by_hand"],
            "state": ["ready", "paused"],
            "capacity": [3],
            "languages": [["fi"]],
            "device": ["browser"],
            "seen_seq": [99],
            "seq": [1],
            "urgency": ["EMERGENCY", "SAME_DAY", "SELF_CARE"],
            "words": [""],
            "sure": [True],
            "again": [False],
            "topic": ["sore_throat"],
            "answers": [{"who": "self"}],
            "others_no": [True],
            "why": ["none"],
            "code": ["RESOLVED_ADVICE"],
            "siblings": [[]],
        }
        return {name: self.rng.choice(given[name]) for name in shape.model_fields}

    async def change(self) -> None:
        """What the resident may do on her page, in her waiting room and by telephone."""

        def one(tx: Tx) -> None:
            contact = self.rng.choice(sorted(self.ever) or [1])
            entry, hers = queues.entry_of(tx, contact), following.resident(contact)
            times = [window.start for window in calling.times(tx, entry, SERVICES)]
            acts: list[Callable[[], object]] = [
                lambda: calling.change_time(tx, contact, self.rng.choice([None, *times]), hers, SERVICES),
                lambda: calling.change_number(
                    tx, contact, f"+35840555{self.rng.randrange(10_000):04}", hers, SERVICES
                ),
                lambda: calling.change_to_chat(tx, contact, hers, SERVICES),
                lambda: moves.change_to_callback(tx, contact, None, hers, SERVICES),
                lambda: chat.leave(tx, hers, contact, SERVICES),
                lambda: chat.connected(tx, contact),
                lambda: chat.disconnected(tx, contact, tx.now + timedelta(minutes=10)),
                lambda: hearing.hear(
                    tx, hearing.Reply(id=f"{tx.now}", number=PHONE, text="Ei kiitos"), SERVICES
                ),
            ]
            if self.cancels:
                acts.append(lambda: moves.cancel(tx, contact, hers, SERVICES))
            self.rng.choice(acts)()

        await self.tried("change", one)

    async def exchange(self) -> None:
        """Any news of the exchange, true or not."""

        def one(tx: Tx) -> None:
            made = [a.key for contact in self.ever for a in callbacks.attempts_of(tx, contact)] or ["1-1"]
            key, call = self.rng.choice(made), self.rng.choice(["c1", "c2", "c3", "c9"])
            self.calls += 1
            result = self.rng.choice([Result.NO_ANSWER, Result.BUSY, Result.VOICEMAIL, Result.FAILED])
            news = [
                DialStarted(key=key, at=tx.now),
                DialAnswered(key=key, at=tx.now),
                DialFailed(key=key, result=result, at=tx.now),
                DialFailed(key=key, result=result, at=tx.now),
                DialEnded(key=key, at=tx.now),
                CallerGone(call=call, at=tx.now),
                rings(tx, PHONE, f"again{self.calls}"),
                *keys(tx, "11", f"again{self.calls - 1}"),
            ]
            callbacks.hear(tx, PROVIDER, self.rng.choice(news), SERVICES)

        await self.tried("exchange", one)

    async def rung_in_vain(self) -> None:
        """A nurse takes what she is offered, rings, and nobody answers."""
        nurse = self.staff[0]

        def one(tx: Tx) -> None:
            agents.beat(tx, nurse.id, SERVICES.catalogue.limits)
            agents.set_state(tx, nurse.id, "ready", "none")
            dispatch.dispatch(tx, SERVICES.catalogue)
            for entry in queues.own(tx, nurse.id):
                if entry.state == "offered" and entry.channel == "callback":
                    callbacks.accept(tx, nurse, entry.id, entry.assignment, SERVICES)
            for entry in queues.own(tx, nurse.id):
                if entry.state == "held" and entry.channel == "callback":
                    made = callbacks.dial(tx, nurse, entry.contact, entry.assignment, SERVICES)
                    news = DialFailed(key=made.key, result=Result.NO_ANSWER, at=tx.now)
                    callbacks.hear(tx, PROVIDER, news, SERVICES)

        await self.tried("rung in vain", one)

    async def time(self) -> None:
        """Seconds or days go by, and the night with them."""
        await self.let_time_pass(timedelta(seconds=self.rng.choice([1, 16, 61, 700, 3_000, 40_000])), 2)

    async def let_time_pass(self, length: timedelta, turns: int) -> None:
        for _ in range(turns):
            self.clock.advance(length / turns)
            await self.turn()

    async def turn(self) -> None:
        """Everything that the program does by itself: the line's turn, lost jobs, due jobs, the figures."""
        store = self.runtime.store
        await loops.sweep_all(store, SERVICES)
        await store.write_next(dispatch.dispatch, SERVICES.catalogue)
        for lost in await store.write(jobs.rescue):
            await work.became_unknown(self.runtime, lost)
        for job, _ in await store.read(jobs.due):
            await work.run_job(self.runtime, job)
        await store.write(dispatch.grace, 15.0)

    async def tried(self, name: str, one: Callable[[Tx], None]) -> None:
        try:
            await self.runtime.store.write(one)
            self.done.append(name)
        except (EnsilinjaError, LookupError):
            pass


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    async with a_stored_demo(tmp_path, clock=FixedClock(MONDAY)) as made:
        made.services = SERVICES
        yield made


def walk(runtime: Runtime, seed: int, **more: bool) -> Walk:
    assert isinstance(runtime.clock, FixedClock)
    return Walk(runtime, runtime.clock, seed, **more)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_nothing_but_a_person_ends_a_callback(runtime: Runtime, seed: int) -> None:
    walked = walk(runtime, seed, cancels=seed % 2 == 1)

    assert await walked.go(STEPS) == []
    assert len(walked.done) > STEPS / 4
    assert len(walked.ever) >= 5
    assert await runtime.store.read(lambda tx: list(unpersoned(tx, walked.ever))) == []


@pytest.mark.parametrize("extreme", [1, 1_000_000])
async def test_no_setting_ends_a_callback(
    runtime: Runtime, extreme: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = {"quiet_from_hour": 1, "quiet_until_hour": 24}
    given = {each.name: extreme for each in fields(Limits)} | {
        "lease_s": 1,
        "callback_days_ahead": min(extreme, 100_000),  # no calendar goes further back
        "lost_agent_s": max(1, extreme),
        **hours,
    }
    county = replace(SERVICES.catalogue, limits=Limits(**given))
    closed = replace(
        county, lines=tuple(replace(line, callback=CallBack.OFF, attempts=1) for line in county.lines)
    )
    monkeypatch.setitem(globals(), "SERVICES", replace(SERVICES, catalogue=closed))
    runtime.services = replace(SERVICES, catalogue=closed)

    assert await walk(runtime, 7).go(STEPS // 2) == []


@pytest.mark.parametrize("mutant", mutants.ALL, ids=lambda mutant: mutant.__name__)
async def test_a_program_that_forgets_is_found_out(
    runtime: Runtime, mutant: Callable[[], AbstractContextManager[None]]
) -> None:
    with mutant():
        walked = walk(runtime, 0)
        assert await walked.go(STEPS) != []
        found = await runtime.store.read(what_the_service_sees, walked.ever)
        assert found  # the running service sees it too


def what_the_service_sees(tx: Tx, contacts: set[int]) -> list[Finding]:
    return [*unpersoned(tx, contacts), *forsaken(tx, in_line(tx))]


def test_the_program_s_own_hands_are_bound() -> None:
    # Nobody but the resident herself and a professional who holds the contact may end it.
    about = Subject(contact=5, queue="nurse", holder=7)
    everybody = [
        SYSTEM,
        Actor(kind="nobody"),
        *(Actor(kind="staff", id=8, roles=frozenset({role}), queues=frozenset({"nurse"})) for role in Role),
    ]
    for actor in everybody:
        for action in ("contact.close", "contact.leave"):
            assert POLICIES[action](actor, about) is not Verdict.YES, (actor, action)
