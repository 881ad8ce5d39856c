"""Every text message is one message, in the alphabet of telephones, and tells nobody what it is about."""

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.county import Limits
from core.quiet import quiet_until
from core.text import LANGUAGES, brief_day
from ensilinja.app import load_texts
from ensilinja.notify.gsm7 import BASIC, ESCAPED, JOINED, SINGLE, parts, septets
from ensilinja.notify.letters import span
from tests.builders import MONDAY
from tests.rooms import SERVICES

TEXTS = load_texts()
KEYS = sorted(key for key in TEXTS.keys() if key.startswith("sms."))  # noqa: SIM118 - a method, no mapping
HOME = "https://ensilinja.omahame.fi/s"  # 30 characters, the longest that the documentation allows
LONGEST_DAY = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
HEALTH = re.compile(
    r"terve(?!ys-chat)|sair|hoi[td]|lääk|oire|kip[uei]|vaiva|mielen|päihd|hammas|suun|neuvola|potila|vastaanot"
    r"|häls(?!ochatten)|sjuk|vård|läkar|symtom|smärt|\bont\b|psyk|missbruk|tand|mun[hg]|patient|rådgivning"
    r"|health(?! chat)|nurse|doctor|medic|symptom|pain|\bill\b|mental|addict|dental|clinic|care|treat",
    re.IGNORECASE,
)


def worst(lang: str) -> list[str]:
    """The longest words for a time, by day and clock."""
    start, end = LONGEST_DAY, LONGEST_DAY + timedelta(hours=4)
    between, by = (span(TEXTS, lang, begin, end, MONDAY) for begin in (start, end))
    after = TEXTS.get(lang, "care.brief.after", day=brief_day(lang, start.date(), MONDAY.date()), at="13.30")
    return [between, by, after]


def filled(key: str, lang: str) -> list[str]:
    names = {name for _, name, _, _ in Formatter().parse(TEXTS.by_language[lang][key][0]) if name}
    url = f"{HOME}/{'a' * 16}" if key != "sms.link" else f"{HOME.removesuffix('/s')}/jatka/{'a' * 16}"
    site = SERVICES.catalogue.site
    given = {"sender": site.sms_sender.get(lang), "url": url, "n": 10}
    assert names <= {*given, "when"}
    return [TEXTS.get(lang, key, **given, when=when) for when in (worst(lang) if "when" in names else [""])]


EVERY = [(key, lang) for key, lang in product(KEYS, LANGUAGES)]


def test_all_texts_are_looked_at() -> None:
    assert {"sms.callback_promised", "sms.callback_tried", "sms.callback_last", "sms.turn"} <= set(KEYS)


@pytest.mark.parametrize(("key", "lang"), EVERY)
def test_a_text_is_one_message(key: str, lang: str) -> None:
    for text in filled(key, lang):
        assert (septets(text) or 999) <= SINGLE, (septets(text), text)
        assert parts(text) == 1


@pytest.mark.parametrize(("key", "lang"), EVERY)
def test_a_text_says_nothing_of_health_and_names_no_service(key: str, lang: str) -> None:
    for text in filled(key, lang):
        assert HEALTH.findall(text) == []


@pytest.mark.parametrize(("key", "lang"), [(key, lang) for key, lang in EVERY if "callback" in key])
def test_no_text_names_an_end(key: str, lang: str) -> None:
    # A request is kept until a person has ended it: no text says "until" (design.md 13).
    text = TEXTS.by_language[lang][key][0]
    assert not re.search(r"\basti\b|saakka|\btill\b(?! det)|\bfram\b|\buntil\b|vanhen|upphör|expire", text)


@given(st.text(alphabet=sorted(BASIC | ESCAPED), max_size=400))
def test_parts_hold_what_the_standard_says(text: str) -> None:
    length = septets(text)
    assert length is not None
    count = parts(text)

    assert (count == 1) == (length <= SINGLE)
    assert count == 1 or length <= count * JOINED < length + JOINED + count


@pytest.mark.parametrize(
    ("text", "length", "count"),
    [
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("€" * 80, 160, 1),
        ("€" * 77, 154, 1),
        ("a" * 152 + "€" + "a" * 7, 161, 2),
        ("Hyvää päivää", 12, 1),
        ("ensi\N{EN DASH}linja", None, 1),
        ("ł" * 71, None, 2),
    ],
)
def test_lengths(text: str, length: int | None, count: int) -> None:
    assert (septets(text), parts(text)) == (length, count)


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)  # two hours behind Helsinki


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(18, 59), None),
        (at(19), at(6, day=24)),
        (at(21, 59), at(6, day=24)),
        (at(22, 1), at(6, day=24)),
        (at(5, 59, day=24), at(6, day=24)),
        (at(6, day=24), None),
        (at(12), None),
    ],
)
def test_the_night_is_quiet(now: datetime, until: datetime | None) -> None:
    assert quiet_until(now, Limits()) == until


def test_a_county_may_have_no_quiet_hours_and_the_clocks_change_is_kept() -> None:
    assert quiet_until(at(23), Limits(quiet_from_hour=24, quiet_until_hour=24)) is None
    before = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # 23.00 in summer time; the clocks go back at four
    assert quiet_until(before, Limits()) == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)
