from dataclasses import replace

import pytest

from chat.conversation import (
    MAX_TEXT,
    Talk,
    check_same,
    check_text,
    resident_says,
    staff_notes,
    staff_says,
)
from chat.errors import ConversationEnded, MessageIdReused, NewerMessages, StaleAssignment, TextRefused

HELD = Talk(state="held", holder=7, assignment=3, newest=4, newest_resident=4, newest_staff=0)


@pytest.mark.parametrize("state", ["scheduled", "waiting", "left", "offered", "held", "wrapping"])
def test_a_resident_may_write_until_done(state: str) -> None:
    assert resident_says(replace(HELD, state=state)).seq == 5


@pytest.mark.parametrize(("state", "returns"), [("left", True), ("wrapping", True), ("held", False)])
def test_writing_brings_the_resident_back(state: str, returns: bool) -> None:
    assert resident_says(replace(HELD, state=state)).returns is returns


def test_an_ended_conversation_refuses_the_resident() -> None:
    with pytest.raises(ConversationEnded):
        resident_says(replace(HELD, state="done", holder=None))


def test_first_text_of_staff_is_the_reply() -> None:
    assert staff_says(HELD, staff=7, assignment=3, seen_seq=4).first_reply


def test_second_text_of_staff_is_not_the_reply() -> None:
    assert not staff_says(replace(HELD, newest_staff=3), staff=7, assignment=3, seen_seq=4).first_reply


def test_nobody_answers_over_an_unseen_message() -> None:
    with pytest.raises(NewerMessages) as refused:
        staff_says(HELD, staff=7, assignment=3, seen_seq=3)

    assert refused.value.detail["newest"] == 4


@pytest.mark.parametrize(("staff", "assignment"), [(8, 3), (7, 2), (7, 4)])
def test_stale_assignment_is_refused(staff: int, assignment: int) -> None:
    with pytest.raises(StaleAssignment):
        staff_says(HELD, staff=staff, assignment=assignment, seen_seq=4)


@pytest.mark.parametrize("state", ["wrapping", "done"])
def test_staff_cannot_write_after_the_end(state: str) -> None:
    with pytest.raises(ConversationEnded):
        staff_says(replace(HELD, state=state), staff=7, assignment=3, seen_seq=4)


def test_notes_are_written_in_wrap_up_too() -> None:
    assert staff_notes(replace(HELD, state="wrapping"), staff=7, assignment=3).seq == 5


def test_a_note_stops_no_clock() -> None:
    assert not staff_notes(HELD, staff=7, assignment=3).first_reply


@pytest.mark.parametrize("text", ["", "  \n", "a" * (MAX_TEXT + 1), "a\x00b", "a\ud800"])
def test_what_is_not_a_text_is_refused(text: str) -> None:
    with pytest.raises(TextRefused):
        check_text(text)


@pytest.mark.parametrize("text", ["a" * MAX_TEXT, " hei\n", "\u202eabc", "👩‍⚕️" * 100, "e" + "\u0301" * 3000])
def test_a_text_is_kept_exactly(text: str) -> None:
    assert check_text(text) == text


def test_the_same_id_with_another_text_is_refused() -> None:
    check_same("hei", "hei")

    with pytest.raises(MessageIdReused):
        check_same("hei", "moi")
