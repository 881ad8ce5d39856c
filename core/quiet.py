"""The hours in which no text message goes out that nobody has just asked for. Pure."""

from datetime import datetime, time, timedelta

from core.county import Limits
from core.hours import HELSINKI


def quiet_until(now: datetime, limits: Limits) -> datetime | None:
    """When the quiet hours that are on end; None outside them. Equal hours: there are none."""
    local = now.astimezone(HELSINKI)
    start, end = limits.quiet_from_hour % 24, limits.quiet_until_hour % 24
    in_night = start <= local.hour or local.hour < end if start > end else start <= local.hour < end
    if not in_night:
        return None
    day = local.date() + timedelta(days=1 if start > end and local.hour >= start else 0)
    return datetime.combine(day, time(hour=end), HELSINKI).astimezone(now.tzinfo)
