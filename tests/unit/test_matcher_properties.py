"""What holds for every line and every floor."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from queues.eligibility import Room, obstacle
from queues.line import FILLING, FULL, Agent, Settings, Waiting
from queues.matcher import Decision, match
from tests.faults.sizes import sized

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
QUEUES = ["nurse", "physio", "dental", "team"]
RULES = Settings(own_team=frozenset({"team"}), chat_capacity_max=4)
seconds = st.integers(0, 200)


@st.composite
def waiting_lines(draw: st.DrawFn, most: int = 14) -> list[Waiting]:
    return [draw(entries(number)) for number in range(1, draw(st.integers(0, most)) + 1)]


@st.composite
def entries(draw: st.DrawFn, number: int) -> Waiting:
    queued = NOW - timedelta(seconds=draw(seconds))
    preferred = draw(st.none() | st.integers(1, 5))
    channel = draw(st.sampled_from(["chat", "call", "callback", "message"]))
    return Waiting(
        id=number,
        matter=draw(st.integers(1, 10)),
        queue=draw(st.sampled_from(QUEUES)),
        channel=channel,
        tier=draw(st.sampled_from([0, 1, 2, 2, 2])),
        due_at=NOW + timedelta(seconds=draw(st.integers(-600, 7200))),
        arrived_at=queued - timedelta(seconds=draw(seconds)),
        queued_here_at=queued,
        language=draw(st.sampled_from(["fi", "sv"])),
        weight=draw(st.integers(1, 2)),
        preferred_agent=preferred,
        preferred_until=None if preferred is None else queued + timedelta(seconds=60),
        passed=draw(
            st.dictionaries(
                st.integers(1, 5), seconds.map(lambda s: NOW + timedelta(seconds=s - 100)), max_size=2
            )
        ),
    )


@st.composite
def floors(draw: st.DrawFn, most: int = 5) -> list[Agent]:
    return [draw(agents(number)) for number in range(1, draw(st.integers(0, most)) + 1)]


@st.composite
def agents(draw: st.DrawFn, number: int) -> Agent:
    on_call = draw(st.booleans())
    load = draw(st.integers(0, 3))
    return Agent(
        id=number,
        queues=draw(st.frozensets(st.sampled_from(QUEUES), min_size=1)),
        languages=draw(st.sampled_from([frozenset({"fi"}), frozenset({"fi", "sv"})])),
        capacity=draw(st.integers(1, 3)),
        load=FULL if on_call else load,
        open_chats=draw(st.integers(load, 4)),
        on_call=on_call,
        idle_since=NOW - timedelta(seconds=draw(seconds)),
    )


def applied(line: list[Waiting], floor: list[Agent], decision: Decision) -> tuple[list[Waiting], list[Agent]]:
    """The line and the floor after the offers were accepted; siblings of a taken matter are suspended."""
    taken = {pair.entry: pair.agent for pair in decision.offers}
    matters = {entry.matter for entry in line if entry.id in taken}
    after = [
        with_work(agent, [entry for entry in line if taken.get(entry.id) == agent.id]) for agent in floor
    ]
    return [entry for entry in line if entry.matter not in matters], after


def with_work(agent: Agent, given_work: list[Waiting]) -> Agent:
    calls = any(entry.channel in FILLING for entry in given_work)
    return agent._replace(
        load=agent.load + sum(FULL if entry.channel in FILLING else entry.weight for entry in given_work),
        open_chats=agent.open_chats + sum(entry.channel == "chat" for entry in given_work),
        on_call=agent.on_call or calls,
    )


@given(waiting_lines(), floors())
def test_nobody_gets_more_than_her_capacity(line: list[Waiting], floor: list[Agent]) -> None:
    _, after = applied(line, floor, match(line, floor, NOW, RULES))
    for before, agent in zip(floor, after, strict=True):
        if agent.load != before.load:
            assert agent.load <= agent.capacity or (before.load == 0 and agent.load == FULL)
        assert agent.open_chats <= max(RULES.chat_capacity_max, before.open_chats)


@given(waiting_lines(), floors())
def test_every_offer_is_to_an_eligible_agent_and_once(line: list[Waiting], floor: list[Agent]) -> None:
    decision = match(line, floor, NOW, RULES)
    room = Room(floor)
    known = {entry.id: entry for entry in line}
    for pair in decision.offers:
        seat = room.seats[pair.agent]
        assert obstacle(known[pair.entry], seat, room, NOW, RULES) is None
        seat.give(known[pair.entry].kind)
    matters = [known[pair.entry].matter for pair in decision.offers]
    assert len(matters) == len(set(matters))


@given(waiting_lines(), floors())
def test_work_is_conserved(line: list[Waiting], floor: list[Agent]) -> None:
    decision = match(line, floor, NOW, RULES)
    rest, after = applied(line, floor, decision)
    room = Room(after)
    kept = decision.calling | decision.draining
    left_over = [
        (entry.id, seat.agent.id)
        for entry in rest
        for seat in room.seats.values()
        if seat.agent.id not in kept and obstacle(entry, seat, room, NOW, RULES) is None
    ]
    assert left_over == []


@given(waiting_lines(), floors(), st.randoms())
def test_same_question_same_answer_in_any_order(
    line: list[Waiting], floor: list[Agent], chance: object
) -> None:
    first = match(line, floor, NOW, RULES)
    chance.shuffle(line)  # type: ignore[attr-defined]
    chance.shuffle(floor)  # type: ignore[attr-defined]

    assert match(line, floor, NOW, RULES) == first


@given(waiting_lines(), floors())
def test_matching_again_gives_nothing_new(line: list[Waiting], floor: list[Agent]) -> None:
    decision = match(line, floor, NOW, RULES)
    again = match(*applied(line, floor, decision), NOW, RULES)

    assert () == again.offers  # the split may differ: a sibling of what was offered waits no longer


@given(waiting_lines(), floors())
def test_nobody_is_overtaken_by_one_with_the_same_needs(line: list[Waiting], floor: list[Agent]) -> None:
    plain = [
        entry._replace(passed={}, preferred_agent=None, matter=entry.id, language="fi") for entry in line
    ]
    offered = {pair.entry for pair in match(plain, floor, NOW, RULES).offers}
    for kind in {entry.kind for entry in plain}:
        same = sorted(
            (entry for entry in plain if entry.kind == kind and entry.tier), key=lambda one: one.rank
        )
        assert all(later.id not in offered or earlier.id in offered for earlier, later in pairwise(same))


@given(waiting_lines(), floors())
def test_calling_stays_within_the_share(line: list[Waiting], floor: list[Agent]) -> None:
    decision = match(line, floor, NOW, RULES)

    assert decision.k == len(decision.calling)
    assert not decision.calling & decision.draining
    assert decision.k <= sum(max(1, int(0.6 * len(group))) for group in grouped(floor))


def grouped(floor: list[Agent]) -> list[list[Agent]]:
    """At most as many floors as queues; each alone in the loosest case."""
    return [[agent for agent in floor if queue in agent.queues] for queue in QUEUES]


@given(waiting_lines(most=20), floors().filter(bool))
@settings(max_examples=sized(30, 60, 2_000))
def test_nobody_starves(line: list[Waiting], floor: list[Agent]) -> None:
    """Serving round after round serves everyone whom somebody can serve, promised and live alike."""
    able = [
        agent._replace(queues=frozenset(QUEUES), load=0, open_chats=0, on_call=False, capacity=2)
        for agent in floor
    ]
    rest, now = [entry for entry in line if entry.tier and entry.queue != "team"], NOW
    for _ in range(4 * len(rest) + 4):
        now += timedelta(seconds=61)
        served = {pair.entry for pair in match(rest, able, now, RULES).offers}
        assert served or not rest
        rest = [entry for entry in rest if entry.id not in served]
    assert rest == []


@given(
    st.lists(st.sampled_from(["chat", "callback"]), min_size=4, max_size=4, unique=False), st.integers(2, 5)
)
@settings(max_examples=sized(15, 30, 1_000))
def test_promised_and_live_both_go_on_under_endless_arrivals(first: list[str], count: int) -> None:
    """With more of both than can be served, neither waits for the other to run out."""
    floor = [
        Agent(id=number, queues=frozenset(QUEUES), languages=frozenset({"fi"}), capacity=1, idle_since=NOW)
        for number in range(1, count + 1)
    ]
    line: list[Waiting] = []
    served: list[str] = []
    for turn in range(30):
        now = NOW + timedelta(minutes=10 * turn)
        line += [
            arrived(100 * turn + place, channel, now)
            for place, channel in enumerate([*first, "chat", "callback"])
        ]
        taken = {pair.entry for pair in match(line, floor, now, RULES).offers}
        served += [entry.channel for entry in line if entry.id in taken]
        line = [entry for entry in line if entry.id not in taken]
    assert min(served.count("chat"), served.count("callback")) >= 15


def arrived(number: int, channel: str, now: datetime) -> Waiting:
    due = now + timedelta(minutes=5 if channel == "chat" else 60)
    return Waiting(
        id=number + 1,
        matter=number + 1,
        queue="nurse",
        channel=channel,
        tier=2,
        due_at=due,
        arrived_at=now,
        queued_here_at=now,
        language="fi",
    )
