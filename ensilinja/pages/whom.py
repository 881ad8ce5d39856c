"""Acting for another: on what basis for an adult, what is told of a young person, and a child who writes
alone.

Nothing is checked here and nobody is turned away: what was told is recorded, a professional judges.
"""

from dataclasses import replace

from aiohttp import web

from ensilinja.doors import Doors, language
from ensilinja.pages import journey as way
from ensilinja.pages import side_views
from ensilinja.pages.frames import line_phones
from ensilinja.pages.journey import ACTING_PATH, BASIS, Journey
from ensilinja.pages.moving import move_on
from ensilinja.pages.shown import go, journey, sent, show, text
from ensilinja.pages.views import FieldError, Option
from ensilinja.runtime import RUNTIME
from router.acting import ADULT

doors = Doors("resident")


@doors.get(ACTING_PATH, "answers.write")
async def acting_page(request: web.Request) -> web.StreamResponse:
    """What acting for this person asks or says; on to the next page when it does neither."""
    told = await journey(request)
    return shown(request, told, told.basis)


@doors.post(ACTING_PATH, "answers.write")
async def acting_answer(request: web.Request) -> web.StreamResponse:
    """Takes the basis as told, or that the notice was read."""
    told = await journey(request, also_sent=True)
    found = way.notice(told, request.app[RUNTIME].services.catalogue.limits)
    if found is None:
        return shown(request, told, None)
    basis = str((await sent(request)).get("peruste", ""))
    if found == BASIS and basis not in ADULT:
        return shown(request, told, None, "resident.acting.basis.empty")

    def edit(newest: Journey) -> Journey:
        if found == BASIS:
            return replace(newest, basis=basis)
        return replace(newest, noted=tuple(dict.fromkeys((*newest.noted, found))))

    def again(key: str) -> web.Response:
        return shown(request, told, basis, key, status=503)

    return await move_on(request, told, edit, again)


def shown(
    request: web.Request, told: Journey, chosen: str | None, error: str = "", *, status: int = 422
) -> web.Response:
    """The page as it is for this journey."""
    services = request.app[RUNTIME].services
    limits, lang = services.catalogue.limits, language(request)
    found = way.notice(told, limits)
    if found is None:
        return go(way.next_path(services.content, told, limits))
    ages = {"guardian": limits.guardian_age, "last": limits.adult_age - 1}
    bases = tuple(
        Option(
            value=basis,
            label=text(request, f"resident.acting.basis.{basis}"),
            hint=text(request, f"resident.acting.basis.{basis}.hint"),
            chosen=basis == chosen,
        )
        for basis in ADULT
    )
    view = side_views.Acting(
        title=text(request, f"resident.acting.{found}.title"),
        paragraphs=tuple(text(request, f"resident.acting.{found}.text{n}", **ages) for n in (1, 2)),
        bases=bases if found == BASIS else (),
        lines=() if found == BASIS else line_phones(services.catalogue, lang),
        errors=(FieldError(field_id="peruste", text=text(request, error)),) if error else (),
        back_url=way.path_before(services.content, told, limits, ACTING_PATH),
    )
    return show(request, "acting", view, status=status if error else 200)
