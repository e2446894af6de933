"""What ran in a slot before, and when the way back is to be tried."""

from __future__ import annotations

import datetime as dt

from governance.models import RollbackDrill
from governance.selectors.requirements import document_of, policy_of
from registry.models import Deployment, DeploymentReport


def canary_since(deployment: Deployment) -> dt.datetime | None:
    """When serving first reported it, allowed, as a canary."""
    return _first_reported(deployment, "canary")


def live_since(deployment: Deployment) -> dt.datetime | None:
    """When serving first reported it, allowed, as live."""
    return _first_reported(deployment, "live")


def live_before(deployment: Deployment) -> Deployment | None:
    """What was live in the slot until `deployment` went live: another version's, the last one before it."""
    since = live_since(deployment)
    if since is None:
        return None
    reports = DeploymentReport.objects.filter(
        slot=deployment.slot_id, reported_state="live", unexpected=False, reported_at__lt=since
    )
    last = (
        reports.exclude(deployment=None)
        .exclude(deployment__version=deployment.version_id)
        .select_related("deployment__version__model__system", "deployment__slot")
        .order_by("-reported_at", "-id")
        .first()
    )
    return last.deployment if last else None


def drill_due(deployment: Deployment) -> dt.datetime | None:
    """By when the way back from a live deployment has to be tried next; None where the policy doesn't ask.

    Counted from the last drill in the slot that worked, or from the day it went live; a failed one moves nothing.
    """
    policy = policy_of(deployment.version)
    days = document_of(policy).rollback.drill_days if policy else 0
    since = live_since(deployment)
    if not days or since is None or deployment.state != "live":
        return None
    worked = RollbackDrill.objects.filter(
        deployment__slot=deployment.slot_id, outcome=RollbackDrill.Outcome.WORKED
    ).order_by("-performed_at").values_list("performed_at", flat=True)  # fmt: skip
    return max(since, worked.first() or since) + dt.timedelta(days=days)


def _first_reported(deployment: Deployment, state: str) -> dt.datetime | None:
    reports = DeploymentReport.objects.filter(deployment=deployment, reported_state=state, unexpected=False)
    return reports.order_by("reported_at").values_list("reported_at", flat=True).first()
