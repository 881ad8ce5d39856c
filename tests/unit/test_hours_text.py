from core.hours import ALWAYS_OPEN, Hours, Interval
from core.hours_text import hours_in_words

OFFICE = Hours(week=((Interval(480, 900),),) * 5 + ((), ()))
SPLIT = Hours(
    week=((Interval(540, 690), Interval(720, 960)), *((Interval(540, 690),),) * 4, (Interval(600, 720),), ())
)


def test_days_of_the_same_hours_are_told_together() -> None:
    assert [hours_in_words(lang, OFFICE) for lang in ("fi", "sv", "en")] == [
        "ma–pe kello 8–15",
        "mån–fre klockan 8–15",
        "Mon–Fri 8:00–15:00",
    ]
    assert hours_in_words("fi", SPLIT) == "ma kello 9–11.30, 12–16, ti–pe kello 9–11.30, la kello 10–12"


def test_hours_that_never_close_are_told_so() -> None:
    assert hours_in_words("sv", ALWAYS_OPEN) == "dygnet runt"
