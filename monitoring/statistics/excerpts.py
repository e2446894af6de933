"""Which rows of a table make up a snapshot: columns, period, order. Light: the standard library alone.

Knows no engine and no file; see `snapshots` for who writes one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The rows of a period, as they go into a file.

    `columns` in the file's order; rows are sorted by `first` (a column of ids, None where there is none) and then by all
    other columns. A row belongs to the period if its column `time` is at or after `start` and before `end` (both aware).
    `most_bytes` is how long the file may get.
    """

    columns: tuple[str, ...]
    first: str | None
    time: str
    start: dt.datetime
    end: dt.datetime
    most_bytes: int
