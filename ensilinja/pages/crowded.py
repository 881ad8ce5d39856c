"""The page for whoever cannot be taken now because too many come at once: numbers to ring, a call to ask for,
and what was sent, to be sent again. Needs no session and no store.
"""

from aiohttp import web

from ensilinja.doors import POSTED
from ensilinja.pages import side_views
from ensilinja.pages.frames import frame_of, line_phones
from ensilinja.pages.views import FieldError
from ensilinja.runtime import RUNTIME

BEGIN, SEND, CHOOSE = "/aloita", "/kysely/laheta", "/kysely/tulos"
WAY = "tapa"  # the field that says how one wants to be answered; each button has its own


def page(
    request: web.Request, *, has_phone: bool, errors: tuple[FieldError, ...] = (), status: int
) -> web.Response:
    """The page; answers that were given are stored and stay."""
    runtime, frame = request.app[RUNTIME], frame_of(request)
    begins = request.path == BEGIN
    ours = (WAY, "puhelin")
    view = side_views.Crowded(
        again=BEGIN if begins else SEND,
        call=BEGIN if begins else CHOOSE,
        fields=tuple((name, value) for name, value in request.get(POSTED, ()) if name not in ours),
        is_saved=not begins,
        asks_number=not begins and not has_phone,
        errors=errors,
        lines=line_phones(runtime.services.catalogue, frame.lang),
    )
    text = runtime.templates.get_template("resident/crowded.html").render(frame=frame, view=view)
    return web.Response(text=text, status=status, content_type="text/html")
