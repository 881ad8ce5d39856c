"""The events of calls and of attempts to call come late, twice and in any order: one end state (I20)."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from callbacks import service as callbacks
from callbacks.models import CALL, Call
from callbacks.results import Result
from callbacks.telephony.port import (
    CallArrived,
    CallerGone,
    DialAnswered,
    DialEnded,
    DialFailed,
    DialStarted,
    KeyPressed,
    TelephonyEvent,
)
from core.county import CallBack
from core.models import Job
from core.store import Tx
from queues.service import entry_of
from router.promising import Kind, promises_of
from tests.builders import a_store
from tests.faults.sizes import sized
from tests.faults.telling import report
from tests.rooms import LINE, PROVIDER, SERVICES, a_callback, a_nurse, a_service

SETS = 20  # of events in one database
EXAMPLES = sized(2, 100, 100)

# What an exchange may tell of one attempt: it was answered and ended, or it failed, rung or not.
COURSES = st.one_of(
    st.just(("started", "answered", "ended")),
    st.just(("started", "answered")),
    st.tuples(st.just("started"), st.sampled_from(["no_answer", "busy", "voicemail"])),
    st.sampled_from([("failed",), ("agent_absent",)]),
)


@st.composite
def news(draw: st.DrawFn) -> tuple[list[int], list[tuple[str, int]]]:
    """An attempt's events with their instants, and the places of an order in which some come again."""
    course = draw(COURSES)
    times = sorted(draw(st.lists(st.integers(0, 50), min_size=len(course), max_size=len(course))))
    events = list(zip(course, times, strict=True))
    again = draw(st.lists(st.integers(0, len(events) - 1), max_size=6))
    return draw(st.permutations([*range(len(events)), *again])), events


def test_any_order_of_an_attempts_events_ends_in_one_state() -> None:
    # Shrinking would look at twenty databases again and again: a failing example is told as it is.
    @settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.reuse, Phase.generate))
    @given(st.lists(news(), min_size=SETS, max_size=SETS))
    def any_order(sets: list[tuple[list[int], list[tuple[str, int]]]]) -> None:
        for in_order, in_any in asyncio.run(ends(sets, end)):
            assert in_order == in_any

    any_order()
    report(
        "F26", "embedded", f"{EXAMPLES * SETS} sets of an attempt's events, in order and in any: one state"
    )


KEYS = st.lists(st.sampled_from(["1", "1", "2", "3", "", "", "5", "050123", "0501234567#", "#"]), max_size=6)
WAYS = st.fixed_dictionaries(
    {
        "callback": st.sampled_from(CallBack),
        "asks_language": st.booleans(),
        "hanging_up_asks": st.booleans(),
    }
)


@dataclass(frozen=True)
class Course:
    """A caller on a line of some kind, with or without a number; how she `ends` it, if she does."""

    pressed: str
    ends: str
    line: dict[str, Any]
    is_hidden: bool


@st.composite
def calls(draw: st.DrawFn) -> tuple[list[int], Course]:
    """A caller's keys and whether she hangs up, and the places of an order in which some come again."""
    pressed = "".join(key or "-" for key in draw(KEYS))
    ends = draw(st.sampled_from(["", "heard", "unheard", "dropped"]))
    course = Course(pressed, ends, draw(WAYS), draw(st.booleans()))
    last = len(pressed) + bool(ends)
    again = draw(st.lists(st.integers(0, last), max_size=6))
    return draw(st.permutations([*range(last + 1), *again])), course


def test_any_order_of_a_calls_events_ends_in_one_state() -> None:
    @settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.reuse, Phase.generate))
    @given(st.lists(calls(), min_size=SETS, max_size=SETS))
    def any_order(sets: list[tuple[list[int], Course]]) -> None:
        for in_order, in_any in asyncio.run(ends(sets, end_of_call)):
            assert in_order == in_any

    any_order()
    report("F26", "embedded", f"{EXAMPLES * SETS} sets of a call's events, in order and in any: one state")


def end_of_call(tx: Tx, name: str, order: list[int] | None, course: Course) -> object:
    """What a call comes to when its events come in this order."""
    pressed, services = course.pressed, a_service(**course.line)
    number = None if course.is_hidden else f"+35840{abs(hash(name)) % 10**7:07}"
    events: list[TelephonyEvent] = [CallArrived(call=name, line=LINE, number=number, at=tx.now)]
    events += [
        KeyPressed(call=name, n=n, key=key.strip("-"), at=tx.now + timedelta(seconds=n), after=n - 1)
        for n, key in enumerate(pressed, start=1)
    ]
    if course.ends:
        how: dict[str, Any] = {course.ends: True} if course.ends != "heard" else {}
        events.append(CallerGone(call=name, at=tx.now + timedelta(seconds=99), after=len(pressed), **how))
    for place in range(len(events)) if order is None else order:
        callbacks.hear(tx, PROVIDER, events[place], services)
    row = tx.one(select(Call).where(CALL.provider_id == name))
    told = (row.line, row.state, row.language, row.pressed, row.tries, row.arrived_at, row.ended_at)
    if row.contact_id is None:
        return (*told, row.early_sealed)
    entry, made = entry_of(tx, row.contact_id), promises_of(tx, row.contact_id)
    facts = (
        entry.state,
        entry.channel,
        entry.language,
        entry.due_at - entry.arrived_at,
        [each.kind for each in made],
    )
    return (*told, row.early_sealed, *facts, [each.due_at for each in made])


def test_a_key_that_never_comes_is_not_waited_for() -> None:
    async def walk() -> tuple[str, bool]:
        with tempfile.TemporaryDirectory() as folder:
            async with a_store(f"sqlite:///{folder}/ensilinja.db") as store:
                return await store.write(left_waiting)

    assert asyncio.run(walk()) == ("gone", True)


def left_waiting(tx: Tx) -> tuple[str, bool]:
    """A caller whose first key was lost on the way, and who has hung up."""
    for event in (
        CallArrived(call="c", line=LINE, number=None, at=tx.now),
        CallerGone(call="c", at=tx.now, after=1),
    ):
        callbacks.hear(tx, PROVIDER, event, SERVICES)
    row = tx.one(select(Call))
    [job] = tx.all(select(Job).where(Job.kind == "call_over"))  # type: ignore[arg-type]
    assert row.ended_at is None and job.due_at > tx.now
    callbacks.over(tx, int(job.args["call"]), SERVICES)
    return row.state, row.ended_at is not None


async def ends(
    sets: Sequence[tuple[list[int], Any]], end: Callable[..., object]
) -> list[tuple[object, object]]:
    """What each set comes to in its order and in the other, in one database."""

    def walk(tx: Tx) -> list[tuple[object, object]]:
        return [
            (end(tx, f"a{n}", None, events), end(tx, f"b{n}", order, events))
            for n, (order, events) in enumerate(sets)
        ]

    with tempfile.TemporaryDirectory() as folder:
        async with a_store(f"sqlite:///{folder}/ensilinja.db") as store:
            return await store.write(walk)


def end(tx: Tx, name: str, order: list[int] | None, events: list[tuple[str, int]]) -> object:
    """What a callback comes to when these events of its one attempt come in this order."""
    nurse = a_nurse(tx, name)
    number = f"+35840{abs(hash(name)) % 10**7:07}"
    received = a_callback(tx, name, phone=number)
    callbacks.take(tx, nurse, received.contact, "by_hand", SERVICES)
    assignment = entry_of(tx, received.contact).assignment
    attempt = callbacks.dial(tx, nurse, received.contact, assignment, SERVICES)
    for kind, seconds in events if order is None else [events[place] for place in order]:
        callbacks.hear(tx, PROVIDER, an_event(kind, attempt.key, tx, seconds), SERVICES)
    (after,) = callbacks.attempts_of(tx, received.contact)
    entry = entry_of(tx, received.contact)
    (promise,) = promises_of(tx, received.contact)
    texts = tx.scalar(select(func.count()).where(Job.key == f"sms:tried:{after.id}"))  # type: ignore[arg-type]
    told = (after.result, after.dialled_at, after.answered_at, after.ended_at)
    return (*told, entry.state, promise.kind == Kind.CALLBACK, promise.kept_at, texts)


def an_event(kind: str, key: str, tx: Tx, seconds: int) -> TelephonyEvent:
    at = tx.now + timedelta(seconds=seconds)
    match kind:
        case "started":
            return DialStarted(key=key, at=at)
        case "answered":
            return DialAnswered(key=key, at=at)
        case "ended":
            return DialEnded(key=key, at=at)
    return DialFailed(key=key, result=Result(kind), at=at)
