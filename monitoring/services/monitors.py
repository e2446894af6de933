"""Monitors: which checks watch a deployment, against which reference, and what a breach leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.catalogue import CATALOGUE
from monitoring.machines import MONITOR
from monitoring.models import Monitor, Plan
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.models import Deployment
from registry.selectors import versions

RESPONSES = ("ticket", "restrict", "suspend")


@governed
def monitor_set(
    *,
    actor: Actor,
    deployment_id: UUID,
    checks: Sequence[Mapping[str, Any]],
    response: str,
    every_days: int,
    silent_after_days: int,
    labels_after_days: int = 0,
    quiet_days: int = 1,
    baseline_days: int = 28,
) -> Monitor:
    """Watch a deployment from now on. One monitor per deployment; its checks come from the policy in force.

    Whoever reports a deployment brings its monitor with it: the policy decides what is watched, not the reporter.

    Each of `checks` is `{"check", "thresholds": [...], "policy_digest"}`. The reference is the version's declared
    reference data, or else its training data. Data are expected every `every_days` and their absence is told after
    `silent_after_days`; labels may come `labels_after_days` later (0: they come with the data); `quiet_days` after a closed
    breach the same drift isn't told again; the first `baseline_days` days are learnt from.
    """
    deployment = Deployment.objects.select_related("version__model__system").filter(pk=deployment_id).first()
    if deployment is None:
        raise NotThere()
    versions.version_locked(deployment.version_id)
    access.require(actor, P.DEPLOYMENT_REPORT, deployment)
    if response not in RESPONSES:
        raise Invalid(f"One of {', '.join(RESPONSES)}.", field="response")
    if not checks:
        raise Invalid("A monitor without a check watches nothing.", field="checks")
    for item in checks:
        if item["check"] not in CATALOGUE:
            raise Invalid(f"There is no check '{item['check']}'.", field="checks")
    if Monitor.objects.filter(deployment=deployment).exists():
        raise Conflict("This deployment already has a monitor.")
    links = versions.lineage(deployment.version_id).filter(role__in=("reference", "training"))
    link = links.order_by("role", "-dataset_version__number").first()  # "reference" sorts before "training"
    if link is None:
        raise Invalid(
            "The version declares no reference or training data to compare with.", field="reference"
        )
    monitor = Monitor()
    records.write(
        actor=actor,
        event=events.MONITOR_SET,
        row=monitor,
        set={
            "deployment": deployment,
            "reference": link.dataset_version,
            "checks": [dict(item) for item in checks],
            "response": response,
            "state": MONITOR.initial.name,
        },
    )
    records.write(
        actor=actor,
        event=events.PLAN_SET,
        row=Plan(),
        set={
            "monitor": monitor,
            "every_days": every_days,
            "silent_after_days": silent_after_days,
            "labels_after_days": labels_after_days,
            "quiet_days": quiet_days,
            "baseline_days": baseline_days,
            "starts_at": clock.now(),
        },
    )
    return monitor


@governed
def monitor_move(*, actor: Actor, monitor_id: UUID, move: str) -> Monitor:
    """Pause, resume or end a monitor."""
    monitor = Monitor.objects.select_for_update().filter(pk=monitor_id).first()
    if monitor is None:
        raise NotThere()
    move_row(actor=actor, row=monitor, machine=MONITOR, move=move, event=events.MONITOR_MOVED)
    return monitor
