"""The supervisor's page of figures by quarter, and the same as a file. Figures only, no content."""

from dataclasses import dataclass

from aiohttp import web

from core.text import number
from ensilinja.doors import Doors, language
from ensilinja.pages.frames import frame_of
from ensilinja.pages.shown import text
from ensilinja.reporting.experience import DEFINITION, Experience, by_quarter, export, quarters, span
from ensilinja.reporting.keeper import surveyed_between
from ensilinja.reporting.numbers import LEAST_ANSWERS, Recommended
from ensilinja.runtime import RUNTIME

doors = Doors("staff")

FIGURES = "/tunnusluvut"
BOM = "\ufeff"  # without it Excel reads the letters of another alphabet


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresView:
    """A table: quarters across, queues down; each cell is in words."""

    quarters: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    target: str
    least: int = LEAST_ANSWERS
    version: int = DEFINITION.version
    export: str = f"{FIGURES}.csv"


@doors.get(FIGURES, "figures.read")
async def figures(request: web.Request) -> web.Response:
    """How likely residents recommend the service, by quarter and queue, with the definition beside it."""
    runtime, lang = request.app[RUNTIME], language(request)
    rows, now = await found(request), runtime.clock.now()
    view = FiguresView(
        quarters=tuple(f"{year}/{each}" for year, each in quarters(now)),
        rows=tuple((name_of(request, row), tuple(cell(request, one) for one in row.figures)) for row in rows),
        target=number(lang, DEFINITION.target or 0),
    )
    template = runtime.templates.get_template("staff/figures.html")
    return web.Response(text=template.render(frame=frame_of(request), view=view), content_type="text/html")


@doors.get(f"{FIGURES}.csv", "figures.read")
async def figures_file(request: web.Request) -> web.Response:
    """The same as a file for a spreadsheet."""
    now, whole = request.app[RUNTIME].clock.now(), text(request, "figures.all")
    told = export(await found(request), now, whole, language(request))
    headers = {"Content-Disposition": 'attachment; filename="tunnusluvut.csv"'}
    return web.Response(text=BOM + told, content_type="text/csv", charset="utf-8", headers=headers)


async def found(request: web.Request) -> list[Experience]:
    """The figures as they are now."""
    runtime = request.app[RUNTIME]
    now = runtime.clock.now()
    period = span(now)
    facts = await runtime.store.read(surveyed_between, period.start, period.end)
    return by_quarter(facts, runtime.services.catalogue, now)


def name_of(request: web.Request, row: Experience) -> str:
    """The queue's name, or that of all together."""
    return text(request, "figures.all") if row.name is None else row.name.get(language(request))


def cell(request: web.Request, one: Recommended) -> str:
    """One figure with its n and the answer rate; fewer answers than may be shown are not."""
    lang = language(request)
    if not one.asked:
        return text(request, "figures.none")
    if one.value is None:
        return text(request, "figures.few", least=LEAST_ANSWERS)
    rate = number(lang, round(one.answered_percent or 0.0))
    return text(request, "figures.cell", value=number(lang, round(one.value, 1)), n=one.n, rate=rate)
