"""What callers hear of languages, places and waits; then every step, every key and every kind of line."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from callbacks.callflow import (
    LANGUAGE_KEYS,
    Act,
    Flow,
    Number,
    Place,
    Situation,
    Standing,
    Step,
    Turn,
    begin,
    hang_up,
    press,
    silence,
)
from callbacks.telephony.port import Prompts
from callbacks.telephony.sounds import files
from core.county import CallBack
from core.text import LANGUAGES
from ensilinja import app
from router.estimates import BUCKETS
from tests.rooms import SERVICES
from tests.unit.test_callflow import a_line, keys
from tools import prompts

ASKED = ("fi", "sv", "en")


def test_the_language_is_asked_in_each_after_the_word_of_112() -> None:
    turn = begin(a_line(languages=ASKED))

    assert turn.play == ("call.greeting", "call.language_fi", "call.language_sv", "call.language_en")
    assert (turn.asks, turn.act) == (True, None)


@pytest.mark.parametrize(("key", "language"), LANGUAGE_KEYS.items())
def test_a_key_chooses_the_language(key: str, language: str) -> None:
    line = a_line(languages=ASKED)
    turn = press(begin(line).flow, key, line)

    assert turn.flow.language == language
    assert (turn.play[0] == "call.greeting") == (language != "fi")
    assert turn.play[-1] == "call.press_1"
    assert keys(line, f"{key}11").flow.language == language


def test_no_key_is_the_line_s_first_language() -> None:
    line = a_line(languages=ASKED)
    turn = silence(begin(line).flow, line)

    assert turn.flow.language == "fi"
    assert turn.play == ("call.open", "call.press_1")


def test_a_language_that_the_line_does_not_have_is_asked_again() -> None:
    line = a_line(languages=("fi", "sv"))
    turn = press(begin(line).flow, "3", line)

    assert (turn.flow.language, turn.play) == ("", ("call.language_fi", "call.language_sv"))


def test_who_was_cut_off_is_not_asked_for_the_language_again() -> None:
    turn = begin(a_line(languages=ASKED), "sv")

    assert turn.play == ("call.greeting", "call.open", "call.press_1")
    assert turn.flow.language == "sv"


@pytest.mark.parametrize(
    ("ahead", "told", "said"),
    [
        (0, 0, "call.ahead_none"),
        (1, 1, "call.ahead"),
        (10, 10, "call.ahead"),
        (11, 10, "call.ahead_over"),
        (39, 30, "call.ahead_over"),
        (400, 50, "call.ahead_over"),
    ],
)
def test_the_place_is_told_in_plain_numbers(ahead: int, told: int, said: str) -> None:
    place = Place(ahead=ahead, wait=(4, 8))

    assert begin(a_line(place=place)).play == ("call.greeting", said, "call.wait", "call.press_1")
    assert place.told == told


def test_what_is_not_known_is_not_told() -> None:
    assert begin(a_line(place=Place(ahead=3))).play == ("call.greeting", "call.ahead", "call.press_1")
    assert begin(a_line(Standing.CLOSED, place=Place(ahead=3))).play[1] == "call.closed"


def test_the_place_is_told_with_the_offer_each_minute() -> None:
    line = a_line(place=Place(ahead=3, wait=(60, None), is_slower=True))
    turn = silence(Flow(step=Step.IN_LINE), line)

    assert turn.play == ("call.slower", "call.ahead", "call.wait_over", "call.press_1", "call.place_kept")
    assert (turn.asks, turn.act, turn.flow.step) == (False, None, Step.IN_LINE)


def test_the_place_is_not_said_to_be_kept_when_the_call_comes_another_day() -> None:
    assert "call.place_kept" not in silence(Flow(step=Step.IN_LINE), a_line(Standing.FULL)).play


PLACES = (None, Place(ahead=33, wait=(60, None), is_slower=True))
LINES = [
    a_line(
        standing,
        callback=callback,
        number=number,
        languages=languages,
        hanging_up_asks=True,
        takes_messages=takes and standing != Standing.OPEN,
        place=place,
        check=lambda typed: typed == "5",
    )
    for standing, callback, number, languages, takes, place in product(
        Standing, CallBack, Number, ((), ASKED), (False, True), PLACES
    )
]
ENDS = (Step.PROMISED, Step.GONE)
Walks = list[tuple[Situation, list[tuple[Flow, Turn]]]]


def walk(line: Situation) -> Iterator[tuple[Flow, Turn]]:
    """Every step that a caller on the line may come to, with every answer there. "5" is a good number."""
    first = begin(line)
    seen, to_see = {first.flow}, [first.flow] if first.flow.step not in ENDS else []
    yield Flow(step=Step.OFFER), first
    while to_see:
        flow = to_see.pop()
        # Of a number being typed any key but # is one more digit.
        pressed = "5*#" if flow.step == Step.TYPE and flow.typed else "0123456789*#"
        for turn in (*(press(flow, key, line) for key in pressed), silence(flow, line)):
            yield flow, turn
            if turn.flow not in seen and turn.flow.step not in ENDS and len(turn.flow.typed) < 3:
                seen.add(turn.flow)
                to_see.append(turn.flow)


@pytest.fixture(scope="module")
def walks() -> Walks:
    """Every kind of line with every step on it."""
    return [(line, list(walk(line))) for line in LINES]


def is_over_by_silence(flow: Flow, line: Situation) -> bool:
    """Whether one who presses nothing more waits in the line, or has heard how it ends."""
    for _ in range(6):
        if flow.step in (Step.IN_LINE, *ENDS):
            return True
        flow = silence(flow, line).flow
    return False


def test_every_step_is_walked(walks: Walks) -> None:
    assert {flow.step for _, steps in walks for flow, _ in steps} == {*Step} - {*ENDS}
    assert {turn.flow.step for _, steps in walks for _, turn in steps} >= {*ENDS}


def test_no_caller_is_stuck_whatever_is_pressed_on_any_line(walks: Walks) -> None:
    for line, steps in walks:
        for _, turn in steps:
            assert turn.asks or turn.flow.step in (Step.IN_LINE, Step.MESSAGE, *ENDS)
            assert turn.flow.step == Step.MESSAGE or not turn.records
            assert is_over_by_silence(turn.flow, line)
            if turn.flow.step == Step.IN_LINE:
                assert line.standing != Standing.CLOSED


def test_nobody_is_hung_up_on_before_a_word_of_what_follows(walks: Walks) -> None:
    for line, steps in walks:
        assert steps[0][1].play[0] == "call.greeting"
        for _, turn in steps:
            assert (turn.flow.step == Step.PROMISED) == (turn.act == Act.PROMISE)
            if turn.flow.step == Step.PROMISED:
                assert turn.play == ("call.promised", "call.goodbye")
            if turn.flow.step == Step.GONE:
                assert line.standing == Standing.CLOSED
                assert turn.play[-1] == "call.closed_goodbye"


def test_a_chosen_language_stays(walks: Walks) -> None:
    for line, steps in walks:
        for flow, turn in steps:
            assert not flow.language or turn.flow.language == flow.language
            if flow.step != Step.OFFER:
                assert bool(flow.language) == bool(line.languages)


def test_nobody_is_promised_a_call_who_cannot_be_called_or_on_a_line_that_does_not_call(walks: Walks) -> None:
    for line, steps in walks:
        for flow, turn in steps:
            for act, typed in ((turn.act, turn.flow.typed), (hang_up(flow, line).act, flow.typed)):
                if act == Act.PROMISE:
                    assert line.callback is not CallBack.OFF
                    assert typed == "5" or (line.number == Number.DIALABLE and not typed)


def test_hanging_up_asks_only_where_it_was_asked_or_the_line_says_so(walks: Walks) -> None:
    for line, steps in walks:
        for flow, _ in steps:
            assert hang_up(flow, line).flow.step == Step.GONE
            for other in (line, replace(line, hanging_up_asks=False)):
                if not other.hanging_up_asks or line.callback is not CallBack.OFFERED:
                    asked = flow.step in (Step.CONFIRM, Step.READ_BACK)
                    assert (hang_up(flow, other).act == Act.PROMISE) == asked


def test_everything_that_may_be_heard_is_recorded(walks: Walks) -> None:
    recorded = prompts.sentences(SERVICES.catalogue, app.load_texts())
    for line, steps in walks:
        told: dict[str, Any] = {"ahead": line.place.told, "wait": line.place.wait} if line.place else {}
        for play, language in product({turn.play for _, turn in steps}, LANGUAGES):
            heard = files(Prompts(play=play, line="dental", language=language, digits="5", **told))
            assert set(heard) <= set(recorded)


def test_every_place_and_wait_that_can_be_told_is_recorded() -> None:
    recorded = prompts.sentences(SERVICES.catalogue, app.load_texts())
    for ahead, wait, language in product(range(120), [None, (60, None), *BUCKETS], LANGUAGES):
        place = Place(ahead=ahead, wait=wait)
        play = begin(a_line(place=place)).play
        told = Prompts(play=play, line="dental", language=language, ahead=place.told, wait=place.wait)
        assert set(files(told)) <= set(recorded)


def test_no_sentence_takes_twenty_seconds_and_the_greeting_tells_of_112() -> None:
    recorded = prompts.sentences(SERVICES.catalogue, app.load_texts())

    assert max(len(said.split()) for said in recorded.values()) < int(prompts.PACE) / 3
    assert all("112" in said for name, said in recorded.items() if name.endswith("call-greeting"))
