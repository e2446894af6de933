"""The shipped policies with sections in place of their own."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def shipped(tier: str, more: str = "", *, without: tuple[str, ...] = ()) -> str:
    """The text of the shipped policy of `tier`; sections of `more` stand instead of its own, those `without` are left out."""
    text = (ROOT / "fixtures" / "policies" / f"{tier}.yaml").read_text(encoding="utf-8")
    for name in (*without, *re.findall(r"^(\w+):", more, re.M)):
        text = re.sub(rf"^{name}:.*?(?=^\S|\Z)", "", text, flags=re.M | re.S)
    return f"{text}\n{more}\n"
