"""What the policy wants watched in production, as a monitor of the deployment."""

from __future__ import annotations

from governance.selectors.requirements import document_of, policy_of
from ledger.actors import Actor
from monitoring.models import Monitor
from monitoring.services.monitors import monitor_set
from registry.models import Deployment


def monitor_from_policy(deployment: Deployment, *, actor: Actor) -> Monitor | None:
    """Watch `deployment` as the version's policy says, from its first report on; None if it is watched already.

    Bounds are frozen into the monitor now, so that each batch is judged by bounds that were set before it came.
    """
    version = deployment.version
    policy = policy_of(version)
    if policy is None or Monitor.objects.filter(deployment=deployment).exists():
        return None
    document = document_of(policy)
    monitored = document.monitored(version.model.task)
    checks = []
    for name in dict.fromkeys(requirement.check for requirement in monitored):
        asked = [
            item.threshold(set_by=str(policy), source=policy.digest)
            for item in monitored
            if item.check == name
        ]
        checks.append(
            {
                "check": name,
                "thresholds": [threshold for threshold in asked if threshold],
                "policy_digest": policy.digest,
            }
        )
    said = document.monitoring
    return monitor_set(
        actor=actor,
        deployment_id=deployment.pk,
        checks=checks,
        response=said.response,
        every_days=said.every_days,
        silent_after_days=said.silent_after_days,
        labels_after_days=said.labels_after_days,
        quiet_days=said.quiet_days,
        baseline_days=said.baseline_days,
    )
