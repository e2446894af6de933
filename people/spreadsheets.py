"""Text for spreadsheets: what somebody wrote must not become a formula on the desk of who opens the file (CWE-1236)."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator

STARTS = frozenset("=+-@|%")
"""What programs take for the beginning of a formula or command, in its plain or full-width form."""


def harmless(value: object) -> str:
    """The text with an apostrophe before it where a program could take it for a formula; otherwise as it is.

    Blanks and control characters before the sign don't help it past: programs skip them.
    """
    text = "" if value is None else str(value)
    bare = text.lstrip(
        "".join(ch for ch in set(text) if ch.isspace() or unicodedata.category(ch) in ("Cc", "Cf"))
    )
    begins = unicodedata.normalize("NFKC", bare[:1])[:1]
    risky = bool(begins) and begins in STARTS
    return f"'{text}" if risky or text[:1] in ("\t", "\r", "\n") else text


def lines(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Lines of RFC 4180, every field quoted so that no separator is guessed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow(head)
    yield _taken(buffer)
    for values in rows:
        writer.writerow([harmless(value) for value in values])
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
