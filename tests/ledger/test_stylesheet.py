"""The tokens of the stylesheet hold WCAG 2.2 AA contrast in both schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "static/modelwarrant/app.css").read_text()
LIGHT, DARK = CSS.split("@media (prefers-color-scheme: dark)")[0:2]

TEXT = 4.5  # 1.4.3, text of normal size
SHAPE = 3.0  # 1.4.11, borders of controls and focus rings

PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-soft", "link") for ground in ("ground", "paper")),
    ("ink", "info-ground", TEXT),
    ("on-action", "action", TEXT),
    ("on-action", "action-hover", TEXT),
    ("on-danger", "danger", TEXT),
    ("on-focus", "focus", TEXT),
    ("on-bar", "bar", TEXT),
    ("focus", "bar", SHAPE),
    ("fail", "paper", TEXT),
    ("fail", "ground", TEXT),
    ("line-strong", "paper", SHAPE),
    ("line-strong", "ground", SHAPE),
    *((tone, f"{tone}-ground", TEXT) for tone in ("ok", "fail", "warn", "info", "muted")),
]


def tokens(*sources: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in sources:
        block = source[source.index(":root {") :]
        found.update(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[: block.index("}")]))
    return found


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, WCAG 2.2 definition."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_pairs_are_readable(scheme: str, ink: str, ground: str, least: float) -> None:
    known = tokens(LIGHT) if scheme == "light" else tokens(LIGHT, DARK)
    assert contrast(known[ink], known[ground]) >= least


def test_the_stylesheet_loads_nothing_from_elsewhere() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
