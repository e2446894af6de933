"""Labels that come later: taken in once, joined to the data of their period, judged twice.

The first judgement is provisional, because the labels that come first are seldom like the rest; when the delay that the
policy allows is over, the matured one follows. Both stay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.catalogue import CATALOGUE
from monitoring.models import Batch, LabelSet, Monitor, Plan, Run
from monitoring.services.batches import watch
from monitoring.services.feeds import labels_for
from monitoring.services.runs import MONITORED
from people import access
from people.catalogue import P
from registry.models import Deployment
from registry.selectors import versions
from registry.services.uploads import completed

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
    deployment = Deployment.objects.select_related("version__model__system").filter(pk=deployment_id).first()
    if deployment is None:
        raise NotThere()
    versions.version_locked(deployment.version_id)
    access.require(actor, P.BATCH_REPORT, deployment)
    if not name.strip() or len(name) > 80:
        raise Invalid("Name the labels in 1 to 80 characters; a retry must use the same name.", field="name")
    if not period_start < period_end:
        raise Invalid("The period must end after it starts.", field="period_end")
    upload = completed(
        upload_id, system_id=deployment.version.model.system_id, purpose="batch", field="upload_id"
    )
    if upload.blob is None:
        raise Invalid("The upload isn't finished.", field="upload_id")
    known = LabelSet.objects.filter(deployment=deployment, name=name).first()
    if known is not None:
        if (known.blob_id, known.period_start, known.period_end) == (
            upload.blob.pk,
            period_start,
            period_end,
        ):
            return known
        raise Conflict(
            "Labels of this name were already reported with other bytes or another period.", field="name"
        )
    monitor = Monitor.objects.filter(deployment=deployment).select_related("plan", "reference").first()
    if monitor is None or not _waiting(monitor):
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
            "blob": upload.blob,
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
        judged = Run.objects.filter(batch__deployment=plan.monitor.deployment_id)
        open_ones = Batch.objects.filter(
            pk__in=judged.filter(parameters__monitored__stage=PROVISIONAL).values("batch")
        ).exclude(pk__in=judged.filter(parameters__monitored__stage=MATURED).values("batch"))
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
    if any(run.parameters[MONITORED].get("stage") == MATURED for run in _judgements(batch)):
        return 0
    return _judge(monitor, batch)


def stage_of(monitor: Monitor, batch: Batch) -> str:
    """Whether the labels of a batch have had the time that the plan gives them."""
    matures = batch.period_end + dt.timedelta(days=monitor.plan.labels_after_days)
    return MATURED if clock.now() >= matures else PROVISIONAL


def _judge(monitor: Monitor, batch: Batch) -> int:
    stage = stage_of(monitor, batch)
    labels: dict[str, Any] = {
        "id": id_column(monitor),
        "label": monitor.reference.label_column,
        "sets": [row.blob_id for row in labels_for(batch)],
    }
    waiting = _waiting(monitor)
    for item in waiting:
        watch(monitor, item, batch, labels=labels, stage=stage)
    return len(waiting)


def _judgements(batch: Batch) -> Iterable[Run]:
    return [run for run in Run.objects.filter(batch=batch) if run.parameters.get(MONITORED, {}).get("labels")]


def _waiting(monitor: Monitor) -> list[dict[str, Any]]:
    plan = getattr(monitor, "plan", None)
    if plan is None or not plan.labels_after_days:
        return []
    return [item for item in monitor.checks if "label" in CATALOGUE[item["check"]].needs]


def id_column(monitor: Monitor) -> str:
    """The column by which a deployment's labels are joined to its rows. Raises Conflict where none is declared."""
    names = [one["name"] for one in monitor.reference.schema["columns"] if one.get("role") == "id"]
    if not names:
        raise Conflict("The reference data declare no column of role 'id', by which labels could be joined.")
    return str(names[0])
