"""How long a model that already runs may go on without a warrant, by the tier it is claimed to have. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

DUE_DAYS: Mapping[str, int] = {"low": 365, "medium": 180, "high": 90}
"""Where no policy says otherwise."""


def due_after(tier: str, said: Iterable[int | None]) -> timedelta:
    """The shortest of what the policies in force say; the table's where they say nothing."""
    days = [answer for answer in said if answer]
    return timedelta(days=min(days, default=DUE_DAYS[tier]))
