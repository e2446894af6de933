"""Data that did not come: a missed span is a row of its own, once, and an outage is one breach.

What is missed follows from the plan and the clock alone, so that two sweeps, a restart or a clock that jumped find the same
spans; the unique row keeps each from being told twice.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

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


def plans_overdue() -> Iterator[UUID]:
    """The plans under which something is missing that was not noted yet: looked for without a lock, on every beat."""
    plans = Plan.objects.filter(monitor__state="active", monitor__deployment__state__in=RUNNING)
    now = clock.now()
    for plan in plans.select_related("monitor").order_by("starts_at"):
        if next(_missed(plan, now), None) is not None or _without_labels(plan, now).exists():
            yield plan.pk


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
    now = clock.now()
    missed = list(islice(_missed(plan, now), MOST_AT_ONCE))
    for start, end in missed:
        breach = Breach.objects.filter(monitor=monitor, missed__isnull=False, state="open").first()
        if breach is None:
            every = "day" if plan.every_days == 1 else f"{plan.every_days} days"
            text = f"No data came for {start:%Y-%m-%d}; they are expected every {every}."
            breach = _open(actor, monitor, None, text)
        records.write(
            actor=actor,
            event=events.SLOT_MISSED,
            row=MissedSlot(),
            set={
                "monitor": monitor,
                "starts_at": start,
                "ends_at": end,
                "noticed_at": now,
                "breach": breach,
            },
        )
    overdue = _without_labels(plan, now)[:MOST_AT_ONCE]
    days = "a day" if plan.labels_after_days == 1 else f"{plan.labels_after_days} days"
    for batch in overdue:
        text = f"No labels came for {batch.label}; they are expected within {days}."
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
    spans = deque(
        Batch.objects.filter(deployment=plan.monitor.deployment_id, period_end__gt=plan.starts_at)
        .order_by("period_start")
        .values_list("period_start", "period_end")
    )
    reach = plan.starts_at
    for start, end in slots(plan, now):
        # How far data reach that began before this span is over: past its start, they touch it.
        while spans and spans[0][0] < end:
            reach = max(reach, spans.popleft()[1])
        if start not in known and reach <= start:
            yield start, end


def _without_labels(plan: Plan, now: dt.datetime) -> QuerySet[Batch]:
    """Batches whose labels should be there and of which none came, the oldest first; those that were told not again."""
    if not plan.labels_after_days:
        return Batch.objects.none()
    due = now - dt.timedelta(days=plan.labels_after_days)
    told = Breach.objects.filter(batch=OuterRef("pk"), run=None)
    rows = Batch.objects.filter(
        deployment=plan.monitor.deployment_id,
        period_end__lte=due,
        received_at__gte=plan.starts_at,
        # Late data get as long as data in time for their labels.
        received_at__lte=due,
    ).exclude(state="refused")
    return rows.filter(~Exists(told), ~Exists(_labels(OuterRef))).order_by("period_start")


def labels_for(batch: Batch) -> QuerySet[LabelSet]:
    """Label sets whose period touches the batch's."""
    return _labels(partial(getattr, batch)).order_by("received_at", "id")


def _labels(of: Callable[[str], Any]) -> QuerySet[LabelSet]:
    """The same for whatever gives a batch's columns by name: a row, or a query around this one."""
    return LabelSet.objects.filter(
        deployment=of("deployment_id"), period_start__lt=of("period_end"), period_end__gt=of("period_start")
    )


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
