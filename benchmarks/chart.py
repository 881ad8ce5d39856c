"""A small line chart as SVG: how a cost grows, both axes logarithmic, readable without colours."""

from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT, MARGIN = 640, 360, 60
DASHES = ("", "8 5", "2 4")


@dataclass(frozen=True, slots=True)
class Curve:
    """What grows, and the cost at each count."""

    name: str
    points: list[tuple[float, float]]


def chart(title: str, curves: list[Curve]) -> str:
    """The chart; every point has its value beside it."""
    points = [point for curve in curves for point in curve.points if point[1] > 0]
    left, right = floor(log10(min(x for x, _ in points))), ceil(log10(max(x for x, _ in points)))
    low, high = floor(log10(min(y for _, y in points))), ceil(log10(max(y for _, y in points)))

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - left) / max(1, right - left)
        up = (log10(max(y, 10**low)) - low) / max(1, high - low)
        return MARGIN + across * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="#222"><title>{title}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="{MARGIN}" y="24">{title}</text>',
    ]
    for power in range(left, right + 1):
        x, _ = place(10**power, 10**low)
        lines.append(f'<path d="M{x:.0f} {MARGIN}V{HEIGHT - MARGIN}" stroke="#ddd"/>')
        lines.append(
            f'<text x="{x:.0f}" y="{HEIGHT - MARGIN + 20}" text-anchor="middle">{10**power:g}</text>'
        )
    for power in range(low, high + 1):
        _, y = place(10**left, 10**power)
        lines.append(f'<path d="M{MARGIN} {y:.0f}H{WIDTH - MARGIN}" stroke="#ddd"/>')
        lines.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{10**power:g}</text>')
    for number, curve in enumerate(curves):
        lines += _curve(curve, DASHES[number % len(DASHES)], [place(x, y) for x, y in curve.points])
    return "\n".join([*lines, "</svg>", ""])


def _curve(curve: Curve, dash: str, places: list[tuple[float, float]]) -> list[str]:
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
    lines = [
        f'<polyline points="{path}" fill="none" stroke="#222" stroke-width="2" stroke-dasharray="{dash}"/>'
    ]
    for (x, y), (_, value) in zip(places, curve.points, strict=True):
        lines.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3.5"/>')
        lines.append(f'<text x="{x:.0f}" y="{y - 8:.0f}" text-anchor="middle">{value:,.0f}</text>')
    last_x, last_y = places[-1]
    lines.append(f'<text x="{last_x:.0f}" y="{last_y + 20:.0f}" text-anchor="middle">{curve.name}</text>')
    return lines
