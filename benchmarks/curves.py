"""Growth curves as SVG, drawn by the benchmarks: both axes logarithmic, one line a series, no library."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 320, 70, 50
COLOURS = ("#0000bf", "#b01038", "#008741", "#9e5417")
Point = tuple[float, float]


def draw(path: Path, title: str, across: str, up: str, series: Mapping[str, Sequence[Point]]) -> None:
    """Writes the plot; every value must be above 0."""
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)) + 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        wide = math.log10(max(xs) / min(xs)) or 1.0
        right = LEFT + (WIDTH - LEFT - 20) * math.log10(x / min(xs)) / wide
        return right, HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 50) * math.log10(y / low) / math.log10(high / low)

    parts = [text(WIDTH / 2, 20, title, "middle", 15), text(WIDTH / 2, HEIGHT - 10, across, "middle")]
    parts.append(text(LEFT - 60, 40, up, "start"))
    for x in sorted(set(xs)):
        parts.append(text(place(x, low)[0], HEIGHT - BOTTOM + 18, f"{x:,.0f}", "middle"))
    step = low
    while step <= high:
        level = place(min(xs), step)[1]
        parts.append(f'<path d="M{LEFT} {level:.1f}H{WIDTH - 20}" stroke="#cccccc"/>')
        parts.append(text(LEFT - 6, level + 4, f"{step:,g}", "end"))
        step *= 10
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in points:
            parts.append('<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>'.format(*place(x, y), colour))
        parts.append(text(LEFT + 10 + 180 * number, 40, name, "start", fill=colour))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    body = "\n".join(
        [head, f"<title>{title}</title>", '<rect width="100%" height="100%" fill="#fff"/>', *parts]
    )
    path.write_text(f"{body}\n</svg>\n", "utf-8")


def text(x: float, y: float, words: str, anchor: str, size: int = 12, fill: str = "#1a1a1a") -> str:
    """A piece of text."""
    font = f'font-family="sans-serif" font-size="{size}" fill="{fill}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {font}>{words}</text>'
