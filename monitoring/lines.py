"""JSON Lines as the CSV that checks read: flat objects, one a line, nothing guessed.

Numbers keep the digits they were written with, null and a missing member are blank. Pure; what a value means is the
reader's of the CSV.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

MAX_ROWS = 100_000
MAX_COLUMNS = 2_000
MAX_VALUE = 10_000


class BadLines(ValueError):
    """`line` is the first line that can't be read, from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"Line {line}: {message}")
        self.line = line


def csv_of(text: str) -> bytes:
    """The lines as CSV in UTF-8 with a header, columns in the order of their first appearance. Raises BadLines."""
    rows: list[Mapping[str, Any]] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if len(rows) == MAX_ROWS:
            raise BadLines(number, f"more than {MAX_ROWS:,} rows; send them in several batches or as a file.")
        row = _row(number, line)
        columns |= dict.fromkeys(row)
        if len(columns) > MAX_COLUMNS:
            raise BadLines(number, f"more than {MAX_COLUMNS:,} columns.")
        rows.append(row)
    if not rows:
        raise BadLines(1, "there is no row.")
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(name, "") for name in columns] for row in rows)
    return target.getvalue().encode()


def _row(number: int, line: str) -> dict[str, str]:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(found)) < len(found):
            raise BadLines(number, "a name is repeated.")
        return dict(found)

    def constant(name: str) -> None:
        raise BadLines(number, f"{name} is not a JSON number.")

    try:
        row = json.loads(
            line, object_pairs_hook=pairs, parse_constant=constant, parse_int=str, parse_float=str
        )
    except BadLines:
        raise
    except (ValueError, RecursionError) as error:
        raise BadLines(number, f"not JSON ({error}).") from None
    if not isinstance(row, dict) or not row:
        raise BadLines(number, "an object with at least one member is expected.")
    return {name: _text(number, name, value) for name, value in row.items()}


def _text(number: int, name: str, value: Any) -> str:
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise BadLines(number, f"{name[:40]!r} is no name of a column.")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise BadLines(number, f"{name!r} is neither text, number, true, false nor null.")
    if len(value) > MAX_VALUE:
        raise BadLines(number, f"{name!r} has more than {MAX_VALUE:,} characters.")
    if any(char in value for char in "\r\n\0") or (not value.isascii() and not _encodable(value)):
        raise BadLines(number, f"{name!r} holds a line break or a character that no text has.")
    return value


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
