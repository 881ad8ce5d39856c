from datetime import timedelta

import pytest

from ensilinja.reporting.picture import Word, promises_at_risk, word_of_promise, word_of_wait, worst
from tests.builders import MONDAY


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("seconds", "target", "word"),
    [
        (0, 120, "good"),
        (120, 120, "good"),
        (121, 120, "watch"),
        (240, 120, "watch"),
        (241, 120, "too_long"),
        (None, 120, "none"),
        (5, None, "none"),
    ],
)
def test_wait_is_watched_over_its_target_and_too_long_over_twice(
    seconds: float | None, target: float | None, word: str
) -> None:
    assert word_of_wait(seconds, target) == word


@pytest.mark.parametrize(
    ("passed", "word"), [(0, "good"), (74, "good"), (75, "watch"), (100, "watch"), (101, "too_long")]
)
def test_promise_is_watched_from_three_quarters_of_its_window(passed: float, word: str) -> None:
    assert word_of_promise(MONDAY, MONDAY + minutes(100), MONDAY + minutes(passed)) == word


def test_no_data_is_no_word() -> None:
    assert worst([]) == Word.NONE
    assert worst([Word.NONE, Word.GOOD]) == Word.GOOD
    assert worst([Word.WATCH, Word.TOO_LONG, Word.GOOD]) == Word.TOO_LONG


@pytest.mark.parametrize(
    ("due", "agents", "at_risk"),
    [
        ([], 0, 0),
        ([30], 0, 1),
        ([30], 1, 0),
        ([30, 30, 30, 30], 1, 1),
        ([30, 30, 30, 30], 2, 0),
        ([-5, 30], 1, 1),
        ([10, 119, 121], 0, 2),
        ([5, 120], 1, 1),
    ],
)
def test_promises_at_risk_are_those_nobody_can_begin_in_time(
    due: list[float], agents: int, at_risk: int
) -> None:
    assert promises_at_risk([MONDAY + minutes(at) for at in due], agents, MONDAY) == at_risk
