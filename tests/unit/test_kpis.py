from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.county import LocalText, OutcomeCode
from core.hours import HELSINKI
from ensilinja.reporting import kpis
from ensilinja.reporting.definitions import DEFINITIONS
from ensilinja.reporting.facts import Fact, fold
from ensilinja.reporting.kpis import Terms
from ensilinja.reporting.numbers import Share, light, mean, percentile, recommended, share, spread
from tests import histories as told
from tests.builders import MONDAY
from tests.counties import a_county

UNIT_CODES = [
    OutcomeCode(
        id=code,
        name=LocalText(code, code, code),
        resolved=without,
        counts=True,
        survey=False,
        ends_callback=True,
        queue="ems",
        without_unit=without,
    )
    for code, without in (("no_unit", True), ("unit", False))
]
EVENING = MONDAY + timedelta(hours=12)
FRIDAY_AFTERNOON = datetime(2026, 11, 20, 15, 50, tzinfo=HELSINKI)


def terms(now: datetime = EVENING) -> Terms:
    return Terms(catalogue=a_county(), period=kpis.today(now), now=now)


def of(*histories: list[told.Step], start: datetime = MONDAY) -> list[Fact]:
    return [fold(told.events(steps, contact=n, start=start)) for n, steps in enumerate(histories, start=1)]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([15, 20, 35, 40, 50], 5, 15),
        ([15, 20, 35, 40, 50], 30, 20),
        ([15, 20, 35, 40, 50], 40, 20),
        ([15, 20, 35, 40, 50], 50, 35),
        ([15, 20, 35, 40, 50], 100, 50),
        ([3, 6, 7, 8, 8, 10, 13, 15, 16, 20], 25, 7),
        ([3, 6, 7, 8, 8, 10, 13, 15, 16, 20], 75, 15),
        ([3, 6, 7, 8, 8, 9, 10, 13, 15, 16, 20], 50, 9),
        (list(range(1, 11)), 90, 9),
        (list(range(1, 21)), 95, 19),
        (list(range(1, 102)), 90, 91),
        ([7], 90, 7),
        ([], 90, None),
    ],
)
def test_percentile_is_the_nearest_rank(values: list[float], percent: float, expected: float | None) -> None:
    assert percentile(values, percent) == expected


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_percentile_outside_the_range_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], percent)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 4], 7 / 3), ([0.1] * 10, 0.1), ([5], 5), ([], None), ([1e16, 1, -1e16], 1 / 3)],
)
def test_mean_is_exactly_summed(values: list[float], expected: float | None) -> None:
    assert mean(values) == expected


def test_no_data_is_none_and_carries_its_n() -> None:
    assert spread([]) == spread([None])
    assert (spread([]).n, spread([]).mean_s, spread([]).p90_s) == (0, None, None)
    assert share([]) == Share(n=0, count=0, percent=None)


def test_zero_delay_is_data() -> None:
    assert (spread([0]).n, spread([0]).mean_s) == (1, 0)


def test_clock_set_back_gives_no_negative_delay() -> None:
    assert spread([-5, 10]).mean_s == 5


def test_share_shows_those_without_a_verdict() -> None:
    assert share([True, False, None, True]) == Share(n=3, count=2, percent=200 / 3, left_out=1)


@pytest.mark.parametrize(
    ("value", "target", "lower", "word"),
    [
        (95, 95, False, "green"),
        (85.5, 95, False, "green"),
        (85, 95, False, "yellow"),
        (47.5, 95, False, "red"),
        (2, 2, True, "green"),
        (2.5, 2, True, "yellow"),
        (4, 2, True, "red"),
        (0, 5, True, "green"),
        (None, 95, False, "none"),
        (50, None, False, "none"),
    ],
)
def test_light_of_a_target(value: float | None, target: float | None, lower: bool, word: str) -> None:
    assert light(value, target, lower_is_better=lower) == word


def test_every_figure_has_one_definition_in_three_languages() -> None:
    assert kpis.FIGURES.keys() == DEFINITIONS.keys()
    for figure in DEFINITIONS.values():
        assert (
            figure.version >= 1
            and figure.formula
            and figure.unit in {"percent", "points", "seconds", "contacts"}
        )
        assert all(figure.name.get(lang) for lang in ("fi", "sv", "en"))


def test_every_figure_of_nothing_shows_no_number() -> None:
    for name in kpis.FIGURES:
        value = kpis.figure(name, [], terms()).value
        numbers = [getattr(value, field, None) for field in ("percent", "value")]
        assert numbers == [None, None]
        assert getattr(getattr(value, "service", None), "mean_s", None) is None


def test_chat_reply_delay_stops_at_the_first_human_message() -> None:
    delay = kpis.chat_reply_delay(of(told.chat(2), told.chat(4), told.chat(9), told.gone_chat()), terms())

    assert (delay.wall.n, delay.wall.mean_s, delay.wall.median_s, delay.wall.p90_s) == (3, 300, 240, 540)
    assert delay.service == delay.wall


def test_service_time_leaves_out_the_closed_hours() -> None:
    """Queued ten minutes before closing on Friday, answered twenty minutes after opening on Monday."""
    fact = of(told.chat(reply=64 * 60 + 30), start=FRIDAY_AFTERNOON)
    friday = Terms(catalogue=a_county(), period=kpis.today(FRIDAY_AFTERNOON), now=EVENING)

    delay = kpis.chat_reply_delay(fact, friday)

    assert delay.service.mean_s == 30 * 60
    assert delay.wall.mean_s == (64 * 60 + 30) * 60


def test_mean_over_services_is_not_the_mean_over_contacts() -> None:
    facts = of(told.chat(2), told.chat(2), told.chat(8, queue="physio"))

    assert kpis.chat_reply_delay(facts, terms()).service.mean_s == 240
    assert kpis.chat_reply_delay_services(facts, terms()).value == 300
    assert kpis.chat_reply_delay_services(facts, terms()).n == 2


def test_contact_belongs_to_the_period_of_its_arrival() -> None:
    facts = of(told.chat(), start=FRIDAY_AFTERNOON)

    assert kpis.chat_reply_delay(facts, terms()).wall.n == 0


def test_callback_share_knows_calls_handled_either_way() -> None:
    bridged = [told.received("call"), told.queued("call"), told.held(1)]
    gone = [told.received("call"), told.queued("call"), told.left(1), told.done(2, why="lapsed")]
    asked = told.callback()[:3]
    withdrawn = [*asked, told.ended(5)]
    facts = of(bridged, told.callback(), asked, withdrawn, gone, told.chat())

    assert kpis.callback_share(facts, terms()) == Share(n=3, count=2, percent=200 / 3, left_out=2)


def test_answered_directly_leaves_out_short_abandons_only() -> None:
    bridged = [told.received("call"), told.queued("call"), told.held(1)]
    short = [told.received("call"), told.queued("call"), told.left(0.1), told.done(2, why="lapsed")]
    long = [told.received("call"), told.queued("call"), told.left(3), told.done(5, why="lapsed")]
    facts = of(bridged, short, long, told.callback())

    assert kpis.answered_directly(facts, terms()) == Share(n=3, count=1, percent=100 / 3, left_out=1)


def test_callback_delay_counts_the_reached_only() -> None:
    missed = [*told.callback()[:3], told.dialled(31), told.attempted(32, "no_answer")]
    facts = of(told.callback(reached=61), told.callback(reached=121), missed)

    assert kpis.callback_delay(facts, terms()).wall.mean_s == 90 * 60
    assert kpis.callback_delay(facts, terms()).wall.n == 2
    assert kpis.callback_first_attempt(facts, terms()).wall.n == 3
    assert kpis.callback_first_attempt(facts, terms()).wall.mean_s == 70 * 60


def test_callback_in_promise_keeps_open_overdue_ones_in_the_denominator() -> None:
    open_overdue = told.callback(due=30)[:3]
    missed_in_time = [*told.callback(due=60)[:3], told.dialled(31), told.attempted(32, "no_answer")]
    not_rung = [*told.callback(due=60)[:3], told.dialled(31), told.attempted(32, "failed")]
    not_yet_due = told.callback(due=24 * 60)[:3]
    withdrawn = [*told.callback(due=60)[:3], told.ended(20)]
    withdrawn_late = [*told.callback(due=60)[:3], told.ended(80)]
    facts = of(
        told.callback(reached=30, due=60),
        told.callback(reached=90, due=60),
        open_overdue,
        missed_in_time,
        not_rung,
        not_yet_due,
        withdrawn,
        withdrawn_late,
    )

    assert kpis.callback_in_promise(facts, terms()) == Share(n=6, count=2, percent=100 / 3, left_out=1)


def test_second_promise_does_not_mend_the_first() -> None:
    replaced = [
        *told.callback(due=60)[:3],
        told.ended(70, "replaced_by"),
        told.promised(70, 120, promise=2),
        told.dialled(90),
        told.kept(90, promise=2),
    ]

    assert kpis.callback_in_promise(of(replaced), terms()) == Share(n=2, count=1, percent=50)
    assert kpis.promise_kept(of(replaced), terms()) == {"callback": Share(n=2, count=1, percent=50)}


def test_attempt_made_before_a_promise_does_not_keep_it() -> None:
    again = [
        *told.callback(due=60)[:3],
        told.dialled(20),
        told.attempted(21, "no_answer"),
        told.kept(20),
        told.promised(30, 120, promise=2),
    ]

    assert kpis.callback_in_promise(of(again), terms()) == Share(n=2, count=1, percent=50)


def test_promises_are_apart_by_kind_and_belong_to_their_due_day() -> None:
    facts = of(
        [told.promised(0, 60), told.kept(50)],
        [told.promised(0, 60, kind="message"), told.kept(70)],
        [told.promised(0, 24 * 60), told.kept(50)],
    )

    assert kpis.promise_kept(facts, terms()) == {
        "callback": Share(n=1, count=1, percent=100),
        "message": Share(n=1, count=0, percent=0),
    }


def test_callback_same_day_is_of_requests_in_opening_hours() -> None:
    in_hours = of(told.callback(reached=60), told.callback(reached=24 * 60), told.callback()[:3])
    at_night = of(told.callback(), start=EVENING)

    assert kpis.callback_same_day(in_hours + at_night, terms()) == Share(n=3, count=1, percent=100 / 3)


def test_resolution_leaves_out_outcomes_that_do_not_count() -> None:
    duplicate = [*told.chat(), told.outcome(60, "duplicate", resolved=False, counts=False)]
    open_chat = told.chat()[:5]
    facts = of(told.chat(), told.chat(resolved=False), told.chat(), duplicate, open_chat)

    assert kpis.resolution_declared(facts, terms()) == Share(n=3, count=2, percent=200 / 3, left_out=1)


def test_a_task_counts_by_whether_its_outcome_needed_a_unit() -> None:
    def task(code: str) -> list[told.Step]:
        begun = [told.received("task", "ems"), told.queued(queue="ems", channel="callback")]
        return [*begun, told.held(5, "ems"), told.outcome(9, code)]

    facts = of(task("no_unit"), task("unit"), task("no_unit"), task("duplicate"), told.chat())
    county = replace(terms().catalogue, outcomes=(*terms().catalogue.outcomes, *UNIT_CODES))

    share = kpis.ems_without_unit(facts, replace(terms(), catalogue=county))

    assert (share.n, share.count, share.left_out) == (3, 2, 1)


def test_resolution_over_services_is_by_the_queue_that_closed() -> None:
    moved = [
        told.received(),
        told.queued(),
        told.held(1),
        (2, "entry.transferred", {"queue": "physio", "from_queue": "nurse"}),
        told.outcome(9, resolved=False),
    ]
    facts = of(told.chat(), moved)

    assert kpis.resolution_declared_services(facts, terms()).value == 50


def test_abandonment_leaves_out_the_short_band() -> None:
    short, long = told.gone_chat(after=0.5), told.gone_chat(after=0.51)

    assert kpis.abandonment(of(short, long, told.chat()), terms()) == Share(
        n=2, count=1, percent=50, left_out=1
    )


def test_promised_callback_is_not_abandoned() -> None:
    moved = [told.received(), told.queued(), told.promised(3, 120), told.left(4), told.done(14, why="lapsed")]

    assert kpis.abandonment(of(moved), terms()).count == 0


def test_resident_who_left_after_an_answer_has_not_abandoned() -> None:
    answered = [*told.chat()[:5], told.left(9), told.done(19, why="lapsed")]

    assert kpis.abandonment(of(answered), terms()).count == 0


def test_service_level_keeps_abandoned_ones_in_the_denominator() -> None:
    facts = of(told.chat(1), told.chat(5), told.gone_chat(after=1), told.gone_chat(after=0.2))

    assert kpis.service_level(facts, terms()) == Share(n=3, count=1, percent=100 / 3, left_out=1)


def test_service_level_waits_for_those_still_within_their_target() -> None:
    waiting = of([told.received(), told.queued()])

    assert kpis.service_level(waiting, terms(MONDAY + timedelta(minutes=1))).left_out == 1
    assert kpis.service_level(waiting, terms(MONDAY + timedelta(minutes=3))).percent == 0


def test_service_level_has_no_verdict_on_what_another_contact_answered() -> None:
    sibling = [told.received(), told.queued(), told.done(9, why="elsewhere")]

    assert kpis.service_level(of(sibling), terms()) == Share(n=0, count=0, percent=None, left_out=1)


def test_assessment_is_a_professionals_act_on_the_same_day() -> None:
    unassessed = [told.received(), told.queued()]
    next_day = [told.received(), told.queued(), told.assessed(24 * 60)]
    no_law = told.chat(queue="elderly")
    at_night = of(told.chat(), start=EVENING)
    facts = of(told.chat(), unassessed, next_day, no_law) + at_night

    assert kpis.assessed_same_day(facts, terms()) == Share(n=3, count=1, percent=100 / 3)


SCORES = st.lists(st.integers(0, 10), min_size=5, max_size=40)


@settings(max_examples=40, deadline=None)
@given(SCORES, st.integers(0, 30))
def test_nps_is_the_part_of_promoters_less_that_of_detractors(scores: list[int], silent: int) -> None:
    asked = [told.surveyed(score) for score in scores] + [told.surveyed(None)] * silent
    found = kpis.nps(of(*asked, told.chat()), terms())
    parts = [
        Fraction(sum(low <= one <= high for one in scores), len(scores)) for low, high in ((9, 10), (0, 6))
    ]

    assert found.value is not None and found.value == pytest.approx(float(100 * (parts[0] - parts[1])))
    assert -100 <= found.value <= 100
    assert (found.n, found.asked) == (len(scores), len(scores) + silent)
    assert found == kpis.nps(of(*reversed(asked)), terms())  # whoever answered first


@given(SCORES, st.integers(0, 10))
def test_a_better_answer_never_lowers_nps(scores: list[int], better: int) -> None:
    value = recommended(len(scores), scores).value
    raised = recommended(len(scores), [max(scores[0], better), *scores[1:]]).value

    assert value is not None and raised is not None and raised >= value


@pytest.mark.parametrize("n", range(5))
def test_few_answers_are_hidden(n: int) -> None:
    found = kpis.nps(of(*[told.surveyed(10)] * n, told.surveyed(None)), terms())

    assert (found.n, found.asked, found.value) == (n, n + 1, None)
    assert found.answered_percent == 100 * n / (n + 1)


def test_only_the_first_answer_counts() -> None:
    twice = [*told.surveyed(9), (30, "survey.answered", {"score": 0})]

    assert [fact.survey_score for fact in of(twice)] == [9]


def test_volume_is_by_channel_line_and_queue_without_second_matters() -> None:
    second = [told.received("call", born_of=1)]
    facts = of(told.chat(), told.chat(queue="physio"), told.callback(), told.callback(), second)

    assert kpis.volume(facts, terms()) == {
        ("chat", None, "nurse"): 1,
        ("chat", None, "physio"): 1,
        ("call", "ensilinja", "nurse"): 2,
    }


def test_queue_the_county_no_longer_has_still_has_plain_time() -> None:
    delay = kpis.chat_reply_delay(of(told.chat(3, queue="gone")), terms())

    assert (delay.wall.n, delay.service.n, delay.service.mean_s) == (1, 0, None)


def test_day_and_quarter_follow_the_helsinki_calendar() -> None:
    change = kpis.helsinki_day(date(2026, 10, 25))
    last = kpis.quarter(2026, 4)

    assert change.end - change.start == timedelta(hours=25)
    assert last.start == datetime(2026, 10, 1, tzinfo=HELSINKI)
    assert last.end == datetime(2027, 1, 1, tzinfo=HELSINKI)
    assert kpis.quarter(2026, 1).end == kpis.quarter(2026, 2).start
