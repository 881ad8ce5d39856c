"""Reads `hours.toml`: the county's calendar of days off, and named weekly hours with exceptions by date."""

import re
from datetime import date
from itertools import pairwise
from types import MappingProxyType

import holidays

from core.hours import Calendar, Day, Hours, Interval, Week
from core.tables import Table

FIRST_YEAR, LAST_YEAR = 2020, 2060
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The library's English names of the Finnish eves that many employers close but the law does not.
EVES = MappingProxyType({"juhannusaatto": "Midsummer Eve", "jouluaatto": "Christmas Eve"})
_INTERVAL = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def read_hours(root: Table) -> tuple[Calendar, dict[str, Hours]]:
    """The calendar and the named hours; faults are noted in the table."""
    calendar = _calendar(root.table("calendar"))
    named = root.table("hours")
    hours = {name: _hours(named.table(name), calendar) for name in named.keys()}  # noqa: SIM118 - not a dict
    named.done()
    root.done()
    return calendar, hours


def _calendar(table: Table) -> Calendar:
    country = table.choice("country", ("FI",))
    closed_eves = table.texts("closed_eves", ())
    for eve in closed_eves:
        if eve not in EVES:
            table.fault("closed_eves", f"{eve!r} is not one of {', '.join(EVES)}")
    days = public_holidays(country, closed_eves) | table.dates("closed")
    days -= table.dates("open")
    table.done()
    return Calendar(holidays=days)


def public_holidays(country: str, closed_eves: tuple[str, ...]) -> frozenset[date]:
    """The country's public holidays of 2020-2060; an eve is one only when it is named in `closed_eves`."""
    known = holidays.country_holidays(country, years=range(FIRST_YEAR, LAST_YEAR + 1), language="en_US")
    worked = {EVES[eve] for eve in EVES if eve not in closed_eves}
    return frozenset(day for day, name in known.items() if name not in worked)


def _hours(table: Table, calendar: Calendar) -> Hours:
    found_before = table.fault_count
    default = _intervals(table, "weekdays") if table.has("weekdays") else ()
    if table.has("every_day"):
        default = _intervals(table, "every_day")
    last = 7 if table.has("every_day") else 5
    days = [default if place < last else () for place in range(7)]
    for place, name in enumerate(WEEKDAYS):
        if table.has(name):
            days[place] = _intervals(table, name)
    if not any(days) and table.fault_count == found_before:
        table.fault("weekdays", "the hours never open")
    closed = table.choice("holidays", ("closed", "open"), "closed") == "closed"
    exceptions = _exceptions(table.table("exceptions", optional=True))
    table.done()
    week: Week = (days[0], days[1], days[2], days[3], days[4], days[5], days[6])
    days_off = calendar.holidays if closed else frozenset()
    return Hours(week=week, exceptions=MappingProxyType(exceptions), holidays=days_off)


def _exceptions(table: Table) -> dict[date, Day]:
    found = {}
    for key in table.keys():  # noqa: SIM118 - not a dict
        day, intervals = table.date_of(key, key), _intervals(table, key)
        if day is not None:
            found[day] = intervals
    return found


def _intervals(table: Table, key: str) -> Day:
    found = [piece for text in table.texts(key) if (piece := _interval(table, key, text))]
    found.sort()
    if any(later.start < earlier.end for earlier, later in pairwise(found)):
        table.fault(key, "two intervals overlap")
    return tuple(found)


def _interval(table: Table, key: str, text: str) -> Interval | None:
    match = _INTERVAL.fullmatch(text)
    if match:
        hour, minute, end_hour, end_minute = map(int, match.groups())
        if minute < 60 and end_minute < 60:
            try:
                return Interval(hour * 60 + minute, end_hour * 60 + end_minute)
            except ValueError:
                pass
    table.fault(key, f"{text!r} is not an interval (HH:MM-HH:MM within 00:00-24:00, the start first)")
    return None
