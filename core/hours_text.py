"""Weekly hours as people read them: "ma–pe kello 8–15". Exceptions by date are not told here."""

from itertools import groupby

from babel.dates import get_day_names

from core.hours import DAY_MINUTES, Day, Hours

_LOCALES = {"fi": "fi", "sv": "sv_FI", "en": "en_FI"}
_AT = {"fi": "kello", "sv": "klockan", "en": ""}
_ALWAYS = {"fi": "ympäri vuorokauden", "sv": "dygnet runt", "en": "24 hours a day"}


def hours_in_words(lang: str, hours: Hours) -> str:
    """The week's hours, days of the same hours together; empty for hours that never open."""
    if all(day and day[0].end - day[0].start == DAY_MINUTES for day in hours.week):
        return _ALWAYS[lang]
    runs = [list(run) for _, run in groupby(range(7), key=lambda place: hours.week[place])]
    return ", ".join(
        f"{_days(lang, run)} {_clocks(lang, hours.week[run[0]])}" for run in runs if hours.week[run[0]]
    )


def _days(lang: str, run: list[int]) -> str:
    names = get_day_names("abbreviated", context="stand-alone", locale=_LOCALES[lang])
    first, last = (str(names[place]).rstrip(".") for place in (run[0], run[-1]))
    return first if first == last else f"{first}–{last}"


def _clocks(lang: str, day: Day) -> str:
    spans = (f"{_clock(lang, piece.start)}–{_clock(lang, piece.end)}" for piece in day)
    return f"{_AT[lang]} {', '.join(spans)}".strip()


def _clock(lang: str, minute: int) -> str:
    hour, rest = divmod(minute, 60)
    if lang == "en":
        return f"{hour}:{rest:02}"
    return f"{hour}.{rest:02}" if rest else str(hour)
