"""Estimates with their intervals: one line per group, or per bin of a calibration curve. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
ROW = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """One measurement: `value` in [`low`, `high`], None where undefined, on `n` rows; `verdict` may be empty."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Bin:
    """People given about `predicted`, of whom the share `observed` had the outcome, in [`low`, `high`]."""

    predicted: float
    observed: float | None
    low: float | None
    high: float | None
    n: int


def by_group(
    title: str,
    estimates: Sequence[Estimate],
    *,
    measure: str,
    op: str = "",
    bound: float | None = None,
) -> Chart:
    """A point and its interval per group, with the bound as a dashed line and n beside each.

    An undefined value has no point: the row says so. The verdict is a shape and a word.
    """
    left, right = 220, 176
    top = 34
    height = top + ROW * max(1, len(estimates)) + 44
    rule = f"{measure} {op} {bound!r}" if bound is not None else measure
    canvas = Canvas(WIDTH, height, title, f"{len(estimates)} groups with their intervals. {rule}.")
    values = finite([bound, *(x for one in estimates for x in (one.value, one.low, one.high))])
    scale = covering(values, start=left, end=WIDTH - right)
    bottom = height - 40
    _axis(canvas, scale, top - 8, bottom)
    canvas.text((left + WIDTH - right) / 2, height - 6, measure, size=12, text_anchor="middle")
    canvas.text(WIDTH - right + 14, 18, "n", size=12, font_weight="bold")
    canvas.text(WIDTH - 118, 18, "verdict", size=12, font_weight="bold")
    if bound is not None:
        x = scale(bound)
        canvas.line(x, top - 12, x, bottom, stroke=RED, stroke_width=2, stroke_dasharray="6 4", tip=rule)
        anchor = "start" if x < (left + WIDTH - right) / 2 else "end"
        canvas.text(x + (4 if anchor == "start" else -4), 14, f"{op} {bound!r}", size=12, text_anchor=anchor)
    if not estimates:
        canvas.text(left, top + 20, "Nothing was measured.")
    for at, one in enumerate(estimates):
        _group(canvas, one, top + ROW * at + ROW / 2, scale, left, WIDTH - right)
    table = Table(
        title,
        ("group", measure, "from", "to", "n", "verdict"),
        tuple(
            (
                one.label,
                number(one.value),
                number(one.low),
                number(one.high),
                str(one.n),
                one.verdict or "not judged",
            )
            for one in estimates
        ),
    )
    caption = "The point is the estimate, the line its interval."
    if bound is not None:
        caption += f" The dashed line is the bound: {rule}."
    return Chart(title, caption, canvas.render(), table)


def _group(canvas: Canvas, one: Estimate, y: float, scale: Scale, left: float, right: float) -> None:
    canvas.label(left - 10, y + 4, one.label, left - 16, text_anchor="end")
    canvas.text(right + 14, y + 4, str(one.n), size=12)
    symbol, colour = MARKS.get(one.verdict, ("·", BLUE))
    canvas.text(right + 58, y + 4, f"{symbol} {clipped(one.verdict or 'not judged', 106, 12)}", size=12)
    tip = f"{one.label}: {number(one.value)}, from {number(one.low)} to {number(one.high)}, n = {one.n}"
    ends = finite((one.low, one.high))
    if len(ends) == 2:
        a, b = scale(ends[0]), scale(ends[1])
        canvas.line(a, y, b, y, stroke=colour, stroke_width=2.5, tip=tip)
        for x in (a, b):
            canvas.line(x, y - 5, x, y + 5, stroke=colour, stroke_width=2)
    if not finite((one.value,)) or one.value is None:
        canvas.text(left + 8, y - 3 if len(ends) == 2 else y + 4, "undefined", size=12, font_style="italic")
        return
    x = scale(one.value)
    if one.verdict in ("fail", "error"):
        canvas.cross(x, y, 5, colour, tip)
    elif one.verdict == "inconclusive":
        canvas.diamond(x, y, 6, colour, tip)
    else:
        canvas.add("circle", tip, cx=x, cy=float(y), r=5, fill=colour)


def _axis(canvas: Canvas, scale: Scale, top: float, bottom: float) -> None:
    for value in ticks(scale.low, scale.high):
        x = scale(value)
        canvas.line(x, top, x, bottom, stroke=GREY, stroke_opacity="0.35")
        canvas.text(x, bottom + 16, number(value), size=12, text_anchor="middle")
    canvas.line(scale.start, bottom, scale.end, bottom)


def calibration(title: str, bins: Sequence[Bin]) -> Chart:
    """Predicted against observed shares; on the diagonal a prediction means what it says."""
    size, left, top = 340, 64, 20
    canvas = Canvas(
        left + size + 40, top + size + 56, title, f"{len(bins)} bins of predictions against what happened."
    )
    across, up = Scale(0, 1, left, left + size), Scale(0, 1, top + size, top)
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line(across(value), top, across(value), top + size, stroke=GREY, stroke_opacity="0.35")
        canvas.line(left, up(value), left + size, up(value), stroke=GREY, stroke_opacity="0.35")
        canvas.text(across(value), top + size + 18, number(value), size=12, text_anchor="middle")
        canvas.text(left - 8, up(value) + 4, number(value), size=12, text_anchor="end")
    canvas.line(left, top + size, left + size, top, stroke_dasharray="6 4", tip="as predicted, so observed")
    canvas.text(left + size / 2, top + size + 42, "predicted share", size=12, text_anchor="middle")
    canvas.text(
        16, top + size / 2, "observed share", size=12, text_anchor="middle",
        transform=f"rotate(-90 16 {top + size / 2:g})",
    )  # fmt: skip
    shown = [one for one in bins if one.observed is not None and finite((one.observed, one.predicted))]
    path = " ".join(f"{across(one.predicted):.2f},{up(one.observed or 0.0):.2f}" for one in shown)
    if len(shown) > 1:
        canvas.add("polyline", points=path, fill="none", stroke=BLUE, stroke_width=1.5)
    for one in shown:
        x = across(one.predicted)
        tip = f"predicted {number(one.predicted)}, observed {number(one.observed)}, n = {one.n}"
        ends = finite((one.low, one.high))
        if len(ends) == 2:
            canvas.line(x, up(ends[0]), x, up(ends[1]), stroke=BLUE, stroke_width=2, tip=tip)
        canvas.add("circle", tip, cx=x, cy=up(one.observed or 0.0), r=4.5, fill=BLUE)
    if not shown:
        canvas.text(left + size / 2, top + size / 2, "Nothing to draw.", text_anchor="middle")
    table = Table(
        title,
        ("predicted", "observed", "from", "to", "n"),
        tuple(
            (number(one.predicted), number(one.observed), number(one.low), number(one.high), str(one.n))
            for one in bins
        ),
    )
    caption = "On the dashed line predictions come true as often as they say; vertical lines are intervals."
    return Chart(title, caption, canvas.render(), table)
