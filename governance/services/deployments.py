"""Ask that an approved version may run in a slot: every gate is asked again, then the warrant is granted."""

from __future__ import annotations

from uuid import UUID

from governance.gates.answers import GateAnswer, Reason
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import Warrant
from governance.policies.scope import Place
from governance.selectors.policies import bars_slot
from governance.services.refusals import closed
from governance.services.warrants import grant
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict
from ledger.services import replay
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry.selectors.versions import version_locked
from registry.services.deployments import deployment_request as registry_request

GATES = (
    "records-intact",
    "signature-valid",
    "artifact-intact",
    "checks-pass",
    "documents-attached",
    "checklist-answered",
)


@governed
def deployment_request(*, actor: Actor, version_id: UUID, environment: str, region: str, arm: str) -> Warrant:
    """Request a deployment of an approved version into a slot of its model and grant its warrant.

    Raises Refused with every reason, Conflict if this version already has a warrant for this slot.
    """
    version = version_locked(version_id)
    access.require(actor, P.DEPLOYMENT_REQUEST, version)
    context = Context(version, clock.now(), f"{environment}/{region}/{arm}")
    answers = [
        approved(context),
        slot_allowed(context, environment),
        slot_governed(context, (environment, region, arm)),
        *evaluate(GATES, context, move="deploy"),
    ]
    document = context.document
    if document is None or not all(answer.ok for answer in answers):
        raise closed(f"{version} can't be deployed to {environment}.", version, P.DEPLOYMENT_REQUEST, answers)
    slot = {"environment": environment, "region": region, "arm": arm}
    # An emergency's warrant ends with its clock; the one that follows the approval doesn't wait for that.
    standing = Warrant.objects.filter(
        version=version, state__in=("granted", "issued"), grace_ends__gt=context.at, emergencies=None
    )
    if standing.filter(**{f"slot__{name}": value for name, value in slot.items()}).exists():
        raise Conflict(f"{version} already has a warrant for {environment} / {region} / {arm}.")
    deployment = registry_request(actor=actor, version_id=version.id, **slot)
    return grant(deployment, actor=actor, context=context, document=document)


def approved(context: Context) -> GateAnswer:
    """Does the log say that the version is approved, and that nothing restricts it? The column isn't asked."""
    state = replay.replayed(context.version.ledger_kind, context.version.pk).get("state")
    if state == "approved":
        return GateAnswer("approved", "Version approved")
    texts = {
        "restricted": "New deployments are restricted; what already runs goes on under its warrant.",
        "suspended": "The version is suspended.",
    }
    text = texts.get(str(state), f"The log says the version is {state}, not approved.")
    return GateAnswer("approved", "Version approved", (Reason(f"version-{state}", text),))


def slot_allowed(context: Context, environment: str) -> GateAnswer:
    """Does the policy allow deployments to this environment?"""
    allowed = context.document.warrant.environments if context.document else ()
    if environment in allowed:
        return GateAnswer("slot-allowed", "Environment allowed")
    known = ", ".join(allowed) or "none"
    text = f"The policy allows no deployment to '{environment}'; it allows: {known}."
    return GateAnswer("slot-allowed", "Environment allowed", (Reason("environment", text),))


def slot_governed(context: Context, place: Place) -> GateAnswer:
    """Is the version's policy the one that speaks of this slot?"""
    title = "Policy of the slot"
    why = bars_slot(context.version, context.document, place) if context.document else ""
    return GateAnswer("slot-policy", title, (Reason("slot-policy", why),) if why else ())
