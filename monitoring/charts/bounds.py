"""Figures with their intervals, each against its own bound: what a verdict rests on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitoring.charts.svg import (
    BLUE,
    GREY,
    MARKS,
    RED,
    Canvas,
    Chart,
    Scale,
    Table,
    clipped,
    covering,
    finite,
    number,
    ticks,
)  # fmt: skip

WIDTH = 760
LEFT, RIGHT, TOP, ROW = 230, 262, 34, 30
SIGNS: Final = {">=": "≥ {}", ">": "> {}", "<=": "≤ {}", "<": "< {}", "abs<=": "± {}", "abs<": "± {}"}
"""Operator -> the bound as it is written beside a figure."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One figure in [`low`, `high`] (None: counted, or unknown) on `n`, and the bound it was held to (`op` empty: none)."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str = ""
    op: str = ""
    bound: float | None = None

    @property
    def edges(self) -> tuple[float, ...]:
        if self.bound is None or not self.op:
            return ()
        return (-self.bound, self.bound) if self.op.startswith("abs") else (self.bound,)

    @property
    def sign(self) -> str:
        return SIGNS.get(self.op, "{}").format(f"{self.bound:.6g}") if self.edges else "none"


def against_bounds(
    title: str, rows: Sequence[Judged], *, measure: str, interval: str = "95 % interval"
) -> Chart:
    """A point, its interval and its bound on each row; what lies outside the bound is striped. `interval` names its kind.

    A figure that is undefined has no point, and says so. The verdict is a shape and a word.
    """
    height = TOP + ROW * max(1, len(rows)) + 44
    canvas = Canvas(WIDTH, height, title, f"{len(rows)} figures with intervals and bounds: {measure}.")
    values = finite([*(x for row in rows for x in (row.value, row.low, row.high, *row.edges))])
    right = WIDTH - RIGHT
    scale = covering(values, start=LEFT, end=right)
    bottom = height - 40
    for value in ticks(scale.low, scale.high, 4):
        x = scale(value)
        canvas.line(x, TOP - 8, x, bottom, stroke=GREY, stroke_opacity="0.35")
        canvas.text(x, bottom + 16, number(value), size=12, text_anchor="middle")
    canvas.line(LEFT, bottom, right, bottom)
    canvas.text((LEFT + right) / 2, height - 6, measure, size=12, text_anchor="middle")
    for x, words in ((right + 14, "n"), (right + 78, "bound"), (right + 152, "verdict")):
        canvas.text(x, 18, words, size=12, font_weight="bold")
    outside = canvas.hatch("outside", RED)
    for at, row in enumerate(rows):
        _row(canvas, row, float(TOP + ROW * at), scale, outside)
    if not rows:
        canvas.text(LEFT, TOP + 20, "Nothing was measured.")
    table = Table(
        title,
        ("", measure, "from", "to", "n", "bound", "verdict"),
        tuple(
            (row.label, number(row.value), _end(row, row.low), _end(row, row.high), f"{row.n:,}", row.sign,
             row.verdict or "not judged")
            for row in rows
        ),
    )  # fmt: skip
    caption = f"The point is the figure, the line its {interval}"
    caption += "; striped is outside the bound." if any(row.edges for row in rows) else "."
    return Chart(title, caption, canvas.render(), table)


def _end(row: Judged, end: float | None) -> str:
    return "none" if row.low is None and row.high is None else number(end)


def _row(canvas: Canvas, row: Judged, y: float, scale: Scale, outside: str) -> None:
    right, middle = WIDTH - RIGHT, y + ROW / 2
    for low, high in _striped(row, scale):
        a, b = scale(low), scale(high)
        if b > a:
            canvas.add("rect", x=a, y=y + 3, width=b - a, height=ROW - 6, fill=outside, fill_opacity="0.45")
    for edge in row.edges:
        x = scale(edge)
        tip = f"{row.label}: bound {row.sign}"
        canvas.line(x, y + 1, x, y + ROW - 1, stroke=RED, stroke_width=2, tip=tip)
    canvas.label(LEFT - 10, middle + 4, row.label, LEFT - 16, text_anchor="end")
    canvas.text(right + 14, middle + 4, f"{row.n:,}", size=12)
    canvas.label(right + 78, middle + 4, row.sign, 72, size=12)
    symbol, colour = MARKS.get(row.verdict, ("·", BLUE))
    canvas.text(right + 152, middle + 4, f"{symbol} {clipped(row.verdict or 'not judged', 100, 12)}", size=12)
    tip = f"{row.label}: {number(row.value)}, from {_end(row, row.low)} to {_end(row, row.high)}, n = {row.n}"
    ends = finite((row.low, row.high))
    if len(ends) == 2:
        a, b = scale(ends[0]), scale(ends[1])
        canvas.line(a, middle, b, middle, stroke=colour, stroke_width=2.5, tip=tip)
        for x in (a, b):
            canvas.line(x, middle - 5, x, middle + 5, stroke=colour, stroke_width=2)
    if row.value is None or not finite((row.value,)):
        canvas.text(LEFT + 8, middle + 4, "undefined", size=12, font_style="italic")
        return
    x = scale(row.value)
    if row.verdict in ("fail", "error"):
        canvas.cross(x, middle, 5, colour, tip)
    elif row.verdict == "inconclusive":
        canvas.diamond(x, middle, 6, colour, tip)
    else:
        canvas.add("circle", tip, cx=x, cy=middle, r=5, fill=colour)


def _striped(row: Judged, scale: Scale) -> list[tuple[float, float]]:
    if not row.edges:
        return []
    if row.op.startswith("abs"):
        return [(scale.low, row.edges[0]), (row.edges[1], scale.high)]
    return [(scale.low, row.edges[0])] if row.op.startswith(">") else [(row.edges[0], scale.high)]
