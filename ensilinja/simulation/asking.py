"""From the command line to the command: the day, the language, and the store when a recorded day is asked."""

from datetime import date
from typing import Any

from core.county import Catalogue
from core.errors import Invalid
from core.settings import Settings
from core.text import LANGUAGES
from ensilinja import schema
from ensilinja.simulation import recording
from ensilinja.simulation.command import Wish, simulate
from ensilinja.simulation.visits import Coming


def answer(settings: Settings, *, day: str, recorded: bool, lang: str, **asked: Any) -> str:
    """The table. Raises Invalid for words that mean nothing."""
    if lang not in LANGUAGES:
        raise Invalid(field="lang")
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise Invalid(field="day") from None

    def stored(catalogue: Catalogue) -> list[Coming]:
        database = settings.database_url
        return schema.transact(database, recording.recorded, wanted, catalogue, read_only=True)

    wish = Wish(day=wanted, lang=lang, **asked)
    return simulate(wish, settings.county, stored if recorded else None)
