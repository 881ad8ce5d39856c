"""Each check of the judge sees what it is for: a history without a fault, then one fault at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import MONDAY
from tests.faults.checker import CHECKS, judge
from tests.faults.checks.state import Ended, Kept, Line, Place, Promised, Step, Task, Tried
from tests.faults.oplog import Act, refusals

Story = tuple[Kept, list[Act]]
Fault = Callable[[Story], Story]
DUE = MONDAY + timedelta(minutes=10)


def at(seconds: float) -> str:
    return (MONDAY + timedelta(seconds=seconds)).isoformat()


def steps_of(*told: tuple[float, str, dict[str, Any]], contact: int = 1) -> list[Step]:
    return [
        Step(
            id=100 * contact + n,
            contact=contact,
            n=n,
            type=kind,
            data=data,
            at=MONDAY + timedelta(seconds=seconds),
        )
        for n, (seconds, kind, data) in enumerate(told, start=1)
    ]


def queued(entry: int = 1) -> tuple[float, str, dict[str, Any]]:
    level = {"urgency": "SAME_DAY", "tier": 2, "due_at": DUE.isoformat()}
    return (0, "entry.queued", {"entry": entry, "queue": "nurse", "channel": "chat", **level})


def offered(seconds: float, agent: int = 7, assignment: int = 1, entry: int = 1) -> tuple[float, str, Any]:
    to = {"entry": entry, "agent": agent, "assignment": assignment, "queue": "nurse"}
    return (seconds, "entry.offered", {**to, "expires_at": at(seconds + 30)})


def held(seconds: float, agent: int = 7, assignment: int = 1, **more: Any) -> tuple[float, str, Any]:
    by = {"by": "offer", "queue": "nurse", "reason": "", "overtook": 0, **more}
    return (seconds, "entry.held", {"entry": 1, "agent": agent, "assignment": assignment, **by})


def done(seconds: float) -> tuple[float, str, Any]:
    return (seconds, "entry.done", {"entry": 1, "why": "finished"})


def a_story() -> Story:
    """A chat that was offered, held, answered and closed, with a callback promised and made."""
    told = steps_of(
        queued(),
        (0, "promise.made", {"promise": 1, "kind": "callback", "due_at": at(600)}),
        offered(5),
        held(9),
        (10, "chat.replied", {"agent": 7, "seq": 1}),
        (11, "attempt.requested", {"attempt": 1, "n": 1, "agent": 7}),
        (12, "attempt.dialled", {"attempt": 1, "n": 1, "dialled_at": at(12)}),
        (13, "attempt.ended", {"attempt": 1, "n": 1, "result": "reached", "dialled_at": at(12)}),
        (13, "promise.kept", {"promise": 1, "kept_at": at(12), "in_time": True}),
        (20, "outcome.recorded", {"outcome": 1, "code": "X", "by": 7, "supersedes": None}),
        done(20),
    )
    work = Step(id=1, contact=None, staff=7, n=1, type="shift.started", data={"shift": 1}, at=MONDAY)
    place = {"matter": 1, "queue": "nurse", "channel": "chat", "urgency": "SAME_DAY", "assignment": 1}
    state = Kept(
        lines=[Line(contact=1, seq=1, sender="staff:7", kind="text", client_id="k", text="Hei")],
        steps=[work, *told],
        places=[Place(id=1, contact=1, state="done", due_at=DUE, agent=None, **place)],  # type: ignore[arg-type]
        capacities={7: 2},
        members={7: frozenset({"nurse"})},
        contacts={1: "client-1"},
        promises=[
            Promised(
                id=1,
                contact=1,
                kind="callback",
                due_at=MONDAY + timedelta(seconds=600),
                kept_at=MONDAY + timedelta(seconds=12),
            )
        ],
        attempts=[Tried(id=1, contact=1, n=1, key="1-1", result="reached")],
        tasks=[Task(key="dial:1-1", kind="dial", state="done", attempts=1)],
        outcomes=[Ended(id=1, contact=1, code="X", by=7)],
        alive_until=MONDAY + timedelta(seconds=60),
    )
    acts = [
        act("resident:1", "arrive", contact=1, key="a"),
        act("staff:7", "hold", contact=1, assignment=1),
        act("staff:7", "send", "invoke", contact=1, key="k", text="Hei"),
        act("staff:7", "send", contact=1, key="k", seq=1),
        act("resident:1", "saw", contact=1, seq=1, text="Hei"),
        act("resident:1", "saw-all", contact=1, seq=9),
        act("staff:7", "close", contact=1),
        act("staff:7", "let-go", contact=1),
        act("exchange", "effect", key="1-1"),
        act("server", "measured", key="rss_mib", seconds=90.0, bound=300.0),
        act("server", "start", key="sqlite:///a"),
        act("server", "probe"),
        act("redis", "hint", text='{"n": 17, "talk": true}'),
    ]
    return state, acts


def act(who: str, name: str, phase: str = "ok", *, t: float = 0.0, **more: Any) -> Act:
    return Act(t=t, who=who, act=name, phase=phase, **more)


def with_rows(**changed: Any) -> Fault:
    return lambda story: (replace(story[0], **changed), story[1])


def with_acts(*more: Act) -> Fault:
    return lambda story: (story[0], [*story[1], *more])


def without_act(name: str) -> Fault:
    return lambda story: (story[0], [one for one in story[1] if one.act != name])


def with_steps(*told: tuple[float, str, dict[str, Any]], upto: int = 99) -> Fault:
    """The first steps of the contact, then others."""

    def change(story: Story) -> Story:
        kept = [step for step in story[0].steps if step.contact is None or step.n <= upto]
        more = steps_of(*([(0.0, "", {})] * min(upto, 11)), *told)[min(upto, 11) :]
        return replace(story[0], steps=[*kept, *more]), story[1]

    return change


SECOND = Place(id=2, contact=1, state="waiting", due_at=DUE, agent=None)
OPEN = Promised(id=2, contact=2, kind="callback", due_at=DUE)
FAULTS: list[tuple[str, Fault]] = [
    ("i1_acknowledged_is_kept", with_rows(lines=())),
    ("i1_acknowledged_is_kept", with_acts(act("staff:7", "hold", contact=1, assignment=5))),
    ("i1_acknowledged_is_kept", with_acts(act("staff:7", "close", contact=2))),
    ("i2_nothing_twice", lambda s: (replace(s[0], lines=[*s[0].lines, replace(s[0].lines[0], seq=2)]), s[1])),
    ("i3_one_order_without_holes", lambda s: (replace(s[0], lines=[replace(s[0].lines[0], seq=2)]), s[1])),
    ("i3_one_order_without_holes", lambda s: (replace(s[0], steps=s[0].steps[:4] + s[0].steps[5:]), s[1])),
    ("i4_readers_saw_what_is_kept", without_act("saw")),
    ("i5_delivered_is_committed", with_acts(act("resident:1", "saw", contact=1, seq=2, text="Ei"))),
    ("i5_delivered_is_committed", with_acts(act("resident:2", "saw", contact=1, seq=1, text="Hei"))),
    ("i6_refused_is_not_kept", with_acts(act("staff:7", "send", "fail", contact=1, key="k"))),
    ("i7_every_contact_is_somewhere", with_rows(contacts={1: "client-1", 2: "client-2"})),
    ("i7_every_contact_is_somewhere", with_acts(act("resident:3", "arrive", contact=3))),
    ("i7_every_contact_is_somewhere", lambda s: (replace(s[0], places=[*s[0].places, SECOND]), s[1])),
    ("i7_every_contact_is_somewhere", with_steps(upto=10)),
    ("i8_one_holder_in_the_record", with_steps(held(10, agent=8), upto=4)),
    ("i8_one_holder_in_belief", lambda s: (s[0], [act("staff:8", "hold", contact=1, assignment=1), *s[1]])),
    ("i9_the_end_is_the_end", with_steps((30, "entry.urgency", {"entry": 1}))),
    ("i10_capacity", with_rows(capacities={7: 0})),
    ("i11_one_arrival_one_contact", with_rows(contacts={1: "client-1", 2: "client-1"})),
    ("i11_one_arrival_one_contact", with_acts(act("resident:1", "arrive", contact=2, key="a"))),
    (
        "i11_one_arrival_one_contact",
        lambda s: (
            replace(
                with_steps(offered(6, entry=2, agent=8), upto=4)(s)[0],
                places=[*s[0].places, replace(SECOND, contact=2, matter=1)],
            ),
            s[1],
        ),
    ),
    ("i12_deadlines_are_kept", with_steps(held(38), upto=3)),
    ("i12_deadlines_are_kept", with_steps(upto=3)),
    (
        "i14_due_times_are_kept",
        lambda s: (replace(s[0], places=[replace(s[0].places[0], due_at=MONDAY)]), s[1]),
    ),
    ("i14_due_times_are_kept", with_steps(held(6, by="hand", overtook=3), upto=3)),
    ("i15_old_numbers_change_nothing", with_steps(offered(10), upto=4)),
    ("i15_old_numbers_change_nothing", with_steps((10, "chat.replied", {"agent": 8, "seq": 2}), upto=4)),
    ("i16_only_to_whom_it_may_go", with_rows(members={7: frozenset({"team"})})),
    ("i16_only_to_whom_it_may_go", lambda s: (replace(s[0], steps=s[0].steps[1:]), s[1])),
    ("i17_a_callback_is_one_and_open", with_rows(promises=[OPEN])),
    ("i17_a_callback_is_one_and_open", with_rows(promises=[OPEN, replace(OPEN, id=3)])),
    ("i17_a_callback_is_one_and_open", with_steps((12, "attempt.requested", {"attempt": 2, "n": 2}), upto=6)),
    (
        "i18_promises_do_not_move",
        lambda s: (replace(s[0], promises=[replace(s[0].promises[0], due_at=DUE + timedelta(1))]), s[1]),
    ),
    (
        "i18_promises_do_not_move",
        with_steps((900, "promise.kept", {"promise": 1, "kept_at": at(900), "in_time": True}), upto=8),
    ),
    ("i19_outside_effects_happen_once", with_acts(act("exchange", "effect", key="1-1"))),
    ("i19_outside_effects_happen_once", with_rows(tasks=[Task(key="k", kind="sms", state="done")] * 2)),
    (
        "i19_outside_effects_happen_once",
        with_rows(tasks=[Task(key="k", kind="dial", state="done", attempts=2)]),
    ),
    (
        "i20_one_end_for_any_order",
        with_rows(attempts=[Tried(id=1, contact=1, n=1, key="1-1", result="busy")]),
    ),
    (
        "i20_one_end_for_any_order",
        with_steps((30, "attempt.dialled", {"attempt": 1, "n": 1, "dialled_at": at(30)})),
    ),
    ("i23_events_tell_the_rows", with_rows(outcomes=[Ended(id=1, contact=1, code="Y", by=7)])),
    ("i23_events_tell_the_rows", with_rows(outcomes=())),
    ("i23_events_tell_the_rows", lambda s: (replace(s[0], promises=[*s[0].promises, OPEN]), s[1])),
    (
        "i23_events_tell_the_rows",
        lambda s: (replace(s[0], places=[replace(s[0].places[0], queue="team")]), s[1]),
    ),
    ("i29_access_log_is_whole", with_rows(broken_access_row=3)),
    ("i30_everything_has_a_bound", with_acts(act("server", "measured", key="fds", seconds=99, bound=90))),
    (
        "i31_ready_means_ready",
        with_acts(act("server", "broken", key="writer", t=1), act("server", "probe", t=4)),
    ),
    ("i32_redis_knows_nothing", with_acts(act("redis", "hint", text='{"text": "Hei"}'))),
    ("i33_one_process_a_file", with_acts(act("other", "start", key="sqlite:///a"))),
]


def test_judge_finds_nothing_where_nothing_is_wrong() -> None:
    assert judge(*a_story()).all == []


@pytest.mark.parametrize(
    ("check", "fault"), FAULTS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(FAULTS)]
)
def test_check_sees_what_it_is_for(check: str, fault: Fault) -> None:
    assert check in judge(*fault(a_story())).found


def test_every_check_has_a_fault_that_it_sees() -> None:
    assert {check.__name__ for check in CHECKS} == {name for name, _ in FAULTS}


def test_deadline_is_lengthened_by_a_start_of_the_program() -> None:
    late = with_steps(held(40), upto=3)(a_story())
    restarted = with_acts(act("server", "restart", text=at(28)))(late)

    assert "i12_deadlines_are_kept" in judge(*late).found
    assert "i12_deadlines_are_kept" not in judge(*restarted).found


def test_check_with_nothing_to_judge_is_not_among_those_that_found_nothing() -> None:
    assert "i33_one_process_a_file" in judge(*a_story()).checked
    assert "i33_one_process_a_file" not in judge(*without_act("start")(a_story())).checked


def test_violations_are_counted_by_the_number_of_the_invariant() -> None:
    judgement = judge(*with_rows(capacities={7: 0})(a_story()))

    assert (judgement.count("i1"), judgement.count("i10") > 0) == (0, True)


def test_text_refused_before_its_conversation_ended_counts() -> None:
    def told(t: float, who: str, act: str, phase: str, code: str = "") -> Act:
        return Act(t=t, who=who, act=act, phase=phase, contact=1, code=code)

    refused = told(2.0, "resident:1", "send", "fail", "conversation_ended")
    assert refusals([told(1.0, "staff:1", "close", "invoke"), refused]) == []
    assert refusals([refused, told(3.0, "staff:1", "close", "invoke")]) == ["conversation_ended"]
    assert refusals([told(2.0, "resident:1", "send", "fail", "forbidden")]) == ["forbidden"]
