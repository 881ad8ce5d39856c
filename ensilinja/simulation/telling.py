"""Scenarios side by side in words a supervisor reads: a table, and a chart of the waits. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from xml.sax.saxutils import escape

from core.text import Texts, clock, number, short_date
from ensilinja.reporting.definitions import DEFINITIONS
from ensilinja.reporting.numbers import Share, mean
from ensilinja.simulation.figures import DELAYS, SHARES, Outcome

COLOURS = ("#0b5fa5", "#b3261e", "#2e7d32", "#7b4fa3", "#8a6d00", "#00696e")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 4", "12 4")
WIDTH, HEIGHT, EDGE = 860, 420, 50
PART = timedelta(minutes=30)


def table(outcomes: Sequence[Outcome], day: date, texts: Texts, lang: str) -> str:
    """The figures of all scenarios, a column each; every share with how many it is of."""
    rows = [("", *(f"{chr(65 + n)}" for n in range(len(outcomes))))]
    for name in SHARES:
        cells = (share_told(one.shares[name], lang) for one in outcomes)
        rows.append((named(name, lang), *cells))
    rows.append((named("promise_kept", lang), *(share_told(one.kept, lang) for one in outcomes)))
    second = (share_told(one.second, lang) for one in outcomes)
    rows.append((texts.get(lang, "simulation.second"), *second))
    for name in DELAYS:
        for key, of in (("mean", "mean_s"), ("median", "median_s"), ("p90", "p90_s")):
            cells = (minutes(getattr(one.delays[name], of), lang) for one in outcomes)
            rows.append((texts.get(lang, f"simulation.{key}", name=named(name, lang)), *cells))
    worst = (minutes(one.worst_live_s, lang) for one in outcomes)
    rows.append((texts.get(lang, "simulation.worst"), *worst))
    rows.append((texts.get(lang, "simulation.starved"), *(str(one.starved) for one in outcomes)))
    wide = max(len(row[0]) for row in rows)
    told = [f"{row[0]:<{wide}}" + "".join(f"{cell:>18}" for cell in row[1:]) for row in rows]
    legend = [f"{chr(65 + n)}  {one.name}" for n, one in enumerate(outcomes)]
    heading = texts.get(lang, "simulation.title", day=short_date(lang, day), n=outcomes[0].contacts)
    return "\n".join([heading, *legend, "", *told, "", texts.get(lang, "simulation.note")])


def named(figure: str, lang: str) -> str:
    """The figure's name in the language."""
    return str(getattr(DEFINITIONS[figure].name, lang))


def share_told(value: Share, lang: str) -> str:
    """A percentage with its n; a dash where there is nothing to tell."""
    return "-" if value.percent is None else f"{number(lang, round(value.percent, 1))} % (n {value.n})"


def minutes(seconds: float | None, lang: str) -> str:
    """Minutes with one decimal."""
    return "-" if seconds is None else number(lang, round(seconds / 60, 1))


def chart(outcomes: Sequence[Outcome], texts: Texts, lang: str) -> str:
    """An SVG of the mean live wait by half hour of arrival; the scenarios' lines differ by dashes too."""
    series = [halves(one.waited) for one in outcomes]
    starts = sorted({at for one in series for at in one})
    most = max((value for one in series for value in one.values()), default=1.0) or 1.0
    title = escape(texts.get(lang, "simulation.chart"))
    height = HEIGHT + 22 * len(outcomes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{EDGE}" y="24" font-family="sans-serif" font-size="16">{title}</text>',
    ]
    for mark in range(5):
        y = place_y(most * mark / 4, most)
        parts.append(f'<line x1="{EDGE}" y1="{y}" x2="{WIDTH - 20}" y2="{y}" stroke="#dddddd"/>')
        parts.append(word(8, y + 4, f"{most * mark / 4:.0f}"))
    parts += [
        word(place_x(n, starts) - 14, HEIGHT - EDGE + 20, clock(lang, at))
        for n, at in enumerate(starts)
        if at.minute == 0
    ]
    for n, one in enumerate(series):
        points = " ".join(
            f"{place_x(starts.index(at), starts)},{place_y(one[at], most)}" for at in sorted(one)
        )
        style = f'fill="none" stroke="{COLOURS[n % 6]}" stroke-width="2.5" stroke-dasharray="{DASHES[n % 6]}"'
        y = HEIGHT + 22 * n
        parts.append(f'<polyline points="{points}" {style}/>')
        parts.append(f'<line x1="{EDGE}" y1="{y}" x2="{EDGE + 40}" y2="{y}" {style}/>')
        parts.append(word(EDGE + 50, y + 4, f"{chr(65 + n)}  {escape(outcomes[n].name)}"))
    return "\n".join([*parts, "</svg>", ""])


def halves(waited: Sequence[tuple[datetime, float]]) -> dict[datetime, float]:
    """Mean minutes by half hour of arrival."""
    parts: dict[datetime, list[float]] = {}
    for at, seconds in waited:
        start = at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
        parts.setdefault(start, []).append(seconds / 60)
    return {at: mean(values) or 0.0 for at, values in parts.items()}


def place_x(n: int, starts: Sequence[datetime]) -> float:
    """Where a half hour stands."""
    return round(EDGE + n * (WIDTH - EDGE - 30) / max(len(starts) - 1, 1), 1)


def place_y(value: float, most: float) -> float:
    """Where so many minutes stand."""
    return round(HEIGHT - EDGE - value / most * (HEIGHT - EDGE - 50), 1)


def word(x: float, y: float, text: str) -> str:
    """A small text."""
    return f'<text x="{x}" y="{y}" font-family="sans-serif" font-size="12" fill="#333333">{text}</text>'
