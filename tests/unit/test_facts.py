from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ensilinja.reporting.facts import STEPS, Fact, fold
from tests import histories as told
from tests.builders import MONDAY


def after(minutes: float) -> datetime:
    return MONDAY + timedelta(minutes=minutes)


def test_answered_chat_has_every_instant() -> None:
    fact = fold(told.events(told.chat(reply=4)))

    assert fact.channel == fact.handled_by == "chat"
    assert (fact.line, fact.door, fact.first_queue, fact.queue) == (None, "terveys", "nurse", "nurse")
    assert (fact.arrived_at, fact.queued_at, fact.accepted_at) == (MONDAY, MONDAY, after(2))
    assert fact.first_reply_at == fact.answered_at == after(4)
    assert (fact.assessed_at, fact.closed_at) == (after(5), after(9))
    assert (fact.urgency_given, fact.urgency_confirmed) == ("SAME_DAY", "SAME_DAY")
    assert (fact.outcome, fact.is_resolved, fact.is_counted) == ("advice", True, True)
    assert not fact.has_abandoned


def test_every_prefix_folds() -> None:
    for history in (told.chat(), told.callback(), told.gone_chat()):
        recorded = told.events(history)
        assert fold([]) == Fact()
        assert all(fold(recorded[:length]).contact_id == 1 for length in range(1, len(recorded) + 1))


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_event_without_its_history_folds(kind: str) -> None:
    bare = told.events([(0, kind, {})])

    assert fold(bare).contact_id == 1


def test_event_of_an_unknown_type_changes_nothing() -> None:
    history = told.events(told.chat())
    chatter = told.events([(0, "chat.message", {"seq": 1, "sender": "resident:1", "kind": "text"})])

    assert fold([*chatter, *history]) == fold(history)
    assert fold(chatter) == Fact()


def test_return_and_transfer_do_not_restart_the_first_clock() -> None:
    history = [
        told.received(),
        told.queued(),
        told.offered(1),
        (2, "entry.expired", {"entry": 1, "agent": 1, "assignment": 1}),
        told.held(3),
        (4, "entry.transferred", {"entry": 1, "from_queue": "nurse", "queue": "physio"}),
        told.offered(5),
        (6, "entry.declined", {"entry": 1, "agent": 2, "assignment": 3, "reason": "busy"}),
        told.held(7, "physio", by="hand", overtook=3),
    ]
    fact = fold(told.events(history))

    assert (fact.queued_at, fact.accepted_at) == (MONDAY, after(3))
    assert (fact.first_queue, fact.queue) == ("nurse", "physio")
    assert (fact.offers_count, fact.declined_count, fact.expired_count) == (2, 1, 1)
    assert (fact.transfers_count, fact.overtakes_count) == (1, 1)


def test_second_reply_does_not_move_the_first() -> None:
    fact = fold(told.events([*told.chat(reply=3), told.replied(20)]))

    assert fact.first_reply_at == after(3)


def test_first_ring_is_the_arrival() -> None:
    rang = (0.2, "call.arrived", {"call": 1, "line": "ensilinja", "rang_at": told.iso(-1), "joined": False})

    fact = fold(told.events([told.received("call"), rang]))

    assert fact.arrived_at == after(-1)


def test_arrival_is_what_the_contact_says_of_itself() -> None:
    fact = fold(told.events([told.received(arrived_at=told.iso(-5))]))

    assert fact.arrived_at == after(-5)


def test_second_call_that_joins_an_open_request_keeps_the_first_arrival() -> None:
    again = (30, "call.arrived", {"call": 2, "line": "ensilinja", "rang_at": told.iso(30), "joined": True})

    fact = fold(told.events([told.received("call"), again]))

    assert fact.arrived_at == MONDAY


def test_bridged_call_is_answered_when_it_is_held() -> None:
    fact = fold(told.events([told.received("call"), told.queued("call"), told.held(2)]))

    assert fact.bridged_at == fact.answered_at == after(2)
    assert fact.requested_at is None


def test_accepted_callback_is_not_bridged() -> None:
    fact = fold(told.events(told.callback(reached=60)))

    assert fact.bridged_at is None
    assert (fact.requested_at, fact.first_attempt_at, fact.reached_at) == (after(1), after(60), after(60))


def test_chat_that_becomes_a_callback_is_handled_by_it() -> None:
    history = [
        told.received(),
        told.queued(),
        (5, "entry.channel", {"entry": 1, "channel": "callback"}),
        told.promised(5, 120),
    ]
    fact = fold(told.events(history))

    assert (fact.channel, fact.handled_by) == ("chat", "callback")
    assert fact.requested_at == fact.callback_made_at == after(5)
    assert fact.callback_due_at == after(120)


def test_resident_who_leaves_and_does_not_return_has_abandoned() -> None:
    fact = fold(told.events(told.gone_chat(after=2)))

    assert fact.has_abandoned
    assert fact.left_at == after(2)


def test_resident_who_comes_back_has_not_left() -> None:
    history = [told.received(), told.queued(), told.left(2), (4, "entry.resumed", {"entry": 1}), told.done(9)]
    fact = fold(told.events(history))

    assert fact.left_at is None
    assert not fact.has_abandoned


def test_resident_answered_in_another_channel_after_leaving_has_not_abandoned() -> None:
    fact = fold(told.events([told.received(), told.queued(), told.left(2), told.done(5, why="elsewhere")]))

    assert not fact.has_abandoned
    assert fact.ended_elsewhere_at == after(5)


def test_resident_who_ends_her_wait_herself_has_left_for_good() -> None:
    cancelled = replace(told.events([told.done(3, why="elsewhere")])[0], actor="resident:1")

    fact = fold([*told.events([told.received(), told.queued()]), cancelled])

    assert fact.has_abandoned
    assert fact.left_at == after(3)
    assert fact.ended_elsewhere_at is None


def test_resident_who_may_still_return_has_not_abandoned_yet() -> None:
    fact = fold(told.events([told.received(), told.queued(), told.left(2)]))

    assert fact.left_at == after(2)
    assert not fact.has_abandoned


def test_kept_promise_frees_the_open_callback() -> None:
    recorded = told.events(told.callback(reached=60, due=240))
    asked, called = fold(recorded[:3]), fold(recorded)

    assert asked.callback_due_at == after(240)
    assert called.callback_due_at is None
    assert called.promises[0].kept_at == after(60)
    assert called.promises[0].due_at == after(240)


def test_replaced_promise_keeps_its_own_due_instant() -> None:
    history = [
        told.received("call"),
        told.promised(1, 60),
        told.ended(70, "replaced_by"),
        told.promised(70, 120, promise=2),
    ]
    first, second = fold(told.events(history)).promises

    assert (first.due_at, first.ended_at, first.ended_why) == (after(60), after(70), "replaced_by")
    assert second.is_open


def test_settled_promise_is_not_settled_again() -> None:
    fact = fold(told.events([told.promised(1, 60), told.kept(30), told.ended(40)]))

    assert fact.promises[0].kept_at == after(30)
    assert fact.promises[0].ended_at is None


def test_attempt_that_rang_nobody_keeps_nothing() -> None:
    history = [
        told.received("call"),
        told.dialled(10, n=1),
        told.attempted(11, "failed", n=1),
        told.dialled(20, n=2),
        told.attempted(21, "no_answer", n=2),
        told.dialled(30, n=3),
        told.attempted(31, "reached", n=3),
    ]
    fact = fold(told.events(history))

    assert fact.attempts_count == 2
    assert (fact.first_attempt_at, fact.reached_at) == (after(20), after(30))


def test_stronger_word_on_the_same_attempt_replaces_the_weaker() -> None:
    history = [told.dialled(10), told.attempted(11, "no_answer"), told.attempted(15, "reached")]
    fact = fold(told.events(history))

    assert fact.attempts_count == 1
    assert fact.reached_at == after(10)


def test_attempt_known_only_by_word_of_mouth_counts_from_that_word() -> None:
    fact = fold(told.events([told.attempted(15, "reached")]))

    assert fact.reached_at == fact.first_attempt_at == after(15)


def test_newest_outcome_counts_and_the_first_closed() -> None:
    fact = fold(
        told.events([*told.chat(reply=4), told.outcome(90, "duplicate", resolved=False, counts=False)])
    )

    assert (fact.outcome, fact.is_resolved, fact.is_counted) == ("duplicate", False, False)
    assert fact.closed_at == after(9)


def test_instants_of_other_zones_become_utc() -> None:
    promise = (0, "promise.made", {"promise": 1, "kind": "callback", "due_at": "2026-11-23T14:00:00+02:00"})

    assert fold(told.events([promise])).callback_due_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
