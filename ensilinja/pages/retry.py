"""The page of an answer that could not be taken because the store is down: it carries what was sent, and
sends it again. Needs no session and no store; a sign of danger leads to 112 at once.
"""

from aiohttp import web

from core.errors import Forbidden
from ensilinja.doors import POSTED, check_origin
from ensilinja.pages import gates, side_views
from ensilinja.pages.frames import frame_of, line_phones
from ensilinja.pages.journey import GATE_PATH, PAST_PATH
from ensilinja.pages.shown import go
from ensilinja.pages.views import FieldError
from ensilinja.runtime import RUNTIME

QUESTIONS = "/kysely/"
WORDS = ("asia", "vastaus", "puhelin")  # fields whose text is shown, so that it can be copied


def unsaved(request: web.Request) -> web.Response | None:
    """The page for a form of the questions that one of our pages sent; None for any other request."""
    fields = request.get(POSTED)
    if fields is None or not request.path.startswith(QUESTIONS):
        return None
    try:
        check_origin(request)
    except Forbidden:
        return None
    runtime = request.app[RUNTIME]
    if request.path in (GATE_PATH, PAST_PATH):
        ticked = {value for name, value in fields if name == "hata"}
        if ticked & gates.dangers(runtime.services.content):
            return go("/hata")
    frame = frame_of(request)
    told = runtime.texts.get(frame.lang, "resident.check.not_saved")
    view = side_views.Retry(
        action=request.path,
        fields=fields,
        words=tuple(value for name, value in fields if name in WORDS and value.strip()),
        errors=(FieldError(field_id="uudelleen", text=told),),
        lines=line_phones(runtime.services.catalogue, frame.lang),
    )
    page = runtime.templates.get_template("resident/retry.html").render(frame=frame, view=view)
    return web.Response(text=page, status=503, content_type="text/html")
