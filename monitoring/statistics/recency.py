"""How old data are: the newest time in a column, against the moment they were meant for. Knows no clock."""

from __future__ import annotations

import datetime as dt
import math

from monitoring.statistics.inputs import BadInput
from monitoring.statistics.tables import Column


def hours_behind(column: Column, as_of: str) -> float:
    """Hours from the newest time in a column to `as_of`; negative if it is later, NaN if there is none.

    Times are ISO 8601 (without a zone they are UTC), or seconds since 1970 as typed columns are read. Raises BadInput
    `not-a-time` for other values.
    """
    names, codes = column.coded()
    there = {code for code in codes.tolist() if code >= 0}
    if not there:
        return math.nan
    newest = max(_seconds(names[code], column.name) for code in there)
    return (_seconds(as_of, column.name) - newest) / 3600


def _seconds(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(
            "not-a-time", f"column {name!r}: {text[:40]!r} is no ISO 8601 time.", column=name
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
