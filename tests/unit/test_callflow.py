from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from callbacks.callflow import (
    Act,
    Flow,
    Number,
    Situation,
    Standing,
    Step,
    Turn,
    begin,
    hang_up,
    press,
    silence,
)
from callbacks.results import After, Result, after, stronger
from core.county import CallBack

LATER = datetime(2026, 11, 23, 10, 45, tzinfo=UTC)
GOOD = "0409990001"


def a_line(standing: Standing = Standing.OPEN, **more: Any) -> Situation:
    line = Situation(
        standing=standing,
        callback=CallBack.OFFERED,
        number=Number.DIALABLE,
        check=lambda typed: typed == GOOD,
    )
    return replace(line, **more)


def keys(line: Situation, pressed: str) -> Turn:
    turn = begin(line)
    for key in pressed:
        turn = press(turn.flow, key, line)
    return turn


def test_open_line_offers_a_call_back() -> None:
    turn = begin(a_line())

    assert (turn.flow.step, turn.asks, turn.act) == (Step.OFFER, True, None)
    assert turn.play == ("call.greeting", "call.open", "call.press_1")


def test_full_and_closed_lines_say_so() -> None:
    assert "call.full" in begin(a_line(Standing.FULL)).play
    assert "call.closed" in begin(a_line(Standing.CLOSED)).play


def test_no_key_stays_in_the_line() -> None:
    line = a_line()

    assert silence(begin(line).flow, line).act == Act.JOIN_LINE


def test_a_line_without_the_menu_puts_the_caller_in_line() -> None:
    turn = begin(a_line(callback=CallBack.OFF))

    assert (turn.act, turn.asks) == (Act.JOIN_LINE, False)


def test_a_closed_line_keeps_nobody_waiting() -> None:
    line = a_line(Standing.CLOSED)
    turn = silence(begin(line).flow, line)

    assert (turn.act, turn.play) == (Act.END, ("call.closed_goodbye",))


def test_one_and_one_is_a_promise() -> None:
    turn = keys(a_line(), "11")

    assert (turn.act, turn.flow.step, turn.asks) == (Act.PROMISE, Step.PROMISED, False)


def test_closed_line_promises_too() -> None:
    assert keys(a_line(Standing.CLOSED), "11").act == Act.PROMISE


def test_hidden_number_is_typed_and_read_back() -> None:
    line = a_line(number=Number.UNUSABLE)
    turn = keys(line, f"1{GOOD}#")

    assert (turn.flow.step, turn.flow.typed) == (Step.READ_BACK, GOOD)
    assert press(turn.flow, "1", line).act == Act.PROMISE


def test_another_number_may_be_typed() -> None:
    assert keys(a_line(), f"12{GOOD}#1").flow.typed == GOOD


def test_a_bad_number_is_asked_again_three_times() -> None:
    line = a_line(number=Number.UNUSABLE)

    assert keys(line, "1112#").play == ("call.number_invalid", "call.type_number")
    assert keys(line, "1112#112#112#").act == Act.JOIN_LINE


def test_in_a_closed_line_bad_numbers_end_the_call_with_a_word() -> None:
    line = a_line(Standing.CLOSED, number=Number.UNUSABLE)
    turn = keys(line, "1112#112#112#")

    assert (turn.act, turn.play) == (Act.END, ("call.number_refused", "call.closed_goodbye"))


def test_a_key_without_meaning_repeats_the_question() -> None:
    turn = keys(a_line(), "7")

    assert (turn.flow.step, turn.play, turn.act) == (Step.OFFER, ("call.press_1",), None)


def test_one_in_the_line_asks_for_a_call_back() -> None:
    line = a_line()
    waiting = silence(begin(line).flow, line)

    assert press(waiting.flow, "1", line).flow.step == Step.CONFIRM


def test_who_pressed_one_and_hung_up_is_promised() -> None:
    assert hang_up(keys(a_line(), "1").flow, a_line()).act == Act.PROMISE


def test_who_hung_up_while_typing_left_no_number() -> None:
    line = a_line(number=Number.UNUSABLE)

    assert hang_up(keys(line, "1040").flow, line).act == Act.LEAVE_LINE


def test_who_hung_up_in_the_line_left_it() -> None:
    line = a_line()

    assert hang_up(silence(begin(line).flow, line).flow, line).act == Act.LEAVE_LINE


def test_a_direct_line_calls_back_unless_it_is_refused() -> None:
    line = a_line(callback=CallBack.DIRECT)
    greeted = begin(line)

    assert greeted.play == ("call.greeting", "call.direct")
    assert silence(greeted.flow, line).play == ("call.promised", "call.goodbye")
    assert hang_up(greeted.flow, line, unheard=True).act == Act.PROMISE
    refused = press(greeted.flow, "3", line)
    assert (refused.act, refused.play) == (Act.JOIN_LINE, ("call.in_line",))
    assert hang_up(refused.flow, line).act == Act.LEAVE_LINE


def test_a_direct_line_asks_for_a_number_it_can_call() -> None:
    line = a_line(callback=CallBack.DIRECT, number=Number.UNUSABLE)
    greeted = begin(line)

    assert greeted.play == ("call.greeting", "call.direct_typed", "call.type_number")
    assert silence(greeted.flow, line).act == Act.JOIN_LINE
    assert keys(line, f"{GOOD}#1").act == Act.PROMISE


def test_the_third_key_refuses_only_on_a_direct_line() -> None:
    assert keys(a_line(), "13").play == ("call.confirm_number",)


def test_a_line_that_only_queues_never_speaks_of_calling() -> None:
    turn = begin(a_line(Standing.FULL, callback=CallBack.OFF))

    assert turn.play == ("call.greeting", "call.open", "call.in_line")


@pytest.mark.parametrize("step", [Step.OFFER, Step.IN_LINE])
def test_where_hanging_up_asks_it_leaves_a_request(step: Step) -> None:
    line = a_line(hanging_up_asks=True)
    flow = Flow(step=step)

    assert hang_up(flow, line).act == Act.PROMISE
    assert hang_up(flow, replace(line, number=Number.UNUSABLE)).act != Act.PROMISE
    assert hang_up(flow, replace(line, hanging_up_asks=False)).act != Act.PROMISE


def test_who_did_not_hear_the_offer_has_not_asked() -> None:
    line = a_line(hanging_up_asks=True)
    asking = replace(line, languages=("fi", "sv"))

    assert hang_up(begin(line).flow, line, unheard=True).act == Act.END
    assert hang_up(begin(asking).flow, asking).act == Act.END


@pytest.mark.parametrize("last", [Result.NO_ANSWER, Result.BUSY, Result.VOICEMAIL])
def test_an_unreached_resident_is_tried_later(last: Result) -> None:
    assert after([last], limit=3, retry_at=LATER) == After(retry_at=LATER)


def test_used_up_tries_need_a_decision() -> None:
    tried = [Result.NO_ANSWER, Result.FAILED, Result.BUSY, Result.NO_ANSWER]

    assert after(tried, limit=3, retry_at=LATER) == After(decision=True)


@pytest.mark.parametrize("last", [Result.REACHED, Result.UNKNOWN, Result.FAILED, Result.WRONG_NUMBER, None])
def test_nothing_follows_by_itself_from_other_results(last: Result | None) -> None:
    assert after([Result.BUSY, Result.BUSY, last], limit=2, retry_at=LATER) == After()


def test_nothing_follows_from_no_attempt() -> None:
    assert after([], limit=3, retry_at=LATER) == After()


def test_the_strongest_word_stands_in_any_order() -> None:
    for order in permutations(Result, 4):
        stands = None
        for word in order:
            stands = stronger(stands, word)
        for word in reversed(order):
            assert stronger(stands, word) == stands
