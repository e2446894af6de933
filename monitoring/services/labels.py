"""Labels that come later: taken in once, joined to the data of their period, judged twice.

The first judgement is provisional, because the labels that come first are seldom like the rest; when the delay that the
policy allows is over, the matured one follows. Both stay.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.models import Batch, LabelSet, Monitor, Plan, Run
from monitoring.services.batches import watch
from monitoring.services.deliveries import delivered, require_same
from monitoring.services.feeds import labels_for
from monitoring.services.runs import MONITORED, waiting_checks
from people import access
from people.catalogue import P

PROVISIONAL, MATURED = "provisional", "matured"


@governed
def labels_report(
    *,
    actor: Actor,
    deployment_id: UUID,
    name: str,
    upload_id: UUID,
    period_start: dt.datetime,
    period_end: dt.datetime,
) -> LabelSet:
    """Take in labels of rows that were reported for a period, and request the checks that waited for them.

    The same name with the same bytes and period is the same set (a retry gives it back); with others it is a Conflict. A
    later set for the same rows counts from then on; what an earlier one said stays.
    """
    deployment, blob = delivered(
        actor, deployment_id, upload_id, name=name, field="name", period=(period_start, period_end)
    )
    known = LabelSet.objects.filter(deployment=deployment, name=name).first()
    if known is not None:
        require_same(known, blob, (period_start, period_end), field="name")
        return known
    monitor = Monitor.objects.filter(deployment=deployment).select_related("plan", "reference").first()
    if monitor is None or not waiting_checks(monitor):
        raise Conflict("No check of this deployment's monitor waits for labels.", field="deployment")
    id_column(monitor)
    row = LabelSet()
    records.write(
        actor=actor,
        event=events.LABELS_RECEIVED,
        row=row,
        set={
            "deployment": deployment,
            "name": name,
            "blob": blob,
            "period_start": period_start,
            "period_end": period_end,
            "received_at": clock.now(),
            "reported_by": actor.id,
        },
    )
    touched = Batch.objects.filter(
        deployment=deployment, period_start__lt=period_end, period_end__gt=period_start
    ).exclude(state="refused")
    if monitor.state == "active":
        for batch in touched.order_by("period_start"):
            _judge(monitor, batch)
    return row


def labels_sweep(*, actor: Actor) -> int:
    """Request the matured judgement of every batch whose labels have had their time; returns how many."""
    found = 0
    for plan in Plan.objects.filter(labels_after_days__gt=0, monitor__state="active").order_by("starts_at"):
        before = clock.now() - dt.timedelta(days=plan.labels_after_days)
        batches = Batch.objects.filter(deployment=plan.monitor.deployment_id)
        open_ones = batches.filter(Exists(_judgements(OuterRef("pk"), PROVISIONAL))).exclude(
            Exists(_judgements(OuterRef("pk"), MATURED))
        )
        due = open_ones.filter(period_end__lte=before).order_by("period_start")
        for batch in due[:50]:
            found += batch_mature(actor=actor, batch_id=batch.pk)
    return found


@governed
def batch_mature(*, actor: Actor, batch_id: UUID) -> int:
    """Request the matured judgement of one batch; 0 if it was requested before or isn't due. Safe to repeat."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    monitor = Monitor.objects.filter(deployment__batches=batch_id).select_related("plan", "reference").first()
    if batch is None or monitor is None:
        raise NotThere()
    access.require(actor, P.BATCH_CHECK, batch)
    if stage_of(monitor, batch) == PROVISIONAL:
        return 0
    if _judgements(batch.pk, MATURED).exists():
        return 0
    return _judge(monitor, batch)


def stage_of(monitor: Monitor, batch: Batch) -> str:
    """Whether the labels of a batch have had the time that the plan gives them."""
    matures = batch.period_end + dt.timedelta(days=monitor.plan.labels_after_days)
    return MATURED if clock.now() >= matures else PROVISIONAL


def _judgements(batch_id: Any, stage: str) -> QuerySet[Run]:
    return Run.objects.filter(batch=batch_id, **{f"parameters__{MONITORED}__stage": stage})


def _judge(monitor: Monitor, batch: Batch) -> int:
    stage = stage_of(monitor, batch)
    labels: dict[str, Any] = {
        "id": id_column(monitor),
        "label": monitor.reference.label_column,
        "sets": [row.blob_id for row in labels_for(batch)],
    }
    waiting = waiting_checks(monitor)
    for item in waiting:
        watch(monitor, item, batch, labels=labels, stage=stage)
    return len(waiting)


def id_column(monitor: Monitor) -> str:
    """The column by which a deployment's labels are joined to its rows. Raises Conflict where none is declared."""
    names = [one["name"] for one in monitor.reference.schema["columns"] if one.get("role") == "id"]
    if not names:
        raise Conflict("The reference data declare no column of role 'id', by which labels could be joined.")
    return str(names[0])
