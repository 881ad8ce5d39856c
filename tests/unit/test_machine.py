"""Every (state, event) pair of the entry machine is defined; only what design.md 6 allows is allowed."""

import pytest

from queues.machine import ASSIGNED, TABLE, Event, IllegalTransition, State, step

ARROWS = {
    "scheduled": {"waiting", "left", "done"},
    "waiting": {"offered", "held", "scheduled", "left", "done"},
    "left": {"waiting", "done"},
    "offered": {"held", "waiting", "left"},
    "held": {"wrapping", "waiting", "scheduled"},
    "wrapping": {"done", "held"},
    "done": set(),
}


def test_every_pair_is_defined() -> None:
    assert set(TABLE) == {(state, event) for state in State for event in Event}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_step_follows_the_table_or_refuses(state: State, event: Event) -> None:
    following = TABLE[state, event]
    if following is None:
        with pytest.raises(IllegalTransition) as refused:
            step(state, event)
        assert refused.value.status == 409
        assert refused.value.code == "illegal_transition"
    else:
        assert step(state, event) is following


@pytest.mark.parametrize("state", State)
def test_arrows_are_those_of_the_design(state: State) -> None:
    reached = {TABLE[state, event] for event in Event} - {None, state}

    assert {str(one) for one in reached} == ARROWS[state]


def test_done_is_terminal() -> None:
    assert {TABLE[State.DONE, event] for event in Event} == {None}


@pytest.mark.parametrize("state", set(State) - {State.DONE})
def test_every_open_state_leads_to_done(state: State) -> None:
    seen = {state}
    while State.DONE not in seen:
        further = {after for (before, _), after in TABLE.items() if before in seen and after} - seen
        assert further
        seen |= further


def test_an_agent_belongs_to_three_states() -> None:
    assert {State.OFFERED, State.HELD, State.WRAPPING} == ASSIGNED
