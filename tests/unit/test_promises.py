from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue import Line, LocalText, PromiseKind, PromiseRule, Queue, load_catalogue
from core.hours import ALWAYS_OPEN, HELSINKI, Calendar, Hours, Interval, is_open, local_date
from core.urgency import Urgency
from router.promises import binding_due, callback_due, is_broken, told_range
from tests.faults.sizes import sized

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "config" / "oma-hame")
ELDERLY, DENTAL, NURSE = CATALOGUE.line("elderly"), CATALOGUE.line("dental"), CATALOGUE.queue("nurse")
CALENDAR = CATALOGUE.calendar
TEXT = LocalText(fi="a", sv="b", en="c")
OFFICE = Hours(week=((Interval(480, 960),),) * 5 + ((), ()))
IN_TWO_HOURS = Queue(
    id="q", name=TEXT, profession=TEXT, service_hours=OFFICE, intake_hours=OFFICE,
    targets={("callback", Urgency.ED): timedelta(minutes=30)},
    promise=PromiseRule(kind=PromiseKind.SERVICE_TIME, minutes=120, told=TEXT),
)  # fmt: skip
MINUTE = timedelta(minutes=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)


@pytest.mark.parametrize(
    ("requested", "due", "binding"),
    [
        ("2026-11-02 10:00", "2026-11-03 15:00", "2026-11-04 15:00"),
        ("2026-11-02 07:00", "2026-11-03 15:00", "2026-11-04 15:00"),
        ("2026-10-30 14:59", "2026-11-02 15:00", "2026-11-03 15:00"),  # Friday; All Saints is Saturday
        ("2026-10-31 12:00", "2026-11-02 15:00", "2026-11-03 15:00"),
        ("2027-03-25 10:00", "2027-03-30 15:00", "2027-03-31 15:00"),  # Easter with the clock change
        ("2026-12-23 10:00", "2026-12-24 15:00", "2026-12-28 15:00"),  # the eve is worked
    ],
)
def test_the_elderly_line_promises_the_next_working_day_and_is_bound_by_two(
    requested: str, due: str, binding: str
) -> None:
    assert callback_due(ELDERLY, local(requested), CALENDAR) == local(due)
    assert binding_due(ELDERLY, local(requested), CALENDAR) == local(binding)


@pytest.mark.parametrize(
    ("requested", "due"),
    [
        ("2026-11-02 08:00", "2026-11-02 15:00"),
        ("2026-11-02 14:59", "2026-11-02 15:00"),
        ("2026-11-02 15:00", "2026-11-03 15:00"),
        ("2026-11-06 20:00", "2026-11-09 15:00"),
        ("2027-12-05 20:00", "2027-12-07 15:00"),  # Independence Day is Monday
    ],
)
def test_the_oral_health_line_promises_the_same_service_day(requested: str, due: str) -> None:
    assert callback_due(DENTAL, local(requested), CALENDAR) == local(due)


WEEKDAYS = Hours(week=((Interval(0, 1440),),) * 5 + ((), ()))


@pytest.mark.parametrize(
    ("hours", "requested", "due"),
    [
        (ALWAYS_OPEN, "2026-11-02 22:59", "2026-11-03 00:00"),
        (ALWAYS_OPEN, "2026-11-02 23:00", "2026-11-03 00:00"),
        (ALWAYS_OPEN, "2026-11-02 23:01", "2026-11-04 00:00"),
        (ALWAYS_OPEN, "2026-11-03 00:00", "2026-11-04 00:00"),
        (WEEKDAYS, "2026-11-05 23:59", "2026-11-07 00:00"),  # Thursday: Friday goes on
        (WEEKDAYS, "2026-11-06 23:59", "2026-11-07 00:00"),  # Friday: it closes
    ],
)
def test_a_day_that_goes_on_past_midnight_promises_no_minutes(hours: Hours, requested: str, due: str) -> None:
    assert callback_due(replace(DENTAL, hours=hours), local(requested), CALENDAR) == local(due)
    assert binding_due(DENTAL, local(requested), CALENDAR) is None


def test_a_promise_in_service_time_is_told_in_quarters_and_ends_with_the_day() -> None:
    assert callback_due(IN_TWO_HOURS, local("2026-11-02 09:03"), CALENDAR) == local("2026-11-02 11:15")
    assert callback_due(IN_TWO_HOURS, local("2026-11-02 15:30"), CALENDAR) == local("2026-11-02 16:00")
    assert callback_due(IN_TWO_HOURS, local("2026-11-02 17:00"), CALENDAR) == local("2026-11-03 10:00")


@settings(max_examples=sized(300, 2_000, 20_000))
@given(
    st.integers(0, 10 * 365 * 24 * 60),
    st.integers(0, 10_000),
    st.sampled_from(
        [
            (ELDERLY, ELDERLY.hours),
            (DENTAL, DENTAL.hours),
            (NURSE, NURSE.service_hours),
            (IN_TWO_HOURS, OFFICE),
        ]
    ),
)
def test_promises_are_after_the_request_monotone_and_end_in_service(
    minutes: int, more: int, asked: tuple[Line | Queue, Hours]
) -> None:
    who, hours = asked
    at = datetime(2024, 1, 1, tzinfo=UTC) + minutes * MINUTE
    due = callback_due(who, at, CALENDAR)
    assert due > at
    assert due <= callback_due(who, at + more * MINUTE, CALENDAR)
    assert is_open(hours, due - MINUTE)


def test_a_callback_is_told_as_a_range_that_never_ends_after_its_due() -> None:
    due = local("2026-11-02 15:00")
    told = told_range(local("2026-11-02 09:07"), due, OFFICE)
    assert (told.start, told.end, told.on) == (local("2026-11-02 09:00"), due, local_date(due))
    evening = told_range(local("2026-11-01 20:00"), due, OFFICE)
    assert (evening.start, evening.end) == (local("2026-11-02 08:00"), due)
    late = told_range(local("2026-11-02 15:30"), due, OFFICE)
    assert late.start == late.end == due


def test_a_promise_is_broken_by_its_due_and_never_mended() -> None:
    due = local("2026-11-02 15:00")
    assert not is_broken(due, None, due)
    assert is_broken(due, None, due + MINUTE)
    assert not is_broken(due, due, due + MINUTE)
    assert is_broken(due, due + MINUTE, due + MINUTE)


def test_a_promise_withdrawn_in_time_is_not_broken_and_one_replaced_late_is() -> None:
    due = local("2026-11-02 15:00")
    assert not is_broken(due, None, due + 9 * MINUTE, ended_at=due - MINUTE)
    assert is_broken(due, None, due + 9 * MINUTE, ended_at=due + MINUTE)
    assert not is_broken(due, due - MINUTE, due + 9 * MINUTE, ended_at=due + MINUTE)


def test_a_calendar_without_holidays_counts_weekdays() -> None:
    assert callback_due(ELDERLY, local("2026-11-06 10:00"), Calendar()) == local("2026-11-09 15:00")
