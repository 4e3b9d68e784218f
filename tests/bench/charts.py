"""Two simple charts as SVG: lines over growing sizes, and bars. Readable on light and dark pages."""

from __future__ import annotations

from html import escape

from tests.bench.processes import ROOT
from tests.bench.registry import Chart

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 300, 60, 40, 30
COLOURS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#64748b")
STYLE = "text{font:12px system-ui,sans-serif;fill:#64748b}.title{font-weight:600;font-size:14px}"


def save(chart: Chart, file: str) -> str:
    """Draw it under docs/images; the file's name."""
    folder = ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(_svg(chart, _bars(chart) if chart.kind == "bars" else _lines(chart)), encoding="utf-8")
    return file


def _svg(chart: Chart, inside: list[str]) -> str:
    title = f'<text class="title" x="{LEFT}" y="18">{escape(chart.title)} ({escape(chart.unit)})</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([head, f"<style>{STYLE}</style>", title, *inside, "</svg>", ""])


def _most(chart: Chart) -> float:
    return max(value for values in chart.series.values() for value in values) * 1.1


def _y(value: float, most: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)


def _axis(most: float) -> list[str]:
    marks = []
    for part in (0, 0.25, 0.5, 0.75, 1):
        value, y = most * part, _y(most * part, most)
        marks.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#94a3b8" opacity=".35"/>')
        told = f"{value:.0f}" if most >= 20 else f"{value:.1f}"
        marks.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{told}</text>')
    return marks


def _lines(chart: Chart) -> list[str]:
    most, room = _most(chart), WIDTH - LEFT - 150
    xs = [LEFT + 20 + room * n / max(1, len(chart.labels) - 1) for n in range(len(chart.labels))]
    parts = _axis(most)
    parts += [
        f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>'
        for x, label in zip(xs, chart.labels, strict=True)
    ]
    for number, (name, values) in enumerate(chart.series.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x:.1f},{_y(value, most):.1f}" for x, value in zip(xs, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<rect x="{WIDTH - 115}" y="{TOP + number * 18}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - 100}" y="{TOP + number * 18 + 10}">{escape(name)}</text>')
    return parts


def _bars(chart: Chart) -> list[str]:
    values = next(iter(chart.series.values()))
    most, room = _most(chart), (WIDTH - LEFT - 20) / len(values)
    parts = _axis(most)
    for number, (label, value) in enumerate(zip(chart.labels, values, strict=True)):
        x, y = LEFT + 10 + number * room, _y(value, most)
        height = _y(0, most) - y
        colour = COLOURS[0 if number == 0 else 5]
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{room * 0.7:.1f}" height="{height:.1f}" fill="{colour}"/>')
        middle = x + room * 0.35
        parts.append(f'<text x="{middle:.1f}" y="{y - 4:.1f}" text-anchor="middle">{value:,.0f}</text>')
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>')
    return parts
