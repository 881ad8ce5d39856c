"""I17 to I20: what was promised is kept open, and what leaves the house leaves once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.faults.checks.state import Kept
from tests.faults.oplog import Act

ONCE = ("dial",)
"""Kinds of jobs that are never run again: a telephone would ring twice."""


def i17_a_callback_is_one_and_open(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """An open callback has its place in the line; a resident is rung by one professional at a time."""
    callbacks = [one for one in state.promises if one.kind == "callback" and one.is_open]
    for contact, n in Counter(one.contact for one in callbacks).items():
        if n > 1:
            yield f"promised twice: contact {contact}"
    here = {place.contact for place in state.places if place.state != "done"}
    yield from (
        f"lost: the callback of contact {one.contact}" for one in callbacks if one.contact not in here
    )
    ringing: dict[int | None, int] = {}
    for step in state.steps:
        if step.type == "attempt.requested":
            if step.contact in ringing:
                yield f"rung by two: contact {step.contact} at event {step.id}"
            ringing[step.contact] = step.data["n"]
        elif step.type == "attempt.ended" and ringing.get(step.contact) == step.data["n"]:
            del ringing[step.contact]


def i18_promises_do_not_move(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """A promise is due when it was told to be, and was kept in time or not as was told."""
    made = {
        s.data["promise"]: datetime.fromisoformat(s.data["due_at"])
        for s in state.steps
        if s.type == "promise.made"
    }
    seconds = Counter(s.data["promise"] for s in state.steps if s.type == "promise.second")
    yield from (f"a second time promised twice: promise {one}" for one, n in seconds.items() if n > 1)
    for promise in state.promises:
        if made.get(promise.id) != promise.due_at:
            yield f"moved: promise {promise.id} of contact {promise.contact}"
    for step in state.steps:
        if step.type == "promise.kept" and step.data["promise"] in made:
            in_time = datetime.fromisoformat(step.data["kept_at"]) <= made[step.data["promise"]]
            if step.data["in_time"] != in_time:
                yield f"told in time or late wrongly: promise {step.data['promise']}"


def i19_outside_effects_happen_once(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """A key has one job, a telephone is rung once a job, and outside (act `effect`) each key is seen once."""
    for key, n in Counter(task.key for task in state.tasks).items():
        if n > 1:
            yield f"two jobs: {key}"
    for task in state.tasks:
        if task.kind in ONCE and task.attempts > 1:
            yield f"run again: {task.key}, {task.attempts} times"
    for key, n in Counter(act.key for act in acts if act.act == "effect").items():
        if n > 1:
            yield f"happened {n} times outside: {key}"


def i20_one_end_for_any_order(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """What stands of an attempt is the last word recorded of it, and it began to ring once."""
    last: dict[int, str] = {}
    rang: Counter[int] = Counter()
    for step in state.steps:
        if step.type == "attempt.ended":
            last[step.data["attempt"]] = step.data["result"]
        elif step.type == "attempt.dialled":
            rang[step.data["attempt"]] += 1
    for attempt in state.attempts:
        if attempt.result != last.get(attempt.id):
            yield f"another end: attempt {attempt.id} is {attempt.result}, told {last.get(attempt.id)}"
    yield from (f"began to ring {n} times: attempt {one}" for one, n in rang.items() if n > 1)
