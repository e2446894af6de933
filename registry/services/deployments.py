"""Deployments: asked for, moved by what serving reports, and reports that nothing allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Refused
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import IllegalMove, Transition
from people import access
from people.catalogue import P
from registry import events, inputs, signals
from registry.machines import DEPLOYABLE, DEPLOYMENT, REPORTED, RUNNING
from registry.models import Deployment, DeploymentReport, Slot, Version
from registry.selectors.deployments import deployment_locked, open_deployments
from registry.selectors.systems import slot_by_id
from registry.selectors.versions import version_locked, versions_by_subject
from registry.services.gates import require_open
from registry.services.models import slot_register
from registry.services.systems import require_active

Reason = dict[str, str]


@governed
def deployment_request(
    *, actor: Actor, version_id: UUID | str, environment: str, region: str, arm: str = "main"
) -> Deployment:
    """Ask to run a version in a slot of its model, which is named here if it wasn't before.

    Asking twice gives the open deployment. Raises Refused for a version that nothing new may be deployed of.
    """
    version = version_locked(version_id)
    access.require(actor, P.DEPLOYMENT_REQUEST, version)
    require_active(version.model.system)
    if version.state not in DEPLOYABLE:
        raise _not_deployable(version, P.DEPLOYMENT_REQUEST)
    place = {"environment": environment, "region": region, "arm": arm}
    slot = Slot.objects.filter(model=version.model, **place).first()
    if slot is None:
        slot = slot_register(actor=actor, model_id=version.model_id, **place)
    if known := open_deployments(version_id=version.pk, slot_id=slot.pk).first():
        return known
    return _request(actor, version, slot)


@governed
def deployment_return(*, actor: Actor, version_id: UUID | str, slot_id: UUID | str) -> Deployment:
    """Ask that a version may run again in a slot where it was live before, for whoever may move deployments there.

    For `governance`, which has decided that it may. The open deployment, if it has one, is the answer.
    Raises Refused for a version that nothing new may be deployed of, Conflict if it never was live in the slot.
    """
    version, slot = version_locked(version_id), slot_by_id(slot_id)
    access.require(actor, P.DEPLOYMENT_MOVE, version)
    require_active(version.model.system)
    if version.state not in DEPLOYABLE:
        raise _not_deployable(version, P.DEPLOYMENT_MOVE)
    ran = DeploymentReport.objects.filter(slot=slot, version=version, reported_state="live", unexpected=False)
    if not ran.exists():
        raise Conflict("This version was never live in this slot.")
    if known := open_deployments(version_id=version.pk, slot_id=slot.pk).first():
        return known
    return _request(actor, version, slot)


@governed
def deployment_apply_move(
    *,
    actor: Actor,
    deployment_id: UUID | str,
    move: str,
    answers: Mapping[str, bool],
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> Deployment:
    """Move a deployment; every gate of the table must have the answer True. For `governance` and reports.

    Raises NotThere, NotAllowed, Conflict ("illegal-move"), Refused.
    """
    deployment = deployment_locked(deployment_id)
    try:
        transition = DEPLOYMENT.move(deployment.state, move)
    except IllegalMove as error:
        access.require(actor, P.VERSION_VIEW, deployment)
        raise Conflict(str(error), code="illegal-move") from error
    access.require(actor, P(transition.permission), deployment)
    require_open(deployment, transition, answers)
    _write_move(actor, deployment, transition, reason=reason, details=data)
    return deployment


@governed
def deployment_report(*, actor: Actor, slot_id: UUID | str, digest: str, state: str) -> DeploymentReport:
    """Record what serving says it runs in a slot: `digest` (of the subject) and one of REPORTED.

    A report is a fact and is never refused for what it says. If no version, no deployment or no active
    warrant allows it, it is `unexpected` with all reasons, and the deployment doesn't move.
    """
    slot = slot_by_id(slot_id)
    access.require(actor, P.DEPLOYMENT_REPORT, slot)
    digest = inputs.digest("digest", digest)
    inputs.choice("state", state, REPORTED)
    # The slot's model is the lock: two reports on one slot come one after the other.
    Slot.objects.select_for_update().get(pk=slot.pk)
    version, reasons = _reported_version(slot, digest)
    deployment = None
    if version is not None:
        version = version_locked(version.pk)
        deployment = open_deployments(version_id=version.pk, slot_id=slot.pk).first()
    if deployment is not None:
        deployment = deployment_locked(deployment.pk)
    if state in RUNNING:
        reasons += _objections(slot, digest, version, deployment, state)
    elif version is not None and deployment is None:
        reasons.append(
            {"code": "no-deployment", "text": "No open deployment of this version is in the slot."}
        )
    if deployment is not None:
        reasons += _follow(actor, deployment, digest, state, allowed=not reasons)
    report = DeploymentReport(slot=slot, version=version, deployment=deployment)
    records.write(
        actor=actor,
        event=events.DEPLOYMENT_REPORTED,
        row=report,
        set={
            "digest": digest,
            "reported_state": state,
            "unexpected": bool(reasons),
            "reasons": reasons,
            "reported_by": actor.id,
            "reported_at": clock.now(),
        },
    )
    signals.deployment_reported.send(sender=DeploymentReport, actor=actor, report=report)
    return report


def _request(actor: Actor, version: Version, slot: Slot) -> Deployment:
    deployment = Deployment(version=version, slot=slot)
    records.write(
        actor=actor,
        event=events.DEPLOYMENT_REQUESTED,
        row=deployment,
        set={"requested_by": actor.id, "requested_at": clock.now()},
    )
    return deployment


def _not_deployable(version: Version, permission: P) -> Refused:
    return Refused(
        f"This version is {version.state}: nothing new is deployed.",
        permission=permission,
        subject=Subject.of(version),
        reasons=[{"code": "version-state", "text": f"The version is {version.state}."}],
    )


def _reported_version(slot: Slot, digest: str) -> tuple[Version | None, list[Reason]]:
    found = list(versions_by_subject(digest)[:20])
    mine = [version for version in found if version.model_id == slot.model_id]
    if mine:
        # Of several versions with the same subject, one that is asked for in this slot is meant.
        asked = [version for version in mine if open_deployments(version_id=version.pk, slot_id=slot.pk)]
        return (asked or mine)[0], []
    if found:
        return None, [{"code": "other-model", "text": "The digest belongs to a version of another model."}]
    return None, [{"code": "unknown-digest", "text": "No version has this digest as its subject."}]


def _objections(
    slot: Slot, digest: str, version: Version | None, deployment: Deployment | None, state: str
) -> list[Reason]:
    reasons: list[Reason] = []
    if version is not None and deployment is None:
        if version.state not in ("approved", "restricted"):
            reasons.append({"code": "version-state", "text": f"The version is {version.state}."})
        reasons.append({"code": "no-deployment", "text": "Nobody asked to run this version in this slot."})
    answers = signals.deployment_reporting.send(
        sender=DeploymentReport,
        slot=slot,
        digest=digest,
        version=version,
        deployment=deployment,
        reported_state=state,
    )
    said: list[Any] = [answer for _, answer in answers if answer is not None]
    if not said and version is not None:
        # Whether the version's state allows it is the warrant's to say: an emergency's does before any approval.
        return [
            *reasons,
            {"gate": "warrant-active", "code": "unanswered", "text": "Nothing shows an active warrant."},
        ]
    return reasons + [reason for answer in said for reason in answer]


def _follow(actor: Actor, deployment: Deployment, digest: str, state: str, *, allowed: bool) -> list[Reason]:
    """Note what was reported, and move if that is allowed; reasons why it can't follow."""
    now = clock.now()
    reported = {"reported_digest": digest, "reported_at": now}
    if deployment.state == state or not allowed:
        _write_report(actor, deployment, reported)
        return []
    try:
        transition = DEPLOYMENT.move(deployment.state, REPORTED[state])
    except IllegalMove as error:
        _write_report(actor, deployment, reported)
        return [{"code": "illegal-move", "text": str(error)}]
    _write_move(actor, deployment, transition, fields=reported)
    return []


def _supersede_others(actor: Actor, deployment: Deployment) -> None:
    others = open_deployments(slot_id=deployment.slot_id).filter(state__in=RUNNING).exclude(pk=deployment.pk)
    for other in others:
        if other.state == "live":
            locked = deployment_locked(other.pk)
            _write_move(actor, locked, DEPLOYMENT.move(locked.state, "supersede"))


def _write_report(actor: Actor, deployment: Deployment, reported: Mapping[str, Any]) -> None:
    records.write(actor=actor, event=events.DEPLOYMENT_SEEN, row=deployment, set=reported)


def _write_move(
    actor: Actor,
    deployment: Deployment,
    transition: Transition,
    *,
    fields: Mapping[str, Any] | None = None,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    said = {
        "move": transition.name,
        "from": deployment.state,
        "to": transition.target,
        "gates": list(transition.gates),
        "details": dict(details or {}),
    }
    hidden = {"reason": inputs.passage("reason", reason, limit=10_000)} if reason else {}
    if (
        transition.target == "live"
    ):  # first the other one leaves: the database holds one live version per slot
        _supersede_others(actor, deployment)
    records.write(
        actor=actor,
        event=events.DEPLOYMENT_MOVED,
        row=deployment,
        set={**(fields or {}), "state": transition.target},
        data=said,
        hidden=hidden,
    )
