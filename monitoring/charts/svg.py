"""Drawing plain SVG: text in, text out, the same on screen and on paper.

Pure and light. Every drawing has a title and a description for those who hear it, uses presentation attributes
only (a strict content security policy refuses inline styles), takes the ink of its surroundings
(`currentColor`, so it follows light and dark), and tells things apart by shape, pattern and word before colour.
Equal input gives equal text.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

BLUE: Final = "#3579b8"
GREEN: Final = "#2e8656"
RED: Final = "#cf4439"
AMBER: Final = "#a8701a"
VIOLET: Final = "#8468c4"
GREY: Final = "#75828e"
"""Each has a contrast of at least 3 to 1 against white and against the dark ground of the portal."""

FONT: Final = "system-ui, 'DejaVu Sans', sans-serif"
CHARACTER: Final = 0.56
"""Width of a character in em; generous for the fonts in use, so that nothing runs into its neighbour."""

MARKS: Final[dict[str, tuple[str, str]]] = {
    "pass": ("✓", GREEN),
    "fail": ("✕", RED),
    "inconclusive": ("?", AMBER),
    "error": ("!", RED),
}


class Svg(str):
    """SVG text whose every part was escaped when it was drawn; template engines may print it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a drawing, for those who read rather than look."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, a sentence on how to read it, and the same figures as a table."""

    title: str
    caption: str
    svg: Svg
    table: Table


def number(value: float | None) -> str:
    """A figure as printed in charts: four significant digits; what isn't a number is said in words."""
    if value is None or math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    return f"{value:.4g}"


def finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def clipped(text: str, width: float, size: float = 13) -> str:
    """The text shortened, visibly, to `width` pixels at `size`."""
    room = max(1, int(width / (size * CHARACTER)))
    return text if len(text) <= room else text[: room - 1] + "…"


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round values covering [low, high], about `wanted` of them."""
    if not high > low:
        low, high = low - 0.5, high + 0.5
    raw = (high - low) / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(at * step, 12) for at in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Linear from [low, high] to [start, end] in pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def covering(values: Sequence[float], *, start: float, end: float, pad: float = 0.06) -> Scale:
    """A scale with some air on both sides; without any value, 0 to 1."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    air = (high - low) * pad or abs(high) * 0.1 or 0.5
    return Scale(low - air, high + air, start, end)


UID: Final = "\ue000id"
"""Stands in ids until the drawing is done and its own digest takes the place, so that no two on a page clash."""


def _attribute(name: str, value: object) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {name.rstrip("_").replace("_", "-")}="{escape(text, quote=True)}"'


@dataclass(slots=True)
class Canvas:
    """One drawing of `width` by `height` pixels."""

    width: float
    height: float
    title: str
    description: str
    parts: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)

    @property
    def uid(self) -> str:
        return UID

    def add(self, tag: str, tip: str = "", **attributes: object) -> None:
        """An empty element; `tip` is what a pointer or a screen reader is told of it."""
        said = "".join(_attribute(name, value) for name, value in attributes.items() if value is not None)
        end = f"><title>{escape(tip)}</title></{tag}>" if tip else "/>"
        self.parts.append(f"<{tag}{said}{end}")

    def line(self, x1: float, y1: float, x2: float, y2: float, *, tip: str = "", **more: object) -> None:
        attributes = {"stroke": "currentColor", "stroke_width": 1} | more
        self.add("line", tip, x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), **attributes)

    def text(
        self, x: float, y: float, words: str, *, size: float = 13, tip: str = "", **more: object
    ) -> None:
        attributes = {"fill": "currentColor", "font_size": size} | more
        said = "".join(_attribute(name, value) for name, value in attributes.items() if value is not None)
        tooltip = f"<title>{escape(tip)}</title>" if tip else ""
        place = f"{_attribute('x', float(x))}{_attribute('y', float(y))}"
        self.parts.append(f"<text{place}{said}>{tooltip}{escape(words)}</text>")

    def label(
        self, x: float, y: float, words: str, width: float, *, size: float = 13, **more: object
    ) -> None:
        """Text shortened to `width`, whole in its tooltip."""
        shown = clipped(words, width, size)
        self.text(x, y, shown, size=size, tip=words if shown != words else "", **more)

    def hatch(self, name: str, colour: str, *, slope: int = 1) -> str:
        """A striped fill; returns its reference. `slope` 1 rises, -1 falls, 0 is dotted."""
        ident = f"{name}-{self.uid}"
        if slope == 0:
            inner = f'<circle cx="3" cy="3" r="1.4" fill="{colour}"/>'
        else:
            rising, falling = "M-1,7 L7,-1 M-1,1 L1,-1 M5,7 L7,5", "M-1,-1 L7,7 M-1,5 L1,7 M5,-1 L7,1"
            ends = rising if slope > 0 else falling
            inner = f'<path d="{ends}" stroke="{colour}" stroke-width="1.6" fill="none"/>'
        self.definitions.append(
            f'<pattern id="{ident}" width="6" height="6" patternUnits="userSpaceOnUse">{inner}</pattern>'
        )
        return f"url(#{ident})"

    def cross(self, x: float, y: float, size: float, colour: str, tip: str = "") -> None:
        a, b, c, d = x - size, x + size, y - size, y + size
        path = f"M{a:.2f},{c:.2f} L{b:.2f},{d:.2f} M{b:.2f},{c:.2f} L{a:.2f},{d:.2f}"
        self.add("path", tip, d=path, stroke=colour, stroke_width=2.5, fill="none")

    def diamond(self, x: float, y: float, size: float, colour: str, tip: str = "") -> None:
        points = (
            f"{x:.2f},{y - size:.2f} {x + size:.2f},{y:.2f} {x:.2f},{y + size:.2f} {x - size:.2f},{y:.2f}"
        )
        self.add("polygon", tip, points=points, stroke=colour, stroke_width=2, fill="none")

    def render(self) -> Svg:
        definitions = f"<defs>{''.join(self.definitions)}</defs>" if self.definitions else ""
        text = (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t-{UID} d-{UID}"'
            f' viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" height="{self.height:g}"'
            f' font-family="{escape(FONT, quote=True)}">'
            f'<title id="t-{UID}">{escape(self.title)}</title><desc id="d-{UID}">{escape(self.description)}</desc>'
            f"{definitions}{''.join(self.parts)}</svg>"
        )
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        return Svg(text.replace(UID, digest[:10]))
