"""Texts load whole or not at all, and dates, clocks and durations read as residents expect."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.text import (
    LANGUAGES,
    TextFaults,
    Texts,
    chosen_language,
    clock,
    clock_phrase,
    day_heading,
    day_phrase,
    duration,
    moment_phrase,
    number,
    short_date,
    span,
)

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "ensilinja" / "locale"


def write(folder: Path, lang: str, name: str, body: str) -> None:
    path = folder / lang / f"{name}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")


def entry(key: str, text: str) -> str:
    return f'msgid "{key}"\nmsgstr "{text}"\n\n'


PLURAL = 'msgid "ahead"\nmsgid_plural "ahead"\nmsgstr[0] "{0}"\nmsgstr[1] "{1}"\n\n'


def test_a_text_is_filled_from_every_file_of_the_language(tmp_path: Path) -> None:
    for lang in LANGUAGES:
        write(tmp_path, lang, "one", entry("a.b", f"{lang} {{name}}"))
        write(tmp_path, lang, "two", entry("c", "å ä ö €"))
    texts = Texts.load(tmp_path)
    assert texts.get("sv", "a.b", name="Maija") == "sv Maija"
    assert texts.get("fi", "c") == "å ä ö €"
    assert texts.keys() == {"a.b", "c"}


def test_a_plural_is_chosen_by_n_and_served_to_scripts_as_a_pair(tmp_path: Path) -> None:
    body = PLURAL.replace("{0}", "{n} asiakas").replace("{1}", "{n} asiakasta")
    for lang in LANGUAGES:
        write(tmp_path, lang, "one", body + entry("waiting.x", "x") + entry("other", "y"))
    texts = Texts.load(tmp_path)
    assert [texts.get("fi", "ahead", n=n) for n in (0, 1, 2)] == ["0 asiakasta", "1 asiakas", "2 asiakasta"]
    assert texts.for_script("fi", ("waiting.", "ahead")) == {
        "ahead": ["{n} asiakas", "{n} asiakasta"],
        "waiting.x": "x",
    }


def test_a_value_is_never_read_as_a_format(tmp_path: Path) -> None:
    for lang in LANGUAGES:
        write(tmp_path, lang, "one", entry("hello", "Hei {name}"))
    assert Texts.load(tmp_path).get("fi", "hello", name="{name.__class__}") == "Hei {name.__class__}"


def test_an_unknown_key_or_missing_value_is_refused(tmp_path: Path) -> None:
    for lang in LANGUAGES:
        write(tmp_path, lang, "one", entry("hello", "Hei {name}"))
    texts = Texts.load(tmp_path)
    with pytest.raises(KeyError):
        texts.get("fi", "absent")
    with pytest.raises(KeyError):
        texts.get("fi", "hello")


def test_load_names_every_fault_at_once(tmp_path: Path) -> None:
    write(tmp_path, "fi", "one", entry("a", "x {n}") + entry("b", "") + entry("c", "ok") + entry("e", "{"))
    write(tmp_path, "fi", "two", entry("a", "again {n}"))
    write(tmp_path, "sv", "one", entry("a", "x") + entry("b", "b") + entry("e", "e"))
    write(tmp_path, "en", "one", entry("a", "x {n}") + entry("b", "b") + entry("d", "d") + entry("e", "e"))
    with pytest.raises(TextFaults) as caught:
        Texts.load(tmp_path)
    faults = str(caught.value).splitlines()
    assert "fi/two.po: a: already in another file" in faults
    assert "fi/one.po: b: empty text" in faults
    assert "a: places or plural forms differ between languages" in faults
    assert "c: missing from sv, en" in faults
    assert "d: missing from fi, sv" in faults
    assert any(fault.startswith("fi/one.po: e: ") for fault in faults)


def test_the_shipped_catalogues_are_whole_in_all_languages() -> None:
    assert Texts.load(LOCALE).keys()


def test_every_key_the_resident_pages_use_exists() -> None:
    keys = Texts.load(LOCALE).keys()
    used = set()
    folder = ROOT / "ensilinja" / "templates"
    for path in [folder / "base.html", folder / "error.html", *(folder / "resident").rglob("*.html")]:
        used |= set(re.findall(r"\bt\(\s*\"([a-z0-9_.]+)\"\s*[,)]", path.read_text(encoding="utf-8")))
    for name in ("waiting.js", "chat.js", "texts.js"):
        script = (ROOT / "static" / name).read_text(encoding="utf-8")
        used |= set(re.findall(r"\bt\(\s*\"([a-z0-9_.]+)\"\s*[,)]", script))
    assert used
    assert used - keys == set()


@pytest.mark.parametrize(
    ("lang", "at", "phrase"),
    [("fi", "14.00", "kello 14.00"), ("sv", "14.00", "klockan 14.00"), ("en", "14:00", "14:00")],
)
def test_the_clock_is_helsinki_time_in_the_language_s_own_form(lang: str, at: str, phrase: str) -> None:
    summer = datetime(2026, 7, 1, 11, 0, tzinfo=UTC)
    winter = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert clock(lang, summer) == clock(lang, winter) == at
    assert clock_phrase(lang, winter) == phrase


def test_the_clock_has_no_leading_zero_for_hours() -> None:
    assert clock("fi", datetime(2026, 11, 23, 6, 5, tzinfo=UTC)) == "8.05"


def test_days_are_said_relative_to_today() -> None:
    today = date(2026, 11, 23)
    said = {
        lang: [day_phrase(lang, today + timedelta(days=days), today) for days in (0, 1, 2)]
        for lang in LANGUAGES
    }
    assert said == {
        "fi": ["tänään", "huomenna tiistaina", "keskiviikkona 25.11."],
        "sv": ["i dag", "i morgon tisdag", "onsdag 25.11"],
        "en": ["today", "tomorrow, Tuesday", "on Wednesday 25 November"],
    }


def test_a_moment_is_said_by_the_local_day_not_the_utc_one() -> None:
    now = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    opens = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert [moment_phrase(lang, opens, now) for lang in LANGUAGES] == [
        "tänään kello 8.00",
        "i dag klockan 8.00",
        "today at 8:00",
    ]
    assert moment_phrase("fi", opens, now - timedelta(hours=1)) == "huomenna maanantaina kello 8.00"


def test_day_headings_and_short_dates() -> None:
    day = date(2026, 11, 3)
    assert [day_heading(lang, day) for lang in LANGUAGES] == [
        "Tiistai 3.11.",
        "Tisdag 3.11",
        "Tuesday 3 November",
    ]
    assert [short_date(lang, day) for lang in LANGUAGES] == ["3.11.2026", "3.11.2026", "3/11/2026"]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "alle 1 min"), (1, "1 min"), (60, "1 h"), (102, "1 h 42 min"), (1440, "1 pv"), (3065, "2 pv 3 h")],
)
def test_durations_keep_their_minutes(minutes: int, said: str) -> None:
    assert duration("fi", timedelta(minutes=minutes, seconds=30)) == said


def test_numbers_follow_the_language() -> None:
    assert number("fi", Decimal("4.2")) == "4,2"
    assert number("en", 72.1) == "72,1"
    assert number("fi", 12345) == "12\N{NO-BREAK SPACE}345"


def test_a_span_of_one_is_one_number() -> None:
    assert (span(4, 8), span(3, 3)) == ("4–8", "3")


def test_the_first_supported_language_is_chosen() -> None:
    assert chosen_language(["de-DE", "sv-FI", "fi"]) == "sv"
    assert chosen_language([]) == "fi"
