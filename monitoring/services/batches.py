"""Batches of production data: received once per label, checked by the deployment's monitor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.catalogue import CATALOGUE
from monitoring.machines import BATCH
from monitoring.models import Batch, Monitor, Run
from monitoring.services.deliveries import delivered, require_same
from monitoring.services.histories import history_of
from monitoring.services.runs import labels_are_late, plan_of, run_request, waiting_checks
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.machines import RUNNING

REMEMBERED = 400
MONITORING = Actor.system("checks-worker")


@governed
def batch_report(
    *,
    actor: Actor,
    deployment_id: UUID,
    label: str,
    upload_id: UUID,
    period_start: dt.datetime,
    period_end: dt.datetime,
) -> Batch:
    """Take in one batch of a running deployment and request the checks of its monitor.

    `upload_id` names a finished upload for this purpose. The same label with the same bytes and period is the same
    batch (a retry gives it back); with others it is a Conflict. A batch for a period in the future is Invalid.
    """
    deployment, blob = delivered(
        actor, deployment_id, upload_id, name=label, field="label", period=(period_start, period_end)
    )
    now = clock.now()
    if period_end > now + dt.timedelta(minutes=5):
        raise Invalid("The period ends in the future.", field="period_end")
    known = Batch.objects.filter(deployment=deployment, label=label).first()
    if known is not None:
        require_same(known, blob, (period_start, period_end), field="label")
        return known
    if deployment.state not in RUNNING:
        raise Conflict(f"The deployment is {deployment.state}; production data comes from a running one.")
    batch = Batch()
    records.write(
        actor=actor,
        event=events.BATCH_RECEIVED,
        row=batch,
        set={
            "deployment": deployment,
            "label": label,
            "blob": blob,
            "period_start": period_start,
            "period_end": period_end,
            "received_at": now,
            "reported_by": actor.id,
            "state": BATCH.initial.name,
        },
    )
    monitor = Monitor.objects.filter(deployment=deployment, state="active").first()
    if monitor is not None:
        waiting = waiting_checks(monitor)
        for item in monitor.checks:
            if item not in waiting:
                watch(monitor, item, batch)
    return batch


def watch(
    monitor: Monitor,
    item: Mapping[str, Any],
    batch: Batch,
    *,
    labels: Mapping[str, Any] | None = None,
    stage: str = "",
) -> Run:
    """Request one of a monitor's checks on a batch, with the bounds that were frozen into the monitor."""
    monitored: dict[str, Any] = {"late": labels_are_late(monitor)}
    parameters: dict[str, Any] = {}
    if CATALOGUE[item["check"]].reads == "history":
        monitored["history"] = history_of(batch, monitor)
        plan = plan_of(monitor)
        parameters = {"baseline_days": plan.baseline_days} if plan is not None else {}
    if item["check"] == "data-contract":
        parameters = _feed(monitor, batch)
    if labels is not None:
        monitored |= {"labels": dict(labels), "stage": stage}
    return run_request(
        actor=MONITORING,
        version_id=monitor.deployment.version_id,
        check=item["check"],
        thresholds=item["thresholds"],
        policy_digest=item["policy_digest"],
        batch=batch,
        reference=monitor.reference,
        parameters=parameters,
        monitored=monitored,
    )


def _feed(monitor: Monitor, batch: Batch) -> dict[str, Any]:
    """What a feed that stands still would show: the bytes of other periods again, or rows that are too old."""
    others = Batch.objects.filter(deployment=batch.deployment_id).exclude(period_start=batch.period_start)
    said: dict[str, Any] = {
        "earlier_digests": sorted(
            set(others.order_by("-period_start").values_list("blob", flat=True)[:REMEMBERED])
        )
    }
    plan = plan_of(monitor)
    times = [one["name"] for one in monitor.reference.schema["columns"] if one.get("role") == "time"]
    if times and plan is not None:
        said["fresh"] = {
            "column": times[0],
            "as_of": clock.text(batch.period_end),
            "hours": 24 * plan.every_days,
        }
    return said


@governed
def batch_settle(*, actor: Actor, batch_id: UUID) -> Batch:
    """Mark a batch as checked, or refused, once every run on it has ended. Safe to repeat."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise NotThere()
    access.require(actor, P.BATCH_CHECK, batch)
    states = list(Run.objects.filter(batch=batch).values_list("state", flat=True))
    if batch.state != "received" or not states or "due" in states:
        return batch
    move = "check" if "done" in states else "refuse"
    move_row(
        actor=actor,
        row=batch,
        machine=BATCH,
        move=move,
        event=events.BATCH_MOVED,
        set={"rows": _rows(batch)},
    )
    return batch


def _rows(batch: Batch) -> int | None:
    """Rows read, as a finished run counted them."""
    for outcome in Run.objects.filter(batch=batch, state="done").values_list("outcome", flat=True):
        rows = (outcome or {}).get("inputs", {}).get("current", {}).get("rows")
        if rows is not None:
            return int(rows)
    return None
