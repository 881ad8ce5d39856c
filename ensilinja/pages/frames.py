"""What is around every page: language, names, the numbers to ring. Works while the store is down."""

from dataclasses import replace

import phonenumbers
from aiohttp import web
from phonenumbers import PhoneNumberFormat

from core.county import Catalogue, UnknownId
from core.hours_text import hours_in_words
from ensilinja.auth.sessions import UNIDENTIFIED
from ensilinja.doors import IDENTIFIED, language, same_page
from ensilinja.pages.views import Frame, Phone
from ensilinja.rendering import asset
from ensilinja.runtime import RUNTIME, Runtime


def frame_of(request: web.Request) -> Frame:
    """The frame of this request's page, in its language and with its session's token."""
    csrf = request.get(IDENTIFIED, UNIDENTIFIED).csrf
    return replace(frame_in(request.app[RUNTIME], language(request), same_page(request)), csrf=csrf)


def frame_in(runtime: Runtime, lang: str, path: str) -> Frame:
    """The frame of a page that is the same for everybody."""
    catalogue = runtime.services.catalogue
    emergency = help_phone(catalogue, "emergency", lang)
    urgent = help_phone(catalogue, "medical_helpline", lang)
    return Frame(
        lang=lang,
        path=path,
        csrf="",
        nonce="",
        asset=asset,
        organisation=catalogue.site.county_name.get(lang),
        service=catalogue.site.service_name.get(lang),
        phone=None,  # no number answers for the whole county; the lines' own are on the pages that need them
        emergency=emergency or Phone(text="112", dial="112"),
        urgent=urgent or Phone(text="116 117", dial="116117"),
        crisis=help_phone(catalogue, "crisis_line", lang),
        example_content=not runtime.services.content.approved,
        offline_mark=runtime.offline_mark,
    )


def help_phone(catalogue: Catalogue, help_id: str, lang: str) -> Phone | None:
    """A help number of the county in the language, with its hours; None when the county names none."""
    try:
        found = catalogue.help_number(help_id)
    except UnknownId:
        return None
    number = found.number.get(lang)
    return Phone(text=number, dial=number.replace(" ", ""), note=found.hours.get(lang))


def line_phones(catalogue: Catalogue, lang: str) -> tuple[Phone, ...]:
    """The first line's own numbers with their names, those whose number is known."""
    return tuple(
        Phone(
            text=as_read(line.number),
            dial=line.number,
            note=line.name.get(lang),
            hours=hours_in_words(lang, line.hours),
        )
        for line in catalogue.lines
        if line.number
    )


def as_read(number: str) -> str:
    """An E.164 number as it is read: "03 629 6301"; a foreign one in its international form."""
    parsed = phonenumbers.parse(number)
    if parsed.country_code != 358:
        return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    area, _, rest = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL).partition(" ")
    return f"{area} {rest[:-4]} {rest[-4:]}"
