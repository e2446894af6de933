"""Gates on a slot: may what is a canary go live, and may what was live come back?"""

from __future__ import annotations

import datetime as dt

from governance.gates.answers import GateAnswer, Reason
from governance.models import Rollback
from governance.selectors.requirements import document_of, policy_of
from governance.selectors.slots import canary_since
from ledger import clock
from monitoring.models import Run
from registry.models import Deployment

CANARY = "canary-shown"


def canary_shown(deployment: Deployment, at: dt.datetime) -> GateAnswer:
    """Has it been a canary for as long as the policy asks, and met the checks on its own data since?"""
    title = "Canary shown"
    policy = policy_of(deployment.version)
    if policy is None:
        return GateAnswer(CANARY, title, (Reason("no-policy", "No policy is in force for this risk tier."),))
    document = document_of(policy)
    wanted = document.canary
    if not wanted.min_days and not wanted.checks:
        return GateAnswer(CANARY, title)
    if Rollback.objects.filter(returned=deployment).exists():
        return GateAnswer(CANARY, title, notes=("It comes back to a slot where it was live before.",))
    since = canary_since(deployment)
    if since is None:
        text = f"The policy wants it to be a canary first, for {wanted.min_days} days."
        return GateAnswer(CANARY, title, (Reason("no-canary", text, str(deployment.pk)),))
    reasons = []
    over = since + dt.timedelta(days=wanted.min_days)
    if at < over:
        text = f"It is a canary since {clock.text(since)}; the policy asks for {wanted.min_days} days."
        reasons.append(Reason("canary-short", text, str(deployment.pk)))
    for name in wanted.checks:
        if why := _not_met(deployment, document.requirement(name).check, since):
            reasons.append(Reason("canary-check", f"{name}: {why}.", name))
    return GateAnswer(CANARY, title, tuple(reasons))


def _not_met(deployment: Deployment, check: str, since: dt.datetime) -> str:
    """Why the check isn't met on what the canary itself saw; the latest finished run counts."""
    runs = Run.objects.filter(batch__deployment=deployment, check_name=check, state__in=("done", "error"))
    latest = runs.filter(batch__period_end__gte=since).order_by("-finished_at").first()
    if latest is None:
        return "it was not measured on the canary's own data"
    return (
        "" if latest.verdict == "pass" else f"on the canary's own data it is {latest.verdict or latest.state}"
    )
