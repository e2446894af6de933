"""Tables for people's spreadsheets: CSV in which no cell is a formula. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with its mark, every cell quoted, so that Excel reads letters and separators right."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([neutral(cell) for cell in header])
    writer.writerows([[neutral(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def neutral(value: object) -> str:
    """The text of a cell; what a spreadsheet would take for a formula, also behind blanks or in full width, begins with
    an apostrophe."""
    text = "" if value is None else str(value)
    bare = unicodedata.normalize("NFKC", text).lstrip(" \u00a0\u200b\ufeff")
    return f"'{text}" if bare.startswith(_STARTS) else text
