"""What came before a batch, as it stood when its checks were requested: named by digest, so that a replay reads the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from monitoring.models import Baseline, Batch, Monitor

WEEK = 7


def date_of(batch: Batch) -> dt.date:
    """The date a batch counts for: that of its period's start in UTC."""
    return batch.period_start.astimezone(dt.UTC).date()


def history_of(batch: Batch, monitor: Monitor) -> dict[str, Any]:
    """`date`, the batches of the week that ends with it as `days`, the newest baseline's digest, and how many dates are known."""
    date = date_of(batch)
    first = dt.datetime.combine(date - dt.timedelta(days=WEEK - 1), dt.time(), dt.UTC)
    last = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), dt.UTC)
    rows = (
        Batch.objects.filter(deployment=batch.deployment_id, period_start__gte=first, period_start__lt=last)
        .exclude(pk=batch.pk)
        .exclude(state="refused")
        .order_by("period_start", "received_at", "id")
    )
    learnt = newest_baseline(monitor)
    return {
        "date": date.isoformat(),
        "days": [{"date": date_of(row).isoformat(), "data": row.blob_id, "label": row.label} for row in rows],
        "baseline": learnt.blob_id if learnt is not None else "",
        "known": len(set(dates_before(batch))),
    }


def newest_baseline(monitor: Monitor) -> Baseline | None:
    """The baseline that counts now; None before the first was learnt."""
    return Baseline.objects.filter(monitor=monitor, state="learnt").order_by("-number").first()


def dates_before(batch: Batch) -> Iterator[dt.date]:
    """Dates of checked batches up to this one's."""
    starts = Batch.objects.filter(
        deployment=batch.deployment_id, state="checked", period_start__lte=batch.period_start
    ).values_list("period_start", flat=True)
    return (start.astimezone(dt.UTC).date() for start in starts)
