from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.hours import (
    ALWAYS_OPEN,
    HELSINKI,
    Calendar,
    Hours,
    Interval,
    NeverOpen,
    add_service_time,
    add_working_days,
    end_of_service_day,
    instant,
    is_open,
    is_working_day,
    local_date,
    next_closing,
    next_opening,
    service_time,
)

OFFICE = Hours(week=((Interval(480, 900),),) * 5 + ((), ()))  # Mon-Fri 8-15
NIGHT = Hours(week=((Interval(0, 480), Interval(1200, 1440)),) * 7)  # 20-8 every night
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

# Finnish days off of 2026-2027 that are not Sundays, as published; the two eves are apart.
DAYS_OFF = frozenset(
    {date(2026, month, day) for month, day in ((1, 1), (1, 6), (4, 3), (4, 6), (5, 1), (5, 14), (6, 20))}
    | {date(2026, month, day) for month, day in ((10, 31), (12, 25), (12, 26))}
    | {date(2027, month, day) for month, day in ((1, 1), (1, 6), (3, 26), (3, 29), (5, 1), (5, 6), (6, 26))}
    | {date(2027, month, day) for month, day in ((11, 6), (12, 6), (12, 25))}
)
EVES = frozenset({date(2026, 6, 19), date(2026, 12, 24), date(2027, 6, 25), date(2027, 12, 24)})
EVES_WORKED = Calendar(holidays=DAYS_OFF)
EVES_CLOSED = Calendar(holidays=DAYS_OFF | EVES)


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI, fold=fold).astimezone(UTC)


def test_a_local_time_that_exists_twice_is_its_first() -> None:
    assert instant(date(2026, 10, 25), 3 * 60 + 30) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert second.astimezone(HELSINKI).strftime("%H:%M") == "03:30"
    assert instant(date(2026, 10, 25), 4 * 60) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


def test_a_local_time_that_does_not_exist_is_the_clock_change() -> None:
    change = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert {instant(date(2027, 3, 28), minute) for minute in (180, 195, 210, 239, 240)} == {change}
    assert instant(date(2027, 3, 28), 241) == change + MINUTE


@pytest.mark.parametrize("day", [date(2026, 10, 25), date(2027, 3, 28), date(2026, 6, 1)])
def test_instants_never_go_back_when_the_local_minute_grows(day: date) -> None:
    instants = [instant(day, minute) for minute in range(1441)]
    assert instants == sorted(instants)


def test_the_october_night_is_13_hours_and_the_march_night_11() -> None:
    assert service_time(NIGHT, local("2026-10-24 20:00"), local("2026-10-25 08:00")) == 13 * HOUR
    assert service_time(NIGHT, local("2027-03-27 20:00"), local("2027-03-28 08:00")) == 11 * HOUR


def test_times_given_in_helsinki_are_counted_by_their_instants() -> None:
    start = datetime(2026, 10, 24, 20, 0, tzinfo=HELSINKI)
    end = datetime(2026, 10, 25, 8, 0, tzinfo=HELSINKI)
    assert service_time(ALWAYS_OPEN, start, end) == 13 * HOUR
    assert add_service_time(ALWAYS_OPEN, start, 13 * HOUR) == end.astimezone(UTC)


def test_always_open_counts_the_days_of_23_and_25_hours() -> None:
    assert service_time(ALWAYS_OPEN, local("2026-10-25"), local("2026-10-26")) == 25 * HOUR
    assert service_time(ALWAYS_OPEN, local("2027-03-28"), local("2027-03-29")) == 23 * HOUR


def test_always_open_never_closes() -> None:
    now = local("2026-12-24 23:59")
    assert is_open(ALWAYS_OPEN, now)
    assert next_opening(ALWAYS_OPEN, now) == now
    assert next_closing(ALWAYS_OPEN, now) is None
    assert end_of_service_day(ALWAYS_OPEN, now) == local("2026-12-25 00:00")


def test_the_opening_instant_is_open_and_the_closing_instant_is_not() -> None:
    assert is_open(OFFICE, local("2026-11-02 08:00"))
    assert not is_open(OFFICE, local("2026-11-02 07:59"))
    assert is_open(OFFICE, local("2026-11-02 14:59"))
    assert not is_open(OFFICE, local("2026-11-02 15:00"))


def test_friday_evening_opens_on_monday() -> None:
    assert next_opening(OFFICE, local("2026-10-30 15:00")) == local("2026-11-02 08:00")
    assert next_closing(OFFICE, local("2026-10-30 15:00")) == local("2026-11-02 15:00")
    assert next_closing(OFFICE, local("2026-10-30 14:00")) == local("2026-10-30 15:00")


def test_nights_that_touch_at_midnight_are_one_opening() -> None:
    assert next_closing(NIGHT, local("2026-11-02 22:00")) == local("2026-11-03 08:00")


def test_a_holiday_is_closed_and_an_exception_overrides_it() -> None:
    christmas = Hours(
        week=OFFICE.week,
        holidays=frozenset({date(2026, 12, 25)}),
        exceptions={date(2026, 12, 24): (Interval(480, 720),), date(2026, 12, 28): ()},
    )
    assert next_closing(christmas, local("2026-12-24 09:00")) == local("2026-12-24 12:00")
    assert next_opening(christmas, local("2026-12-24 12:00")) == local("2026-12-29 08:00")
    opened = Hours(
        week=OFFICE.week, holidays=christmas.holidays, exceptions={date(2026, 12, 25): (Interval(600, 660),)}
    )
    assert is_open(opened, local("2026-12-25 10:30"))


def test_service_time_leaves_nights_and_weekends_out() -> None:
    assert service_time(OFFICE, local("2026-10-30 14:00"), local("2026-11-02 09:00")) == 2 * HOUR
    assert service_time(OFFICE, local("2026-11-02 09:00"), local("2026-10-30 14:00")) == -2 * HOUR


def test_service_time_is_added_over_the_weekend() -> None:
    assert add_service_time(OFFICE, local("2026-10-30 14:00"), 2 * HOUR) == local("2026-11-02 09:00")
    assert add_service_time(OFFICE, local("2026-10-30 14:00"), HOUR) == local("2026-10-30 15:00")
    assert add_service_time(OFFICE, local("2026-10-31 12:00"), timedelta(0)) == local("2026-11-02 08:00")


def test_easter_monday_after_the_clock_change_is_closed() -> None:
    easter = Hours(week=OFFICE.week, holidays=DAYS_OFF)
    assert next_opening(easter, local("2027-03-25 15:00")) == local("2027-03-30 08:00")
    assert add_service_time(easter, local("2027-03-25 14:30"), HOUR) == local("2027-03-30 08:30")


def test_the_service_day_ends_the_same_day_or_the_next_one_that_opens() -> None:
    assert end_of_service_day(OFFICE, local("2026-11-02 14:59")) == local("2026-11-02 15:00")
    assert end_of_service_day(OFFICE, local("2026-11-02 06:00")) == local("2026-11-02 15:00")
    assert end_of_service_day(OFFICE, local("2026-11-02 15:00")) == local("2026-11-03 15:00")
    lunch = Hours(week=((Interval(480, 660), Interval(720, 960)),) * 7)
    assert end_of_service_day(lunch, local("2026-11-02 09:00")) == local("2026-11-02 16:00")


def test_hours_that_never_open_are_said_so() -> None:
    shut = Hours(week=((),) * 7)
    now = local("2026-11-02 09:00")
    assert not is_open(shut, now)
    assert next_opening(shut, now) is None
    assert next_closing(shut, now) is None
    with pytest.raises(NeverOpen):
        add_service_time(shut, now, MINUTE)
    with pytest.raises(NeverOpen):
        end_of_service_day(shut, now)


def test_naive_times_and_backward_sums_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        is_open(OFFICE, local("2026-11-02 09:00").replace(tzinfo=None))
    with pytest.raises(ValueError, match="forwards"):
        add_service_time(OFFICE, local("2026-11-02 09:00"), -MINUTE)
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(EVES_WORKED, date(2026, 11, 2), -1)
    with pytest.raises(ValueError, match="starts before"):
        Interval(900, 480)


@pytest.mark.parametrize(
    ("start", "closed_eves", "expected"),
    [
        ("2026-12-17", True, "2026-12-21"),
        ("2026-12-22", True, "2026-12-28"),  # 24-26 free
        ("2026-12-22", False, "2026-12-24"),
        ("2026-06-17", True, "2026-06-22"),  # Juhannus eve 19
        ("2026-06-17", False, "2026-06-19"),
        ("2026-04-30", True, "2026-05-05"),
        ("2026-05-13", True, "2026-05-18"),  # Ascension 14
        ("2026-10-30", True, "2026-11-03"),  # All Saints is Saturday
        ("2026-12-05", True, "2026-12-08"),  # Independence Day is Sunday
        ("2026-12-30", True, "2027-01-04"),
        ("2027-03-25", True, "2027-03-31"),  # Easter with the clock change
    ],
)
def test_two_working_days(start: str, closed_eves: bool, expected: str) -> None:
    calendar = EVES_CLOSED if closed_eves else EVES_WORKED
    assert add_working_days(calendar, date.fromisoformat(start), 2) == date.fromisoformat(expected)


def test_zero_working_days_is_the_first_at_or_after() -> None:
    assert add_working_days(EVES_WORKED, date(2026, 10, 31), 0) == date(2026, 11, 2)
    assert add_working_days(EVES_WORKED, date(2026, 11, 2), 0) == date(2026, 11, 2)


def test_a_year_has_the_published_number_of_working_days() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(is_working_day(EVES_WORKED, day) for day in days) == 254
    assert sum(is_working_day(EVES_CLOSED, day) for day in days) == 252


def test_the_local_date_is_helsinki() -> None:
    assert local_date(datetime(2026, 11, 1, 22, 30, tzinfo=UTC)) == date(2026, 11, 2)
    assert local_date(datetime(2026, 11, 1, 17, 30, tzinfo=ZoneInfo("America/New_York"))) == date(2026, 11, 2)
