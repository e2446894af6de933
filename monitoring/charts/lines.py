"""A figure over time, with gaps left open. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.charts.svg import (
    AMBER,
    BLUE,
    GREY,
    RED,
    Canvas,
    Chart,
    Scale,
    Table,
    covering,
    finite,
    number,
    ticks,
)  # fmt: skip

WIDTH = 760


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement at a moment (aware); `value` None where a batch was due and nothing usable came."""

    at: datetime
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0


def over_time(
    title: str, points: Sequence[Point], *, measure: str, op: str = "", bound: float | None = None
) -> Chart:
    """A line through measured points in order of time. Where a value is missing the line breaks and a mark says so."""
    ordered = sorted(points, key=lambda point: point.at)
    left, top, height, room = 70, 26, 220, WIDTH - 110
    rule = f"{measure} {op} {bound!r}" if bound is not None else measure
    gaps = sum(not finite((point.value,)) for point in ordered)
    canvas = Canvas(
        WIDTH, top + height + 60, title, f"{len(ordered)} moments, {gaps} of them without a value. {rule}."
    )
    values = finite([bound, *(x for point in ordered for x in (point.value, point.low, point.high))])
    up = covering(values, start=top + height, end=top)
    for value in ticks(up.low, up.high):
        canvas.line(left, up(value), left + room, up(value), stroke=GREY, stroke_opacity="0.35")
        canvas.text(left - 8, up(value) + 4, number(value), size=12, text_anchor="end")
    canvas.line(left, top + height, left + room, top + height)
    across = _across(ordered, left, room)
    if bound is not None:
        canvas.line(
            left,
            up(bound),
            left + room,
            up(bound),
            stroke=RED,
            stroke_width=2,
            stroke_dasharray="6 4",
            tip=rule,
        )
        canvas.text(left + 4, up(bound) - 5, f"{op} {bound!r}", size=12)
    _line(canvas, ordered, across, up)
    for point in ordered:
        _point(canvas, point, across(point.at.timestamp()), up, top + height)
    _dates(canvas, ordered, across, top + height + 18)
    if not ordered:
        canvas.text(left + room / 2, top + height / 2, "No data yet.", text_anchor="middle")
    canvas.text(left + room / 2, top + height + 46, f"{measure}, by day (UTC)", size=12, text_anchor="middle")
    table = Table(
        title,
        ("moment (UTC)", measure, "from", "to", "n"),
        tuple(
            (
                f"{point.at.astimezone(UTC):%Y-%m-%d %H:%M}",
                number(point.value) if finite((point.value,)) else "no value",
                number(point.low),
                number(point.high),
                str(point.n),
            )
            for point in ordered
        ),
    )
    caption = "Vertical lines are intervals; a cross at the foot marks a moment without a value, and the line breaks."
    return Chart(title, caption, canvas.render(), table)


def _across(points: Sequence[Point], left: float, room: float) -> Scale:
    stamps = [point.at.timestamp() for point in points] or [0.0]
    return Scale(min(stamps), max(stamps), left + 16, left + room - 16)


def _line(canvas: Canvas, points: Sequence[Point], across: Scale, up: Scale) -> None:
    run: list[str] = []
    for point in (*points, None):
        if point is not None and point.value is not None and finite((point.value,)):
            run.append(f"{across(point.at.timestamp()):.2f},{up(point.value):.2f}")
            continue
        if len(run) > 1:
            canvas.add("polyline", points=" ".join(run), fill="none", stroke=BLUE, stroke_width=2)
        run = []


def _point(canvas: Canvas, point: Point, x: float, up: Scale, foot: float) -> None:
    day = f"{point.at.astimezone(UTC):%Y-%m-%d}"
    if point.value is None or not finite((point.value,)):
        canvas.cross(x, foot - 9, 4, AMBER, f"{day}: no value")
        return
    tip = f"{day}: {number(point.value)}, n = {point.n}"
    ends = finite((point.low, point.high))
    if len(ends) == 2:
        canvas.line(x, up(ends[0]), x, up(ends[1]), stroke=BLUE, stroke_width=1.5, tip=tip)
    canvas.add("circle", tip, cx=x, cy=up(point.value), r=4, fill=BLUE)


def _dates(canvas: Canvas, points: Sequence[Point], across: Scale, y: float) -> None:
    last = -1e9
    for point in points:
        x = across(point.at.timestamp())
        if x - last >= 92:
            canvas.text(x, y, f"{point.at.astimezone(UTC):%Y-%m-%d}", size=12, text_anchor="middle")
            last = x
