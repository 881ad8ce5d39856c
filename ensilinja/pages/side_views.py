"""What the pages beside the questions show: acting for another, saving for later, a link, a failed save,
too many at once.

Frozen values like those of `views`, for templates that only print.
"""

from dataclasses import dataclass

from ensilinja.pages.views import FieldError, Option, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Acting for another: bases to choose from, or a notice with the numbers to ring."""

    title: str
    paragraphs: tuple[str, ...]
    bases: tuple[Option, ...] = ()
    lines: tuple[Phone, ...] = ()
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/kysely/kysymys/who"


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """Going on later: `link` is shown only on the page that made it; `live` counts those that still open."""

    days: int
    phone: str = ""
    link: str = ""
    done: str = ""
    live: int = 0
    link_offered: bool = True
    sms_offered: bool = True
    errors: tuple[FieldError, ...] = ()
    back_url: str = "/kysely/asia"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """A link opened: a button that goes on, or that the link opens nothing and how to begin again."""

    action: str
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """An answer that was not saved: the fields as they were sent, and the words among them to read."""

    action: str
    fields: tuple[tuple[str, str], ...]
    words: tuple[str, ...] = ()
    errors: tuple[FieldError, ...] = ()
    lines: tuple[Phone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """Nobody new is taken for a while: where to send it again, and where to ask for a call."""

    again: str
    call: str
    fields: tuple[tuple[str, str], ...]
    is_saved: bool
    asks_number: bool
    errors: tuple[FieldError, ...] = ()
    lines: tuple[Phone, ...] = ()
