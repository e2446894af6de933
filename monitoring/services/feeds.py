"""Data that did not come: a missed span is a row of its own, once, and an outage is one breach.

What is missed follows from the plan and the clock alone, so that two sweeps, a restart or a clock that jumped find the same
spans; the unique row keeps each from being told twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.machines import BREACH
from monitoring.models import Batch, Breach, LabelSet, MissedSlot, Monitor, Plan
from monitoring.services.paging import Outcome, tell
from people import access
from people.catalogue import P
from registry.machines import RUNNING

MOST_AT_ONCE = 50
_TOLD = Outcome(True, "at-once", "Data that don't come are told at once.")


def plans_watched() -> list[UUID]:
    """The plans under which data are expected now."""
    plans = Plan.objects.filter(monitor__state="active", monitor__deployment__state__in=RUNNING)
    return list(plans.order_by("starts_at").values_list("pk", flat=True))


@governed
def feed_judge(*, actor: Actor, plan_id: UUID) -> int:
    """Record the missed spans and overdue labels of one plan. Safe to repeat."""
    plan = (
        Plan.objects.select_for_update()
        .select_related("monitor__deployment__version__model__system")
        .get(pk=plan_id)
    )
    monitor = plan.monitor
    access.require(actor, P.BREACH_OPEN, monitor)
    missed = list(_missed(plan, clock.now()))[:MOST_AT_ONCE]
    for start, end in missed:
        breach = Breach.objects.filter(monitor=monitor, missed__isnull=False, state="open").first()
        if breach is None:
            text = f"No data came for {start:%Y-%m-%d}; they are expected every {_days(plan.every_days)}."
            breach = _open(actor, monitor, None, text)
        records.write(
            actor=actor,
            event=events.SLOT_MISSED,
            row=MissedSlot(),
            set={
                "monitor": monitor,
                "starts_at": start,
                "ends_at": end,
                "noticed_at": clock.now(),
                "breach": breach,
            },
        )
    overdue = _without_labels(plan, clock.now())
    for batch in overdue:
        text = f"No labels came for {batch.label}; they are expected within {_days(plan.labels_after_days)}."
        _open(actor, monitor, batch, text)
    return len(missed) + len(overdue)


def slots(plan: Plan, now: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The spans of a plan for which data are overdue or were, the oldest first."""
    step = dt.timedelta(days=plan.every_days)
    start = plan.starts_at
    while start + dt.timedelta(days=plan.silent_after_days) <= now:
        yield start, start + step
        start += step


def _missed(plan: Plan, now: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    known = set(MissedSlot.objects.filter(monitor=plan.monitor_id).values_list("starts_at", flat=True))
    spans = list(
        Batch.objects.filter(deployment=plan.monitor.deployment_id, period_end__gt=plan.starts_at)
        .order_by("period_start")
        .values_list("period_start", "period_end")
    )
    for start, end in slots(plan, now):
        if start not in known and not any(first < end and last > start for first, last in spans):
            yield start, end


def _without_labels(plan: Plan, now: dt.datetime) -> list[Batch]:
    if not plan.labels_after_days:
        return []
    due = now - dt.timedelta(days=plan.labels_after_days)
    rows = (
        Batch.objects.filter(
            deployment=plan.monitor.deployment_id, period_end__lte=due, received_at__gte=plan.starts_at
        )
        .exclude(state="refused")
        # Late data get as long as data in time for their labels.
        .filter(received_at__lte=due)
        .exclude(breaches__run__isnull=True, breaches__isnull=False)
        .order_by("period_start")[:MOST_AT_ONCE]
    )
    return [row for row in rows if not labels_for(row).exists()]


def labels_for(batch: Batch) -> QuerySet[LabelSet]:
    """Label sets whose period touches the batch's."""
    return LabelSet.objects.filter(
        deployment=batch.deployment_id, period_start__lt=batch.period_end, period_end__gt=batch.period_start
    ).order_by("received_at", "id")


def _open(actor: Actor, monitor: Monitor, batch: Batch | None, text: str) -> Breach:
    breach = Breach()
    records.write(
        actor=actor,
        event=events.BREACH_OPENED,
        row=breach,
        set={
            "monitor": monitor,
            "batch": batch,
            "run": None,
            "response": "ticket",
            "summary": {"text": text, "failed": [], "count": 1},
            "state": BREACH.initial.name,
            "opened_at": clock.now(),
        },
    )
    tell(actor=actor, breach=breach, outcome=_TOLD)
    return breach


def _days(count: int) -> str:
    return "day" if count == 1 else f"{count} days"
