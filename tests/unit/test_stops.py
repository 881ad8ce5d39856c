"""When a queue takes no more live contacts today, and that it never stops an urgent one."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from core.catalogue import load_catalogue
from core.hours import ALWAYS_OPEN, HELSINKI, Hours, Interval
from core.urgency import Urgency
from router.rules import chat_route
from router.stops import Standing, Stop, is_always_taken, next_day_opening, stop_of

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "config" / "oma-hame")
DOOR, NURSE = CATALOGUE.door("terveys_chat"), CATALOGUE.queue("nurse")
MORNINGS = Hours(week=((Interval(540, 660),),) * 5 + ((), ()))  # 9-11


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=HELSINKI)


@pytest.mark.parametrize(
    ("clock", "stop"),
    [
        ("24 07:59", None),
        ("24 08:00", None),
        ("24 13:29", None),
        ("24 13:30", Stop.CLOCK),
        ("24 13:59", Stop.CLOCK),
        ("24 14:00", None),
    ],
)
def test_the_clock_stops_a_queue_or_a_door_only_while_it_is_open(clock: str, stop: Stop | None) -> None:
    assert stop_of(replace(NURSE, intake_until=810), DOOR, Standing(), local(clock)) is stop
    assert stop_of(NURSE, replace(DOOR, intake_until=810), Standing(), local(clock)) is stop


def test_the_earlier_clock_of_queue_and_door_holds() -> None:
    early = replace(NURSE, intake_until=720)
    assert stop_of(early, replace(DOOR, intake_until=810), Standing(), local("24 12:00")) is Stop.CLOCK


@pytest.mark.parametrize(
    ("waiting", "ready", "stop"),
    [(11, 2, None), (12, 2, Stop.FORECAST), (12, 3, None), (500, 0, None), (0, 1, None)],
)
def test_a_line_that_lasts_over_the_closing_stops_the_queue(
    waiting: int, ready: int, stop: Stop | None
) -> None:
    queue = replace(NURSE, contact_minutes=10)
    assert stop_of(queue, DOOR, Standing(waiting=waiting, ready=ready), local("24 13:00")) is stop


def test_a_county_without_the_settings_never_stops() -> None:
    assert stop_of(NURSE, DOOR, Standing(waiting=900, ready=1), local("24 13:59")) is None


def test_intake_hours_that_end_before_the_service_stop_the_queue() -> None:
    assert stop_of(replace(NURSE, intake_hours=MORNINGS), DOOR, Standing(), local("24 11:00")) is Stop.HOURS
    assert stop_of(replace(NURSE, intake_hours=MORNINGS), DOOR, Standing(), local("24 10:59")) is None


def test_the_urgent_are_always_taken() -> None:
    assert [is_always_taken(level) for level in Urgency] == [True, True, True, False, False, False]


def test_the_next_opening_is_on_another_day() -> None:
    assert next_day_opening(NURSE.service_hours, local("24 07:00")) == local("25 08:00")
    assert next_day_opening(NURSE.service_hours, local("27 12:00")) == local("30 08:00")
    assert next_day_opening(ALWAYS_OPEN, local("24 12:00")) == local("25 00:00")


def test_a_queue_with_other_hours_than_the_door_is_not_live_without_them() -> None:
    county = replace(CATALOGUE, queues=(replace(NURSE, service_hours=MORNINGS),))

    def routed(clock: str) -> tuple[str, datetime | None]:
        found = chat_route(
            urgency=Urgency.NON_URGENT, topic_queue="nurse", catalogue=county, now=local(clock), door=DOOR
        )
        return found.channel, found.opens_at

    assert routed("24 08:30") == ("message", local("24 09:00"))
    assert routed("24 09:00") == ("chat", None)
    assert routed("24 11:00") == ("message", local("25 09:00"))
    assert routed("27 11:00") == ("message", local("30 09:00"))


def test_a_message_is_read_as_soon_as_its_queue_is_open() -> None:
    afternoon = chat_route(
        urgency=Urgency.NON_URGENT,
        topic_queue="nurse",
        catalogue=CATALOGUE,
        now=local("24 14:30"),
        door=DOOR,
    )
    assert (afternoon.channel, afternoon.service_open) == ("message", True)


def test_who_is_put_off_until_tomorrow_is_due_from_then_on() -> None:
    tomorrow = local("25 08:00")
    put_off = chat_route(
        urgency=Urgency.NON_URGENT, topic_queue="nurse", catalogue=CATALOGUE, now=local("24 12:00"),
        door=DOOR, not_before=tomorrow,
    )  # fmt: skip
    assert (put_off.channel, put_off.opens_at) == ("message", tomorrow)
    assert put_off.due_at == local("25 15:00")
