"""The texts of the three languages, and how dates, clocks, numbers and durations are written in them.

Refuses to load when any key, plural form or placeholder is missing from any language.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_day_names
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

LANGUAGES = ("fi", "sv", "en")
HELSINKI = ZoneInfo("Europe/Helsinki")

# Plain "en" would write numbers and dates the American way; the Finnish variants follow local habit.
_LOCALES = {"fi": "fi", "sv": "sv_FI", "en": "en_FI"}
_TODAY = {"fi": "tänään", "sv": "i dag", "en": "today"}
_TOMORROW = {"fi": "huomenna {}", "sv": "i morgon {}", "en": "tomorrow, {}"}
_CLOCK_WORD = {"fi": "kello {}", "sv": "klockan {}", "en": "{}"}
_DAY_UNIT = {"fi": "pv", "sv": "d", "en": "d"}
_BRIEF = {"fi": "alle 1 min", "sv": "under 1 min", "en": "under 1 min"}


class TextFaults(ValueError):
    """Every fault of the catalogues, one a line."""


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts by language and key; a plural text holds two forms, a plain one holds one."""

    by_language: Mapping[str, Mapping[str, tuple[str, ...]]]

    @staticmethod
    def load(folder: Path) -> "Texts":
        """Reads every `<folder>/<lang>/**/*.po`; raises `TextFaults` with all faults at once."""
        faults: list[str] = []
        loaded = {lang: _read_language(folder / lang, faults) for lang in LANGUAGES}
        faults += _differences(loaded)
        if faults:
            raise TextFaults("\n".join(faults))
        return Texts(loaded)

    def get(self, lang: str, key: str, /, **values: object) -> str:
        """Returns the text with its `{name}` places filled; a plural text is chosen by the value `n`.

        An unknown key or a place without a value is a `KeyError`: a page must never show a raw key.
        """
        forms = self.by_language[lang][key]
        form = forms[0] if len(forms) == 1 or values["n"] == 1 else forms[1]
        return form.format(**values)

    def keys(self) -> frozenset[str]:
        """Returns every key; they are the same in all languages."""
        return frozenset(self.by_language[LANGUAGES[0]])

    def for_script(self, lang: str, prefixes: tuple[str, ...]) -> dict[str, str | list[str]]:
        """Returns what `/teksti/<lang>.json` serves: unfilled texts, a plural one as `[one, many]`."""
        chosen = {key: forms for key, forms in self.by_language[lang].items() if key.startswith(prefixes)}
        return {key: forms[0] if len(forms) == 1 else list(forms) for key, forms in sorted(chosen.items())}


def chosen_language(wanted: Iterable[str]) -> str:
    """Returns the first supported language of language tags in order of preference, else Finnish."""
    tags = (tag.split("-")[0].strip().lower() for tag in wanted)
    return next((tag for tag in tags if tag in LANGUAGES), "fi")


def _read_language(folder: Path, faults: list[str]) -> dict[str, tuple[str, ...]]:
    texts: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.rglob("*.po")):
        for key, forms in _read_file(path, faults):
            if key in texts:
                faults.append(f"{folder.name}/{path.name}: {key}: already in another file")
            texts[key] = forms
    return texts


def _read_file(path: Path, faults: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    where = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as stream:
            catalogue = read_po(stream, abort_invalid=True)
    except PoFileError as error:
        faults.append(f"{where}: {error}")
        return []
    found = []
    for message in catalogue:
        if not message.id:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
        faults += [f"{where}: {key}: {fault}" for fault in _faults_of(key, forms, fuzzy=message.fuzzy)]
        found.append((key, forms))
    return found


def _faults_of(key: str, forms: tuple[str, ...], *, fuzzy: bool) -> list[str]:
    faults = ["marked fuzzy"] if fuzzy else []
    if not all(forms):
        faults.append("empty text")
    if len(forms) > 2:
        faults.append("more than two plural forms")
    try:
        for form in forms:
            _places(form)
    except ValueError as error:
        faults.append(str(error))
    return faults


def _places(form: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(form) if name is not None)


def _differences(loaded: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[str]:
    everything = sorted(set().union(*loaded.values()))
    faults = []
    for key in everything:
        missing = [lang for lang in LANGUAGES if key not in loaded[lang]]
        if missing:
            faults.append(f"{key}: missing from {', '.join(missing)}")
        elif not _same_shape([loaded[lang][key] for lang in LANGUAGES]):
            faults.append(f"{key}: places or plural forms differ between languages")
    return faults


def _same_shape(versions: list[tuple[str, ...]]) -> bool:
    try:
        # The singular may leave {n} unsaid ("one customer"), so places are compared over the forms together.
        shapes = {(len(forms), frozenset().union(*map(_places, forms))) for forms in versions}
    except ValueError:
        return True
    return len(shapes) == 1


def clock(lang: str, moment: datetime, zone: ZoneInfo = HELSINKI) -> str:
    """Returns the wall clock: 14.00 in Finnish and Swedish, 14:00 in English."""
    local = moment.astimezone(zone)
    return f"{local.hour}{':' if lang == 'en' else '.'}{local.minute:02}"


def clock_phrase(lang: str, moment: datetime, zone: ZoneInfo = HELSINKI) -> str:
    """Returns the clock as a sentence says it: "kello 14.00", "klockan 14.00", "14:00"."""
    return _CLOCK_WORD[lang].format(clock(lang, moment, zone))


def short_date(lang: str, day: date) -> str:
    """Returns the date in figures: 23.11.2026, in English 23/11/2026."""
    return f"{day.day}/{day.month}/{day.year}" if lang == "en" else f"{day.day}.{day.month}.{day.year}"


def day_heading(lang: str, day: date) -> str:
    """Returns a day for a heading: "Maanantai 23.11.", "Måndag 23.11", "Monday 23 November"."""
    weekday = get_day_names("wide", context="stand-alone", locale=_LOCALES[lang])[day.weekday()]
    return f"{weekday[0].upper()}{weekday[1:]} {_day_and_month(lang, day)}"


def day_phrase(lang: str, day: date, today: date) -> str:
    """Returns a day inside a sentence: today, tomorrow with its weekday, or weekday and date."""
    weekday = get_day_names("wide", context="format", locale=_LOCALES[lang])[day.weekday()]
    if day == today:
        return _TODAY[lang]
    if day == today + timedelta(days=1):
        return _TOMORROW[lang].format(weekday)
    phrase = f"{weekday} {_day_and_month(lang, day)}"
    return f"on {phrase}" if lang == "en" else phrase


def moment_phrase(lang: str, moment: datetime, now: datetime, zone: ZoneInfo = HELSINKI) -> str:
    """Returns day and clock inside a sentence: "huomenna tiistaina kello 8.00", "today at 14:00"."""
    day = day_phrase(lang, moment.astimezone(zone).date(), now.astimezone(zone).date())
    return f"{day}{' at' if lang == 'en' else ''} {clock_phrase(lang, moment, zone)}"


def brief_day(lang: str, day: date, today: date) -> str:
    """Returns a day in the few letters of a text message: "tänään", "ti 24.11.", "Tue 24 Nov"."""
    if day == today:
        return _TODAY[lang]
    weekday = get_day_names("abbreviated", context="format", locale=_LOCALES[lang])[day.weekday()]
    month = format_date(day, "MMM", locale=_LOCALES[lang]) if lang == "en" else ""
    return f"{weekday.rstrip('.')} {f'{day.day} {month}' if month else _day_and_month(lang, day)}"


def _day_and_month(lang: str, day: date) -> str:
    if lang == "en":
        return f"{day.day} {format_date(day, 'MMMM', locale=_LOCALES[lang])}"
    return f"{day.day}.{day.month}." if lang == "fi" else f"{day.day}.{day.month}"


def duration(lang: str, length: timedelta) -> str:
    """Returns a length with its two greatest units, cut down to whole minutes: "1 h 42 min", "2 pv 3 h"."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return _BRIEF[lang]
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = [(days, _DAY_UNIT[lang]), (hours, "h"), (minutes, "min")]
    first = next(place for place, (count, _) in enumerate(units) if count)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count)


def number(lang: str, value: int | float | Decimal) -> str:
    """Returns a number with the language's decimal and thousands signs, at most three decimals."""
    return format_decimal(value, locale=_LOCALES[lang])


def span(low: int, high: int) -> str:
    """Returns a range with an en dash, or the single number when both ends are the same."""
    return str(low) if low == high else f"{low}–{high}"
