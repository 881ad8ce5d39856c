import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.catalogue import Catalogue, LocalText, UnknownId, load_catalogue
from core.county import CallBack, Tries
from core.faults import ConfigFaults
from core.hours import add_working_days, is_open, is_working_day
from core.hours_file import public_holidays
from core.urgency import Urgency

OMA_HAME = Path(__file__).parents[2] / "config" / "oma-hame"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(OMA_HAME)


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "county"
    folder.mkdir()
    for file in OMA_HAME.glob("*.toml"):
        shutil.copy(file, folder)
    return folder


def faults_of(county: Path) -> list[str]:
    with pytest.raises(ConfigFaults) as raised:
        load_catalogue(county)
    return [str(fault) for fault in raised.value.faults]


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


QUEUES = ("nurse", "physio", "mental", "dental", "maternity", "social", "info")


def test_oma_hame_has_seven_queues_behind_one_chat_and_one_for_tasks(catalogue: Catalogue) -> None:
    assert tuple(queue.id for queue in catalogue.queues) == (*QUEUES, "ems")
    assert catalogue.task_queue().id == "ems"
    assert catalogue.door("terveys_chat").queues == QUEUES
    assert catalogue.queue("mental").chat_weight == 2


def test_a_number_that_was_not_found_is_left_out(catalogue: Catalogue) -> None:
    assert catalogue.line("health_station").number is None
    assert catalogue.line("dental").number is not None
    assert catalogue.line_of_number(catalogue.line("elderly").number or "").id == "elderly"


def test_every_outcome_key_is_taken_once_and_codes_out_of_the_figures_are_never_resolved(
    catalogue: Catalogue,
) -> None:
    assert sorted(outcome.key for outcome in catalogue.outcomes if outcome.key) == list(range(1, 10))
    out = {outcome.id for outcome in catalogue.outcomes if not outcome.counts}
    assert out == {"WRONG_CHANNEL", "ABANDONED", "DUPLICATE", "WITHDRAWN"}
    assert not any(outcome.survey for outcome in catalogue.outcomes if not outcome.counts)
    assert not catalogue.outcome("REFERRED_112").survey
    assert not catalogue.outcome("ABANDONED").ends_callback


def test_urgency_never_lengthens_a_target(catalogue: Catalogue) -> None:
    for queue in catalogue.queues:
        for channel in ("chat", "call", "callback", "message", "form", "task", "voicemail"):
            targets = [queue.target(channel, urgency) for urgency in Urgency]
            assert targets == sorted(targets) and targets[0] >= timedelta(minutes=1)


def test_an_unknown_id_is_a_typed_error_that_does_not_repeat_it(catalogue: Catalogue) -> None:
    lookups: list[Callable[[str], object]] = [
        catalogue.queue, catalogue.line, catalogue.door, catalogue.outcome, catalogue.help_number,
        catalogue.line_of_number, lambda channel: catalogue.queue("nurse").target(channel, Urgency.ED),
    ]  # fmt: skip
    for lookup in lookups:
        with pytest.raises(UnknownId) as raised:
            lookup("<script>")
        assert "script" not in str(raised.value)


def test_the_assessment_is_taken_at_any_hour_and_the_chat_in_the_day(catalogue: Catalogue) -> None:
    door = catalogue.door("terveys_chat")
    for night in (datetime(2026, 11, 3, 22, 30, tzinfo=UTC), datetime(2026, 12, 25, 2, tzinfo=UTC)):
        assert is_open(door.intake_hours, night) and not is_open(door.service_hours, night)
    independence_day = datetime(2027, 12, 6, 10, 0, tzinfo=UTC)
    assert not is_open(door.service_hours, independence_day)


def test_an_eve_is_a_working_day_unless_the_county_says_no(catalogue: Catalogue, county: Path) -> None:
    assert is_working_day(catalogue.calendar, date(2026, 12, 24))
    change(county / "hours.toml", "closed_eves = []", 'closed_eves = ["jouluaatto", "juhannusaatto"]')
    calendar = load_catalogue(county).calendar
    assert add_working_days(calendar, date(2026, 12, 22), 2) == date(2026, 12, 28)
    assert add_working_days(calendar, date(2026, 6, 17), 2) == date(2026, 6, 22)


def test_the_county_may_add_and_remove_days_off(county: Path) -> None:
    change(county / "hours.toml", "closed = []", 'closed = ["2026-11-30"]')
    change(county / "hours.toml", "open = []", 'open = ["2026-05-14"]')
    calendar = load_catalogue(county).calendar
    assert not is_working_day(calendar, date(2026, 11, 30))
    assert is_working_day(calendar, date(2026, 5, 14))


def test_the_calendar_agrees_with_the_published_days() -> None:
    weekdays = [day for day in public_holidays("FI", ()) if day.year == 2026 and day.weekday() < 5]
    assert sorted(weekdays) == [
        date(2026, 1, 1), date(2026, 1, 6), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1),
        date(2026, 5, 14), date(2026, 12, 25),
    ]  # fmt: skip


def test_a_text_falls_back_to_finnish() -> None:
    text = LocalText(fi="a", sv="b", en="c")
    assert [text.get(lang) for lang in ("fi", "sv", "en", "ru")] == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("hours.toml", "08:00-14:00", "08:00-25:00",
         "hours.toml: hours.chat_service.weekdays: '08:00-25:00'"),
        ("hours.toml", "08:00-14:00", "14:00-08:00", "'14:00-08:00' is not an interval"),
        ("hours.toml", "08:00-14:00", "08:60-14:00", "'08:60-14:00' is not an interval"),
        ("hours.toml", "08:00-14:00", "8-14", "'8-14' is not an interval"),
        ("hours.toml", '["08:00-14:00"]', '["08:00-12:00", "11:00-14:00"]', "two intervals overlap"),
        ("hours.toml", '["08:00-14:00"]', "[]", "the hours never open"),
        ("hours.toml", '["08:00-14:00"]', "8", "hours.chat_service.weekdays: must be a list of texts"),
        ("hours.toml", '["08:00-14:00"]', "[8]", "hours.chat_service.weekdays: must be a list of texts"),
        ("hours.toml", "closed = []", 'closed = ["2026-02-30"]',
         "calendar.closed: '2026-02-30' is not a date"),
        ("hours.toml", "closed = []", 'closed = ["20260228"]', "calendar.closed: '20260228' is not a date"),
        ("hours.toml", "closed_eves = []", 'closed_eves = ["vappuaatto"]', "'vappuaatto' is not one of"),
        ("hours.toml", 'country = "FI"', 'country = "XX"', "calendar.country: must be one of FI"),
        ("hours.toml", 'holidays = "open"', 'holidays = "maybe"',
         "hours.chat_intake.holidays: must be one of"),
        ("hours.toml", 'holidays = "open"', 'exceptions = { "2026-13-01" = [] }',
         "'2026-13-01' is not a date"),
        ("hours.toml", 'holidays = "open"', 'mondey = ["08:00-09:00"]',
         "hours.chat_intake.mondey: unknown key"),
        ("hours.toml", "[hours.office]", "[hours.offise]", "hours.toml has no hours 'office'"),
        ("hours.toml", "[calendar]", "[calendar", "hours.toml: not TOML"),
        ("queues.toml", 'id = "physio"', 'id = "nurse"', "queues.toml: queue: 'nurse' is given twice"),
        ("queues.toml", 'id = "physio"', 'id = "Physio!"', "queue[Physio!].id: an id has small"),
        ("queues.toml", 'id = "physio"', "id = 7", "queue[7].id: must be a text"),
        ("queues.toml", 'id = "physio"\n', "", "queue[2].id: is missing"),
        ("queues.toml", "chat_weight = 2", "chat_weight = 0", "queue[mental].chat_weight: must be 1-10"),
        ("queues.toml", "chat_weight = 2", 'chat_weight = "2"', "chat_weight: must be a whole number"),
        ("queues.toml", "chat_weight = 2", "chat_weight = true", "chat_weight: must be a whole number"),
        ("queues.toml", "chat_weight = 2", "chat_wait = 2", "queue[mental].chat_wait: unknown key"),
        ("queues.toml", "chat_weight = 2", "floor_share = 1.5", "queue[mental].floor_share: must be 0-1"),
        ("queues.toml", "chat_weight = 2", 'same_day_law = "no"', "same_day_law: must be true or false"),
        ("queues.toml", 'kind = "same_day"', 'kind = "soon"', "promise.kind: must be one of"),
        ("queues.toml", 'kind = "same_day"', 'kind = "service_time"', "promise.minutes: is missing"),
        ("queues.toml", 'kind = "same_day"', 'kind = "working_days"', "promise.days: is missing"),
        ("queues.toml", 'kind = "same_day"', 'kind = "same_day"\nbinding_days = 2',
         "binding_days: is only for"),
        ("queues.toml", "NON_URGENT = 20\n", "", "targets.chat.NON_URGENT: is missing"),
        ("queues.toml", "NON_URGENT = 20", "NON_URGENT = 2",
         "targets.chat: a more urgent level has a longer"),
        ("queues.toml", "NON_URGENT = 20", "NON_URGENT = 0", "targets.chat.NON_URGENT: must be 1-10000"),
        ("queues.toml", "NON_URGENT = 20", "NON_URGENT = 20\nLATER = 9", "targets.chat.LATER: unknown key"),
        ("queues.toml", "[targets.message]", "[targets.fax]", "targets.message: is missing"),
        ("queues.toml", 'sv = "Munhälsa", ', "", "queue[dental].name.sv: is missing"),
        ("queues.toml", 'sv = "Munhälsa", ', 'sv = " ", ', "queue[dental].name.sv: must be a text of 1-"),
        ("queues.toml", 'sv = "Munhälsa", ', 'sv = "M", se = "x", ', "queue[dental].name.se: unknown key"),
        ("queues.toml", "[targets.chat]", "[[queue]]\n[targets.chat]", "queue[1].id: is missing"),
        ("lines.toml", 'queue = "dental"', 'queue = "dentist"', "queues.toml has no queue 'dentist'"),
        ("lines.toml", '"physio", ', '"fysio", ',
         "chat[terveys_chat].queues: queues.toml has no queue 'fysio'"),
        ("lines.toml", '"physio", ', '"nurse", ', "chat[terveys_chat].queues: has the same item twice"),
        ("lines.toml", '["nurse", "physio", "mental", "dental", "maternity", "social", "info"]', "[]",
          "a chat leads to at least one queue"),
        ("lines.toml", 'service_hours = "chat_service"',
         'service_hours = "chat_service"\nintake_until = "24:00"',
         "chat[terveys_chat].intake_until: must be a clock"),
        ("queues.toml", "chat_weight = 2", 'intake_until = "8.00"',
         "queue[mental].intake_until: must be a clock"),
        ("queues.toml", "chat_weight = 2", "contact_minutes = -1", "contact_minutes: must be 0-240"),
        ("hours.toml", '[hours.chat_service]\nweekdays = ["08:00-14:00"]',
         '[hours.chat_service]\nweekdays = ["17:00-18:00"]', "never open together with the queue 'nurse'"),
        ("lines.toml", '"DAYS_1_3"', '"URGENT"', "line[dental].default_urgency: must be one of EMERGENCY"),
        ("lines.toml", "03 629 6301", "112", "line[dental].number: is not a number residents can dial"),
        ("lines.toml", "03 629 6301", "0600 12345", "is not a number residents can dial (premium)"),
        ("lines.toml", "03 629 6301", "03 629 6620", "lines.toml: line number:"),
        ("lines.toml", 'id = "elderly"', 'id = "dental"', "lines.toml: line: 'dental' is given twice"),
        ("lines.toml", "binding_days = 2", "binding_days = 0", "promise.binding_days: must be 1-30"),
        ("lines.toml", 'callback = "offered"', 'languages = ["fi", "ru"]', "languages: 'ru' is not one of"),
        ("lines.toml", 'callback = "offered"', "callback = true", "line[dental].callback: must be a text"),
        ("lines.toml", 'callback = "offered"', 'callback = "later"',
         "line[dental].callback: must be one of offered, direct, off"),
        ("lines.toml", 'callback = "offered"', 'callback = "direct"\nhanging_up_asks = true',
         "line[dental].hanging_up_asks: is only for a line with callback"),
        ("lines.toml", 'callback = "offered"', 'asks_language = true\nlanguages = ["fi"]',
         "line[dental].asks_language: needs at least two languages"),
        ("lines.toml", 'callback = "offered"', "recording = true",
         "line[dental].recording: calls are not recorded by this program"),
        ("lines.toml", 'callback = "offered"', 'recording = "no"', "line[dental].recording: must be true or"),
        ("lines.toml", "[[chat]]", 'relay_numbers = ["112"]\n[[chat]]', "relay_numbers: unknown key"),
        ("lines.toml", "# The first line's", 'relay_numbers = ["112"]\n# The first line\'s',
         "lines.toml: relay_numbers: is not a number residents can dial (emergency)"),
        ("lines.toml", "[[chat]]", "[chat]", "chat: must be a list of tables"),
        ("outcomes.toml", "resolved = true", "", "outcome[RESOLVED_ADVICE].resolved: is missing"),
        ("outcomes.toml", "counts = true", "counts = false", "a resolved outcome also counts"),
        ("outcomes.toml", "key = 1", "key = 10", "outcome[RESOLVED_ADVICE].key: must be 1-9"),
        ("outcomes.toml", "key = 1", "key = 2", "outcome key: 2 is given twice"),
        ("outcomes.toml", '"RESOLVED_SELF_CARE"', '"RESOLVED_ADVICE"', "'RESOLVED_ADVICE' is given twice"),
        ("service.toml", 'id = "emergency"', 'id = "sos"', "the emergency number (id emergency) is missing"),
        ("service.toml", "https://selkakanava.fi/", "http://selkakanava.fi/",
         "guide[SELKAKANAVA].url: must be an"),
        ("service.toml", "chat_capacity = 3", "chat_capacity = 7", "limits.chat_capacity: is more than"),
        ("service.toml", "lease_s = 15", "lease_s = -1", "limits.lease_s: must be 1-1000000"),
        ("service.toml", "lease_s = 15", "lease_seconds = 15", "limits.lease_seconds: unknown key"),
        ("service.toml", "[site]", "[sites]", "service.toml: site: is missing"),
        ("service.toml", "[site]", "version = 1\n[site]", "service.toml: version: unknown key"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_file_and_key(
    county: Path, file: str, old: str, new: str, expected: str
) -> None:
    change(county / file, old, new)
    assert any(expected in fault for fault in faults_of(county)), faults_of(county)


def test_the_faults_of_all_files_are_told_at_once(county: Path) -> None:
    change(county / "hours.toml", "08:00-14:00", "08:00-25:00")
    change(county / "queues.toml", "chat_weight = 2", "chat_weight = 0")
    change(county / "lines.toml", 'queue = "dental"', 'queue = "dentist"')
    (county / "outcomes.toml").unlink()
    (county / "service.toml").write_bytes(b"\xff\xfe")
    found = faults_of(county)
    assert [fault.split(":")[0] for fault in found] == [
        "hours.toml", "lines.toml", "outcomes.toml", "queues.toml", "service.toml"
    ]  # fmt: skip


def test_a_folder_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "nowhere") == ["nowhere: there is no such county folder"]


@pytest.mark.parametrize("name", ["service", "lines", "queues", "hours", "outcomes"])
def test_a_missing_file_is_a_fault_and_never_a_traceback(county: Path, name: str) -> None:
    (county / f"{name}.toml").unlink()
    assert f"{name}.toml: the file is missing" in faults_of(county)


def test_an_exception_by_date_overrides_the_week(county: Path) -> None:
    line = "[hours.elderly_line]\n"
    days = 'exceptions = { "2026-12-24" = ["09:00-12:00"], "2026-12-23" = [] }\n'
    change(county / "hours.toml", line, line + days)
    hours = load_catalogue(county).line("elderly").hours
    assert is_open(hours, datetime(2026, 12, 24, 9, 30, tzinfo=UTC))
    assert not is_open(hours, datetime(2026, 12, 24, 10, 30, tzinfo=UTC))
    assert not is_open(hours, datetime(2026, 12, 23, 9, 30, tzinfo=UTC))


def test_messages_longer_than_their_file_may_be_are_a_fault(county: Path) -> None:
    change(county / "service.toml", "voicemail_kb = 2048", "voicemail_kb = 512")

    [fault] = faults_of(county)
    assert "voicemail_kb" in fault and "service.toml" in fault


def test_a_line_s_own_tries_stand_over_the_county_s(catalogue: Catalogue, county: Path) -> None:
    change(
        county / "lines.toml",
        'queue = "dental"',
        'queue = "dental"\nattempts = 5\nattempt_spacing_minutes = 20',
    )
    own = load_catalogue(county)

    assert own.tries(own.line("dental")) == Tries(attempts=5, spacing=timedelta(minutes=20))
    for asked in (catalogue.line("dental"), catalogue.queue("nurse"), own.line("elderly")):
        assert own.tries(asked) == Tries(attempts=3, spacing=timedelta(minutes=45))


def test_how_a_line_takes_its_calls(catalogue: Catalogue, county: Path) -> None:
    change(
        county / "lines.toml",
        'callback = "offered"',
        'asks_language = true\nlanguages = ["fi", "sv"]\nhanging_up_asks = true\nrecording = false',
    )
    relays = 'relay_numbers = ["040 765 4321"]\n'
    change(county / "lines.toml", "# The first line's", f"{relays}# The first line's")
    own = load_catalogue(county)
    line, shipped = own.line("dental"), catalogue.line("dental")

    assert (line.callback, line.asks_language, line.hanging_up_asks) == (CallBack.OFFERED, True, True)
    assert (shipped.callback, shipped.asks_language) == (CallBack.OFFERED, False)
    assert not shipped.hanging_up_asks
    assert own.relay_numbers == {"+358407654321"}
    assert catalogue.relay_numbers == frozenset()
