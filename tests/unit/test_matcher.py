"""The matcher's rules one by one, on small lines."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from queues.line import FULL, Agent, Line, Settings, Waiting
from queues.matcher import Decision, Why, match, why_her, why_here, why_waiting

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def entry(
    number: int, *, channel: str = "chat", waited: float = 90, due: float = 300, **more: object
) -> Waiting:
    values: dict[str, object] = {
        "id": number,
        "matter": number,
        "queue": "nurse",
        "channel": channel,
        "tier": 2,
        "due_at": NOW + timedelta(seconds=due),
        "arrived_at": ago(waited),
        "queued_here_at": ago(waited),
        "language": "fi",
    }
    return Waiting(**(values | more))  # type: ignore[arg-type]


def agent(number: int, *, queues: str = "nurse", languages: str = "fi", **more: object) -> Agent:
    values: dict[str, object] = {
        "id": number,
        "queues": frozenset(queues.split()),
        "languages": frozenset(languages.split()),
        "capacity": 3,
        "idle_since": ago(600),
    }
    return Agent(**(values | more))  # type: ignore[arg-type]


def offers(
    waiting: Sequence[Waiting], agents: Sequence[Agent], settings: Settings | None = None
) -> dict[int, int]:
    decision = match(waiting, agents, NOW, settings or Settings())
    return {pair.entry: pair.agent for pair in decision.offers}


def test_earlier_due_time_goes_first() -> None:
    line = [entry(1, due=300), entry(2, due=200), entry(3, due=250)]

    assert offers(line, [agent(1, capacity=1)]) == {2: 1}


def test_ed_goes_before_an_earlier_due_time() -> None:
    assert offers([entry(1, due=60), entry(2, tier=1)], [agent(1, capacity=1)]) == {2: 1}


def test_same_due_time_is_served_by_arrival() -> None:
    assert offers([entry(1, waited=100), entry(2, waited=200)], [agent(1, capacity=1)]) == {2: 1}


def test_emergency_is_called_to_all_and_never_offered() -> None:
    assert offers([entry(1, tier=0)], [agent(1)]) == {}
    assert why_waiting(entry(1, tier=0), [agent(1)], NOW, Settings(), Decision())[0].code is Why.CALLED_TO_ALL


def test_own_team_queue_is_pulled() -> None:
    settings = Settings(own_team=frozenset({"nurse"}))

    assert offers([entry(1)], [agent(1)], settings) == {}
    assert why_waiting(entry(1), [agent(1)], NOW, settings, Decision())[0].code is Why.OWN_TEAM


def test_only_members_are_offered() -> None:
    assert offers([entry(1)], [agent(1, queues="dental"), agent(2)]) == {1: 2}


def test_least_loaded_goes_before_longest_idle() -> None:
    assert offers([entry(1)], [agent(1, load=1, idle_since=ago(999)), agent(2)]) == {1: 2}


def test_equal_load_goes_to_the_longest_idle() -> None:
    assert offers([entry(1)], [agent(1, idle_since=ago(5)), agent(2, idle_since=ago(50))]) == {1: 2}


def test_heavy_chat_needs_two_places() -> None:
    assert offers([entry(1, weight=2)], [agent(1, load=2)]) == {}
    assert offers([entry(1, weight=2)], [agent(1, load=1)]) == {1: 1}


def test_seventh_open_chat_is_not_offered_although_six_are_idle() -> None:
    assert offers([entry(1)], [agent(1, load=0, open_chats=6)]) == {}


@pytest.mark.parametrize("channel", ["call", "callback"])
def test_a_call_needs_an_agent_with_nothing_in_hand(channel: str) -> None:
    assert offers([entry(1, channel=channel)], [agent(1, load=1)]) == {}
    assert offers([entry(1, channel=channel), entry(2)], [agent(1, load=FULL, on_call=True)]) == {}


def test_one_agent_gets_one_call_at_a_time() -> None:
    assert offers([entry(1, channel="callback"), entry(2, channel="callback", due=400)], [agent(1)]) == {1: 1}


def test_one_matter_is_offered_once() -> None:
    line = [entry(1, matter=7), entry(2, matter=7, due=400)]

    assert offers(line, [agent(1), agent(2)]) == {1: 1}


def test_language_is_waited_for_while_someone_ready_has_it() -> None:
    swedish = entry(1, language="sv", waited=30)
    busy = agent(2, languages="sv", load=3)

    assert offers([swedish], [agent(1), busy]) == {}
    reasons = why_waiting(swedish, [agent(1), busy], NOW, Settings(), Decision())
    assert {reason.code for reason in reasons} == {Why.LANGUAGE_HELD, Why.NO_CAPACITY}
    assert [one.until for one in reasons if one.code is Why.LANGUAGE_HELD] == [ago(-30)]


def test_language_is_relaxed_after_a_minute() -> None:
    assert offers([entry(1, language="sv", waited=60)], [agent(1), agent(2, languages="sv", load=3)]) == {
        1: 1
    }


def test_language_nobody_ready_has_is_relaxed_at_once() -> None:
    assert offers([entry(1, language="sv", waited=1)], [agent(1)]) == {1: 1}


def test_former_agent_is_waited_for_while_she_is_ready() -> None:
    back = entry(1, preferred_agent=2, preferred_until=ago(-30))

    assert offers([back], [agent(1), agent(2, load=1)]) == {1: 2}
    assert offers([back], [agent(1), agent(2, load=3)]) == {}
    assert offers([back], [agent(1)]) == {1: 1}


def test_former_agent_is_not_waited_for_longer() -> None:
    back = entry(1, preferred_agent=2, preferred_until=NOW)

    assert offers([back], [agent(1), agent(2, load=3)]) == {1: 1}


def test_declined_entry_goes_to_the_next_agent() -> None:
    declined = entry(1, passed={1: ago(-30)})

    assert offers([declined], [agent(1), agent(2, load=2)]) == {1: 2}
    assert offers([declined], [agent(1)]) == {}


def test_expired_offer_comes_back_only_when_there_is_nobody_else() -> None:
    expired = entry(1, passed={1: NOW})

    assert offers([expired], [agent(1), agent(2, load=2)]) == {1: 2}
    assert offers([expired], [agent(1)]) == {1: 1}


def test_floor_is_split_between_live_and_promised() -> None:
    line = [entry(number, channel="callback", due=60 * number) for number in range(1, 20)]
    line += [entry(number) for number in range(100, 120)]
    given = offers(line, [agent(number) for number in range(1, 11)])
    channels = [channel for number in given for channel in ["promised" if number < 100 else "live"]]

    assert channels.count("promised") == 6
    assert channels.count("live") == 12


def test_distant_promise_binds_one_agent_only() -> None:
    line = [entry(number, channel="callback", due=4 * 3600) for number in range(1, 5)]
    line += [entry(number) for number in range(100, 140)]
    decision = match(line, [agent(number) for number in range(1, 11)], NOW, Settings())

    assert len([pair for pair in decision.offers if pair.entry < 100]) == 1


def test_pinned_k_stands_over_the_rule() -> None:
    line = [entry(number, channel="callback", due=60) for number in range(1, 20)]
    line += [entry(number) for number in range(100, 140)]
    decision = match(line, [agent(number) for number in range(1, 11)], NOW, Settings(pinned={"nurse": 2}))

    assert len([pair for pair in decision.offers if pair.entry < 100]) == 2


def test_calling_agent_lends_a_hand_when_idle() -> None:
    physio = agent(1, queues="nurse physio")
    line = [entry(1, queue="physio", channel="callback", due=60), entry(2), entry(3)]

    given = offers(line, [physio, agent(2, capacity=1)])
    assert given == {1: 1, 2: 2}
    assert set(offers(line[1:], [physio, agent(2, capacity=1)]).values()) == {1, 2}


def test_agent_chosen_to_call_takes_no_more_chats() -> None:
    line = [entry(1, channel="callback", due=60), entry(2), entry(3)]
    chatting = [agent(1, load=1, open_chats=1), agent(2, load=2, open_chats=2, capacity=2)]
    decision = match(line, chatting, NOW, Settings())

    assert decision.offers == ()
    assert decision.calling == {1}
    reasons = why_waiting(line[1], chatting, NOW, Settings(), decision)
    assert {reason.code for reason in reasons} == {Why.OTHERS_CALLING, Why.NO_CAPACITY}


def test_lone_agent_serves_both_by_due_time() -> None:
    callback, chat = entry(1, channel="callback", due=600), entry(2, due=300)

    assert offers([callback, chat], [agent(1, capacity=1)]) == {2: 1}
    assert offers([callback, entry(3, due=900)], [agent(1, capacity=1)]) == {1: 1}


def test_live_call_drains_the_agent_with_fewest_chats() -> None:
    call = entry(1, channel="call", waited=20)
    busy = [agent(1, load=2, open_chats=2), agent(2, load=1, open_chats=1)]
    decision = match([call, entry(2), entry(3)], busy, NOW, Settings())

    assert decision.draining == {2}
    assert {pair.agent for pair in decision.offers} == {1}
    assert not match([entry(1, channel="call", waited=19)], busy, NOW, Settings()).draining


def test_separate_floors_are_split_apart() -> None:
    line = [entry(1, channel="callback", due=60), entry(2, queue="dental")]
    decision = match(line, [agent(1), agent(2), agent(3, queues="dental")], NOW, Settings())

    assert {(pair.entry, pair.agent) for pair in decision.offers} == {(1, 1), (2, 3)}


def test_kept_line_is_not_changed_by_matching() -> None:
    line = Line([entry(1), entry(2, tier=0)])
    first = match(line, [agent(1)], NOW, Settings())

    assert match(line, [agent(1)], NOW, Settings()) == first
    line.remove(1)
    line.remove(1)
    line.add(entry(3))
    line.add(entry(3, tier=1))
    assert [pair.entry for pair in match(line, [agent(1)], NOW, Settings()).offers] == [3]
    assert len(line) == 2


def test_reasons_tell_place_and_choice() -> None:
    assert [reason.code for reason in why_here(entry(1), 4)] == [Why.RANK, Why.AHEAD]
    assert [reason.code for reason in why_here(entry(1, tier=0), 0)] == [Why.CALLED_TO_ALL]
    assert why_waiting(entry(1), [], NOW, Settings(), Decision())[0].code is Why.NOBODY_READY
    assert why_waiting(entry(1), [agent(1)], NOW, Settings(), Decision())[0].code is Why.OFFERED_NEXT
    two = [agent(1), agent(2, load=1)]
    assert [reason.code for reason in why_her(entry(1), two, 1, NOW, Settings())] == [Why.LEAST_LOADED]
    assert [reason.code for reason in why_her(entry(1), two[:1], 1, NOW, Settings())] == [Why.ONLY_ONE]
    back = entry(1, preferred_agent=2)
    assert [reason.code for reason in why_her(back, two, 2, NOW, Settings())] == [Why.FORMER_AGENT]
