"""Drift day by day: how far the data were from what is normal, what was told and what was not. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

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
WORDS = {
    "told": "drifted, people were told",
    "quiet": "drifted, nobody was told",
    "calm": "no drift",
    "open": "can't tell",
    "missing": "no data",
    "unread": "data that couldn't be read",
}


@dataclass(frozen=True, slots=True)
class DayMark:
    """One date: the largest distance of any column in sd, None without data; `kind` is a key of WORDS; `why` for its tip."""

    date: dt.date
    value: float | None
    kind: str
    why: str = ""


def drift_by_day(title: str, days: Sequence[DayMark], *, learnt_from: dt.date | None, floor: float) -> Chart:
    """Marks by date. Days without data are gaps with a cross at the foot; a vertical line shows from when a baseline counts."""
    ordered = sorted(days, key=lambda day: day.date)
    left, top, height, room = 70, 30, 220, WIDTH - 110
    told = sum(day.kind == "told" for day in ordered)
    quiet = sum(day.kind == "quiet" for day in ordered)
    gaps = sum(day.kind in ("missing", "unread") for day in ordered)
    canvas = Canvas(
        WIDTH,
        top + height + 92,
        title,
        f"{len(ordered)} days: people were told on {told}, not told of drift on {quiet}, {gaps} without readable data.",
    )
    up = covering(
        finite([0.0, floor, *(day.value for day in ordered)]), start=top + height, end=top, pad=0.08
    )
    up = Scale(0.0, up.high, up.start, up.end)
    for value in ticks(0.0, up.high):
        canvas.line(left, up(value), left + room, up(value), stroke=GREY, stroke_opacity="0.35")
        canvas.text(left - 8, up(value) + 4, number(value), size=12, text_anchor="end")
    canvas.line(left, top + height, left + room, top + height)
    stamps = [float(day.date.toordinal()) for day in ordered] or [0.0]
    across = Scale(min(stamps), max(stamps), left + 16, left + room - 16)
    if learnt_from is not None and ordered and ordered[0].date <= learnt_from <= ordered[-1].date:
        x = across(float(learnt_from.toordinal()))
        canvas.line(
            x, top, x, top + height, stroke_dasharray="2 4", tip="from here against the learnt baseline"
        )
        canvas.text(x + 4, top - 8, "baseline learnt", size=12)
    for day in ordered:
        _mark(canvas, day, across(float(day.date.toordinal())), up, top + height)
    _dates(canvas, ordered, across, top + height + 18)
    if not ordered:
        canvas.text(left + room / 2, top + height / 2, "No data yet.", text_anchor="middle")
    canvas.text(
        left + room / 2, top + height + 42, "date (UTC); distance in sd", size=12, text_anchor="middle"
    )
    _legend(canvas, {day.kind for day in ordered}, left, top + height + 70)
    table = Table(
        title,
        ("date", "largest distance (sd)", "what", "why"),
        tuple(
            (
                day.date.isoformat(),
                number(day.value) if day.value is not None else "none",
                WORDS[day.kind],
                day.why,
            )
            for day in ordered
        ),
    )
    caption = (
        "Each mark is a day: the largest distance of any column from what is normal for it. What drifted and was not told "
        "is shown too, with the reason in the table."
    )
    return Chart(title, caption, canvas.render(), table)


def _mark(canvas: Canvas, day: DayMark, x: float, up: Scale, foot: float) -> None:
    tip = f"{day.date}: {WORDS[day.kind]}{'. ' + day.why if day.why else ''}"
    y = up(day.value) if day.value is not None else foot - 9
    if day.kind == "told":
        canvas.add(
            "polygon",
            tip,
            points=f"{x:.2f},{y - 7:.2f} {x - 6.5:.2f},{y + 5:.2f} {x + 6.5:.2f},{y + 5:.2f}",
            fill=RED,
        )
    elif day.kind == "quiet":
        canvas.diamond(x, y, 6, RED, tip)
    elif day.kind == "open":
        canvas.add("circle", tip, cx=x, cy=y, r=4, fill="none", stroke=AMBER, stroke_width=2)
    elif day.kind == "calm":
        canvas.add("circle", tip, cx=x, cy=y, r=3.5, fill=BLUE)
    else:
        canvas.cross(x, foot - 9, 4, AMBER, tip)


def _legend(canvas: Canvas, kinds: set[str], left: float, y: float) -> None:
    x = left
    for kind in (kind for kind in WORDS if kind in kinds):
        _mark(
            canvas,
            DayMark(dt.date.min, 0.0 if kind not in ("missing", "unread") else None, kind),
            x,
            _At(y),
            y + 9,
        )
        canvas.text(x + 12, y + 4, WORDS[kind], size=12)
        x += 26 + 6.9 * len(WORDS[kind])


class _At(Scale):
    """A scale on which everything lies at one place."""

    def __init__(self, y: float) -> None:
        super().__init__(0.0, 1.0, y, y)


def _dates(canvas: Canvas, days: Sequence[DayMark], across: Scale, y: float) -> None:
    last = -1e9
    for day in days:
        x = across(float(day.date.toordinal()))
        if x - last >= 92:
            canvas.text(x, y, day.date.isoformat(), size=12, text_anchor="middle")
            last = x
