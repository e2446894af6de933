"""Counts and shares as bars: rows of a framework by state, and a distribution then and now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.charts.svg import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    RED,
    VIOLET,
    Canvas,
    Chart,
    Scale,
    Table,
)  # fmt: skip

WIDTH = 760

TONES: dict[str, tuple[str, int | None]] = {
    "ok": (GREEN, None),
    "fail": (RED, -1),
    "info": (VIOLET, 0),
    "warn": (AMBER, 1),
    "muted": (GREY, None),
    "plain": ("none", None),
}
"""Colour and pattern (None: full) of a part. `plain` is an outline, for what isn't there."""


@dataclass(frozen=True, slots=True)
class Part:
    """One state: a symbol and words for the legend, a tone of TONES for the fill."""

    symbol: str
    words: str
    tone: str


def split(title: str, parts: Sequence[Part], rows: Sequence[tuple[str, Sequence[int]]]) -> Chart:
    """One bar per row, split by state with its count in or above it; no total, on purpose.

    `rows` are (label, one count per part). Bars are drawn to the same length per counted thing.
    """
    left, top, step = 110, 10, 46
    entries = _legend_lines(parts)
    height = top + step * len(rows) + 22 * len(entries) + 14
    canvas = Canvas(WIDTH, height, title, f"{len(rows)} bars split into {len(parts)} states.")
    fills = {}
    for tone in dict.fromkeys(part.tone for part in parts):
        colour, slope = TONES[tone]
        fills[tone] = colour if slope is None else canvas.hatch(tone, colour, slope=slope)
    most = max((sum(counts) for _, counts in rows), default=0)
    scale = Scale(0, most or 1, 0, WIDTH - left - 60)
    for at, (label, counts) in enumerate(rows):
        y = top + step * at
        canvas.text(left - 10, y + 27, label, text_anchor="end", font_weight="bold")
        x = float(left)
        for part, count in zip(parts, counts, strict=True):
            if not count:
                continue
            width = scale(count)
            tip = f"{label}: {count} {part.words}"
            stroke = "currentColor" if part.tone == "plain" else TONES[part.tone][0]
            canvas.add(
                "rect", tip, x=x, y=float(y + 18), width=width, height=16, fill=fills[part.tone],
                stroke=stroke, stroke_width=1.5, stroke_dasharray="3 2" if part.tone == "plain" else None,
            )  # fmt: skip
            canvas.text(x + width / 2, y + 13, f"{part.symbol} {count}", size=12, text_anchor="middle")
            x += width
        canvas.text(x + 8, y + 31, f"of {sum(counts)}", size=12)
    y = top + step * len(rows) + 18
    for line in entries:
        x = float(left)
        for part, width in line:
            canvas.add(
                "rect", x=x, y=float(y - 10), width=12, height=12, fill=fills[part.tone],
                stroke="currentColor" if part.tone == "plain" else TONES[part.tone][0],
            )  # fmt: skip
            canvas.text(x + 18, y, f"{part.symbol} {part.words}", size=12)
            x += width
        y += 22
    table = Table(
        title,
        ("", *(f"{part.symbol} {part.words}" for part in parts), "all"),
        tuple((label, *(str(count) for count in counts), str(sum(counts))) for label, counts in rows),
    )
    return Chart(title, "Counts per state; nothing is added up to one score.", canvas.render(), table)


def _legend_lines(parts: Sequence[Part]) -> list[list[tuple[Part, float]]]:
    lines: list[list[tuple[Part, float]]] = [[]]
    used = 0.0
    for part in parts:
        width = 34 + 7.2 * len(f"{part.symbol} {part.words}")
        if used and used + width > WIDTH - 120:
            lines.append([])
            used = 0.0
        lines[-1].append((part, width))
        used += width
    return lines


def distributions(
    title: str,
    bins: Sequence[str],
    reference: Sequence[int],
    current: Sequence[int],
    *,
    measure: str,
) -> Chart:
    """Shares of a reference and of current data per bin (or category), side by side.

    The counts are turned into shares so that unequal sizes compare; both sizes are printed. An empty side has
    no bars and says so.
    """
    left, top, height, room = 64, 34, 260, WIDTH - 84
    canvas = Canvas(
        WIDTH, top + height + 74, title, f"{measure}: reference against current data in {len(bins)} bins."
    )
    totals = sum(reference), sum(current)
    shares = [
        [count / total if total else 0.0 for count in counts]
        for counts, total in zip((reference, current), totals, strict=True)
    ]
    most = max([0.0, *shares[0], *shares[1]]) or 1.0
    up = Scale(0, most * 1.08, top + height, top)
    for at in range(5):
        value = most * at / 4
        canvas.line(left, up(value), left + room, up(value), stroke=GREY, stroke_opacity="0.35")
        canvas.text(left - 8, up(value) + 4, f"{100 * value:.3g} %", size=12, text_anchor="end")
    striped = canvas.hatch("reference", GREY)
    step = room / max(1, len(bins))
    bar = max(1.0, min(26.0, step * 0.38))
    every = max(1, -(-len(bins) * 70 // int(room)))
    for at, name in enumerate(bins):
        middle = left + step * (at + 0.5)
        for side, (share, count, fill, stroke, word) in enumerate(
            (
                (shares[0][at], reference[at], striped, GREY, "reference"),
                (shares[1][at], current[at], BLUE, BLUE, "current"),
            )
        ):
            y = up(share)
            tip = f"{name}, {word}: {100 * share:.3g} % ({count})"
            x = middle - bar if side == 0 else middle
            canvas.add("rect", tip, x=x, y=y, width=bar, height=top + height - y, fill=fill, stroke=stroke)
        if at % every == 0:
            canvas.label(middle, top + height + 17, name, step * every, size=12, text_anchor="middle")
    canvas.line(left, top + height, left + room, top + height)
    canvas.text(left + room / 2, top + height + 38, measure, size=12, text_anchor="middle")
    y = top + height + 62
    canvas.add("rect", x=left, y=y - 11, width=13, height=13, fill=striped, stroke=GREY)
    canvas.text(left + 20, y, _size("reference", totals[0]), size=12)
    canvas.add("rect", x=left + 240, y=y - 11, width=13, height=13, fill=BLUE, stroke=BLUE)
    canvas.text(left + 260, y, _size("current", totals[1]), size=12)
    rows = tuple(
        (
            name,
            str(reference[at]),
            f"{100 * shares[0][at]:.4g} %",
            str(current[at]),
            f"{100 * shares[1][at]:.4g} %",
        )
        for at, name in enumerate(bins)
    )
    table = Table(title, (measure, "reference n", "reference", "current n", "current"), rows)
    return Chart(title, "Shares per bin; striped is the reference, full is now.", canvas.render(), table)


def _size(word: str, total: int) -> str:
    return f"{word}, n = {total}" if total else f"{word}: no data"
