"""One answer stands at one moment: its rows are computed at the same time, which the database is asked for once."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from ledger import clock


class OneMoment:
    """For serializers of rows whose standing depends on the time."""

    @cached_property
    def _now(self) -> datetime:
        return clock.now()
