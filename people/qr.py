"""A text as a QR code in SVG: black squares on white, whatever colours the page around it has. Pure."""

from __future__ import annotations

import segno

MARGIN = 4
"""Modules of white around the code; ISO/IEC 18004 asks for four."""

SCALE = 5


def svg(text: str) -> str:
    """A complete SVG document without styles or scripts. ValueError for a text too long for any QR code."""
    rows = list(segno.make(text, error="m", micro=False).matrix_iter(border=MARGIN))
    size = len(rows)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    side = size * SCALE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {size} {size}">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" shape-rendering="crispEdges" d="{path}"/>'
        "</svg>"
    )
