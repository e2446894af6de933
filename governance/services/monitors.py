"""What the policy wants watched in production, as a monitor of the deployment; a version's own bounds may be stricter."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from governance import events
from governance.models import PlannedBound, Policy
from governance.policies.document import CheckRequirement
from governance.selectors.requirements import document_of, policy_of
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from monitoring.models import Monitor
from monitoring.services.monitors import monitor_set
from people import access
from people.catalogue import P
from registry.models import Deployment
from registry.selectors.versions import version_locked


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
    planned = {row.requirement: row for row in PlannedBound.objects.filter(version=version)}
    checks = []
    for name in dict.fromkeys(requirement.check for requirement in monitored):
        asked = [_threshold(item, policy, planned.get(item.name)) for item in monitored if item.check == name]
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


@governed
def bound_plan(*, actor: Actor, version_id: UUID, requirement: str, bound: str, why: str) -> PlannedBound:
    """Set the version's own bound for a monitored requirement while it is a draft: as strict as the policy's or stricter.

    It belongs to what is shown to who approves, and judges production from the first report on. The same requirement again
    replaces it. Raises Invalid naming what is wrong, and Conflict for a version that isn't a draft.
    """
    version = version_locked(version_id)
    access.require(actor, P.VERSION_EDIT, version)
    if version.state != "draft":
        raise Conflict(f"The version is {version.state}; its monitoring plan is set while it is a draft.")
    policy = policy_of(version)
    monitored = document_of(policy).monitored(version.model.task) if policy else ()
    needs = {need.name: need for need in monitored if need.bound is not None}
    need = needs.get(requirement)
    if policy is None or need is None or need.bound is None:
        known = ", ".join(sorted(needs)) or "none"
        raise Invalid(
            f"The policy sets no bound of this name for production; it sets: {known}.", field="requirement"
        )
    wanted = _decimal(bound)
    if wanted < need.bound if need.op.startswith(">") else wanted > need.bound:
        raise Invalid(
            f"The policy asks for {need.op} {need.bound}; a plan may be stricter only.", field="bound"
        )
    if not why.strip():
        raise Invalid("Say in a sentence why; who approves reads it.", field="why")
    row = PlannedBound.objects.filter(version=version, requirement=requirement).first() or PlannedBound()
    records.write(
        actor=actor,
        event=events.BOUND_PLANNED,
        row=row,
        set={
            "version": version,
            "requirement": requirement,
            "bound": str(wanted),
            "why": why.strip(),
            "proposed_by": actor.id,
            "proposed_at": clock.now(),
        },
    )
    return row


def _threshold(need: CheckRequirement, policy: Policy, planned: PlannedBound | None) -> dict[str, Any] | None:
    if planned is None:
        return need.threshold(set_by=str(policy), source=policy.digest)
    # The policy may have become stricter since; the stricter of both holds.
    stricter = max if need.op.startswith(">") else min
    bound = Decimal(planned.bound) if need.bound is None else stricter(Decimal(planned.bound), need.bound)
    said = f"monitoring plan of {planned.version}, within {policy}"
    return replace(need, bound=bound).threshold(set_by=said, source=policy.digest)


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        raise Invalid("A number is expected.", field="bound") from None
    if not found.is_finite() or abs(found) > 10**12 or len(text) > 40:
        raise Invalid("A finite number of ordinary size is expected.", field="bound")
    return found
