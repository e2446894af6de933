"""THE table of presentations: a row for every check of the catalogue, and one for a check this version doesn't know."""

from __future__ import annotations

from monitoring.presentation import counted, groups, language, moved, quality
from monitoring.presentation.rows import Presentation, judged_charts, stored_tables

PRESENTATIONS: dict[str, Presentation] = {
    row.check: row for module in (quality, groups, moved, counted, language) for row in module.ROWS
}


def presentation_of(check: str) -> Presentation:
    """The row of a check; plain words for one that an older or newer version knew."""
    return PRESENTATIONS.get(check) or Presentation(
        check,
        passes="Every bound that was set is met.",
        fails="A bound that was set is missed.",
        undecided="It can't be told whether every bound is met.",
        deciding=judged_charts,
        tables=stored_tables,
    )
