"""What a report says about break-glass: counted apart from everything else, for ever."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.selectors.emergencies import counted, status_at
from governance.selectors.emergencies import emergencies_of as rows_of
from ledger import clock
from registry.models import Version


def emergencies_of(version: Version, at: dt.datetime) -> dict[str, Any]:
    """How often this version and its model ran without approval, how many emergencies are open, and each of them."""
    rows = [row for row in rows_of(version).order_by("requested_at", "id") if row.agreed_at]
    return {
        "version": len(rows),
        "model": counted(version.model_id),
        "open": sum(status_at(row, at) == "open" for row in rows),
        "rows": [
            {
                "id": str(row.pk),
                "place": str(row.deployment.slot),
                "state": status_at(row, at),
                "from": clock.text(row.agreed_at) if row.agreed_at else "",
                "until": clock.text(row.ends) if row.ends else "",
                "requested_by": row.requested_by,
                "agreed_by": row.agreed_by,
                "reason": row.reason,
                "fallback": row.fallback,
            }
            for row in rows
        ],
    }
