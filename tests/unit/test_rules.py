from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue import ChatDoor, Queue, UnknownId, load_catalogue
from core.hours import HELSINKI, end_of_service_day, is_open
from core.urgency import Urgency
from router.rules import Route, route, service_hours
from tests.faults.sizes import sized

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "config" / "oma-hame")
CHAT = CATALOGUE.door("terveys_chat")
ELDERLY, DENTAL = CATALOGUE.line("elderly"), CATALOGUE.line("dental")
MONDAY_TEN = "2026-11-02 10:00"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)


def chat(urgency: Urgency, at: str = MONDAY_TEN, tags: frozenset[str] = frozenset()) -> Route:
    return route(
        urgency=urgency,
        topic_queue="mental",
        channel="chat",
        door=CHAT,
        catalogue=CATALOGUE,
        now=local(at),
        tags=tags,
    )


def call(
    line_id: str, urgency: Urgency | None = None, channel: str = "callback", at: str = MONDAY_TEN
) -> Route:
    return route(
        urgency=urgency, topic_queue=None, channel=channel, line=CATALOGUE.line(line_id), catalogue=CATALOGUE,
        now=local(at),
    )  # fmt: skip


def test_tiers_are_emergency_or_self_harm_then_emergency_duty_then_the_rest() -> None:
    assert [chat(urgency).tier for urgency in Urgency] == [0, 1, 2, 2, 2, 2]
    self_harm = chat(Urgency.SAME_DAY, tags=frozenset({"self_harm"}))
    assert self_harm.tier == 0 and "tier:self_harm" in self_harm.why


def test_the_topic_names_the_queue_and_the_line_names_it_otherwise() -> None:
    assert chat(Urgency.SAME_DAY).queue == "mental"
    assert call("elderly").queue == "nurse"
    astray = route(
        urgency=None, topic_queue=None, channel="chat", door=CHAT, catalogue=CATALOGUE, now=local(MONDAY_TEN)
    )
    assert astray.queue == "nurse" and astray.why[:2] == ("queue:door", "level:none")


def test_a_call_without_answers_has_the_level_of_its_line() -> None:
    assert call("dental").urgency is Urgency.DAYS_1_3
    assert call("dental", Urgency.ED).urgency is Urgency.ED


def test_a_chat_is_due_by_its_target_in_service_time() -> None:
    assert chat(Urgency.SAME_DAY).due_at == local("2026-11-02 10:10")
    assert chat(Urgency.SAME_DAY, "2026-11-02 21:00").due_at == local("2026-11-03 08:10")


def test_nothing_lengthens_the_same_day_assessment() -> None:
    late = chat(Urgency.NON_URGENT, "2026-11-02 13:55")
    assert late.due_at == local("2026-11-02 14:00") and "due:same_day" in late.why
    assert call("dental", Urgency.SELF_CARE, at="2026-11-02 14:00").due_at == local("2026-11-02 15:00")


def test_a_closed_service_still_gives_a_due_time_and_tells_when_it_opens() -> None:
    night = chat(Urgency.EMERGENCY, "2026-11-06 22:00")
    assert (night.tier, night.intake_open, night.service_open) == (0, True, False)
    assert night.opens_at == local("2026-11-09 08:00") and night.due_at == local("2026-11-09 08:01")
    assert "hours:closed" in night.why
    assert chat(Urgency.SAME_DAY).opens_at is None


def test_an_elderly_callback_is_due_by_its_own_promise_unless_it_is_urgent() -> None:
    assert call("elderly").due_at == local("2026-11-03 15:00")
    assert call("elderly", Urgency.SAME_DAY).due_at == local("2026-11-02 12:00")
    assert call("elderly", channel="call").due_at == local("2026-11-02 10:10")


def test_the_due_time_counts_from_the_arrival_and_not_before_the_agreed_time() -> None:
    def due(**times: datetime) -> datetime:
        return route(
            urgency=Urgency.SAME_DAY, topic_queue="nurse", channel="callback", catalogue=CATALOGUE,
            now=local("2026-11-02 11:00"), **times,
        ).due_at  # fmt: skip

    assert due() == local("2026-11-02 13:00")
    assert due(arrived_at=local(MONDAY_TEN)) == local("2026-11-02 12:00")
    assert due(arrived_at=local(MONDAY_TEN), not_before=local("2026-11-03 09:00")) == local(
        "2026-11-03 11:00"
    )
    assert due(arrived_at=local(MONDAY_TEN), not_before=local("2026-11-01 09:00")) == local(
        "2026-11-02 12:00"
    )


def test_a_line_whose_topic_belongs_elsewhere_follows_the_other_queue() -> None:
    moved = route(
        urgency=Urgency.NON_URGENT, topic_queue="dental", channel="callback", line=ELDERLY,
        catalogue=CATALOGUE, now=local(MONDAY_TEN),
    )  # fmt: skip
    assert moved.queue == "dental" and moved.due_at == local("2026-11-02 15:00")


def test_an_unknown_queue_is_refused_and_one_the_door_does_not_serve_is_not_taken() -> None:
    with pytest.raises(UnknownId):
        route(urgency=None, topic_queue="x", channel="chat", catalogue=CATALOGUE, now=local(MONDAY_TEN))
    with pytest.raises(UnknownId):
        route(urgency=None, topic_queue=None, channel="chat", catalogue=CATALOGUE, now=local(MONDAY_TEN))
    with pytest.raises(UnknownId):
        route(urgency=None, topic_queue="nurse", channel="fax", catalogue=CATALOGUE, now=local(MONDAY_TEN))
    routed = route(
        urgency=None, topic_queue="x", channel="chat", door=CHAT, catalogue=CATALOGUE, now=local(MONDAY_TEN)
    )
    assert routed.queue == "nurse"


@settings(max_examples=sized(300, 2_000, 20_000))
@given(
    st.integers(0, 10 * 365 * 24 * 60),
    st.sampled_from(["chat", "call", "callback", "message", "form", "voicemail", "task"]),
    st.sampled_from([queue for queue in CATALOGUE.queues if not queue.tasks]),
    st.sampled_from([None, CHAT]),
)
def test_more_urgent_is_never_due_later_and_never_past_the_service_day(
    minutes: int, channel: str, queue: Queue, door: ChatDoor | None
) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    routes = [
        route(urgency=urgency, topic_queue=queue.id, channel=channel, door=door, catalogue=CATALOGUE, now=now)
        for urgency in Urgency
    ]
    hours = service_hours(queue, channel, None, door)
    dues = [found.due_at for found in routes]
    assert dues == sorted(dues) and [found.tier for found in routes] == [0, 1, 2, 2, 2, 2]
    assert all(now < due for due in dues)
    assert not queue.same_day_law or all(due <= end_of_service_day(hours, now) for due in dues)
    assert routes[0].service_open == is_open(hours, now) == (routes[0].opens_at is None)
