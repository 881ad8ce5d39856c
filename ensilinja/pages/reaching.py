"""The contact page: the number to call back on, and how it may be used. Asked once, and never needed."""

from dataclasses import replace

from aiohttp import web

from core.phone import PhoneFault, normalise
from ensilinja.doors import Doors
from ensilinja.pages import journey as way
from ensilinja.pages import views
from ensilinja.pages.journey import PHONE_PATH, SAVE_PATH, Journey, Reach
from ensilinja.pages.moving import move_on
from ensilinja.pages.shown import go, journey, sent, sent_all, show, text
from ensilinja.pages.views import FieldError, Option
from ensilinja.runtime import RUNTIME

doors = Doors("resident")

CALL, SMS, VOICEMAIL = "soitto", "tekstiviesti", "vastaaja"
ONLY_HERE = "vain-chat"


@doors.get(PHONE_PATH, "answers.write")
async def phone_page(request: web.Request) -> web.Response:
    """The number for calling back if the line breaks, and how it may be used."""
    told = await journey(request)
    ways = ways_of(told.reach) if told.reach else (CALL, SMS, VOICEMAIL)
    return shown(request, told, told.phone or "", ways)


@doors.post(PHONE_PATH, "answers.write")
async def phone_answer(request: web.Request) -> web.StreamResponse:
    """Takes number and ways, or goes on without a number."""
    told = await journey(request, also_sent=True)
    form, ways = await sent(request), tuple(await sent_all(request, "tapa"))
    value = str(form.get("puhelin", "")).strip()
    later = "tallenna" in form
    if later and not value:
        return go(SAVE_PATH)
    fault = "" if "ilman" in form or ONLY_HERE in ways else fault_of(value, ways)
    if fault:
        return shown(request, told, value, ways, fault)
    phone, reach = chosen(value, ways, without="ilman" in form)

    def again(key: str) -> web.Response:
        return shown(request, told, value, ways, key, status=503)

    to = SAVE_PATH if later else ""
    return await move_on(
        request, told, lambda newest: replace(newest, phone=phone, reach=reach), again, to=to
    )


def fault_of(value: str, ways: tuple[str, ...]) -> str:
    """What is to be mended; nothing when all is well."""
    if not value:
        return "resident.phone.empty"
    try:
        normalise(value)
    except PhoneFault:
        return "resident.phone.wrong"
    return "" if {CALL, SMS} & set(ways) else "resident.reach.empty"


def chosen(value: str, ways: tuple[str, ...], *, without: bool) -> tuple[str, Reach]:
    """The number and how it may be used. Who wants to be reached only here gives no number to keep."""
    if ONLY_HERE in ways:
        return "", Reach(call=False, sms=False, voicemail=False)
    if without:
        return "", Reach()
    call = CALL in ways
    return value, Reach(call=call, sms=SMS in ways, voicemail=call and VOICEMAIL in ways)


def ways_of(reach: Reach) -> tuple[str, ...]:
    """The boxes that were ticked."""
    allowed = ((CALL, reach.call), (SMS, reach.sms), (VOICEMAIL, reach.voicemail))
    return tuple(name for name, may in allowed if may) or (ONLY_HERE,)


def shown(
    request: web.Request,
    told: Journey,
    value: str,
    ways: tuple[str, ...],
    error: str = "",
    *,
    status: int = 422,
) -> web.Response:
    """The page with what was typed and ticked."""
    services = request.app[RUNTIME].services
    view = views.PhoneNumber(
        value=value,
        ways=tuple(
            Option(value=name, label=text(request, f"resident.reach.{key}"), chosen=name in ways)
            for name, key in ((CALL, "call"), (SMS, "sms"), (VOICEMAIL, "voicemail"))
        ),
        only_here=ONLY_HERE in ways,
        errors=(FieldError(field_id=field_of(error), text=text(request, error)),) if error else (),
        back_url=way.path_before(services.content, told, services.catalogue.limits, PHONE_PATH),
    )
    return show(request, "phone", view, status=status if error else 200)


def field_of(error: str) -> str:
    """The input an error is about."""
    return "tapa" if error == "resident.reach.empty" else "puhelin"
