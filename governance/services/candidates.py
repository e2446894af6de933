"""What a retraining led to: the version that answers the request, and the path it takes to its approval."""

from __future__ import annotations

from uuid import UUID

from governance import events
from governance.gates import material
from governance.machines import PATH, RETRAINING
from governance.models import RetrainingCandidate, RetrainingPath, RetrainingRequest
from governance.services import rules
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.machines import CONTENT_OPEN, ROUND_OPEN
from registry.models import Version
from registry.selectors import versions
from registry.selectors.versions import version_locked


@governed
def candidate_name(*, actor: Actor, version_id: UUID, request_id: UUID) -> RetrainingCandidate:
    """Say that a version answers an approved retraining request of its model, which is done with that.

    The same again gives the first answer. Raises Conflict while nobody approved the request, Invalid for a request of
    another model or about this very version.
    """
    version = version_locked(version_id)
    access.require(actor, P.VERSION_REGISTER, version)
    request = RetrainingRequest.objects.select_for_update(of=("self",)).select_related("version").filter(
        pk=request_id, version__model=version.model_id
    ).first()  # fmt: skip
    if request is None or request.version_id == version.pk:
        raise Invalid("This model has no such retraining request.", field="request_id")
    known = RetrainingCandidate.objects.filter(version=version).first()
    if known is not None:
        if known.request_id == request.pk:
            return known
        raise Conflict("This version answers another retraining request already.")
    if version.state not in CONTENT_OPEN:
        raise Conflict(f"The version is {version.state}; a candidate is named before it is decided on.")
    if request.state != "approved":
        raise Conflict(f"The request is {request.state}; training begins once a person has approved it.")
    candidate = RetrainingCandidate(version=version, request=request)
    said = {"named_by": actor.id, "named_at": clock.now()}
    records.write(actor=actor, event=events.CANDIDATE_NAMED, row=candidate, set=said)
    move_row(actor=actor, row=request, machine=RETRAINING, move="finish", event=events.RETRAINING_MOVED)
    return candidate


@governed
def path_propose(*, actor: Actor, version_id: UUID) -> RetrainingPath:
    """Have the classifier propose the light or the full path from what is recorded of both versions.

    While the last proposal says the same, asking again gives it back.
    """
    version = version_locked(version_id)
    access.require(actor, P.RUN_REQUEST, version)
    if not RetrainingCandidate.objects.filter(version=version).exists():
        raise Conflict("Only a version that answers a retraining request has a path to propose.")
    if version.state not in ROUND_OPEN:
        raise Conflict(f"The version is {version.state}; a path is proposed in validation or review.")
    earlier = material.before(version)
    if earlier is None:
        raise Conflict("No approved version was before this one: it takes the full path.")
    found = material.criteria(version, earlier)
    said = [item.as_dict() for item in found]
    last = RetrainingPath.objects.filter(version=version).first()
    if last is not None and (last.before_id, last.criteria) == (earlier.pk, said):
        return last
    path = RetrainingPath(version=version, before=earlier)
    records.write(
        actor=actor,
        event=events.PATH_PROPOSED,
        row=path,
        set={
            "proposal": material.proposal(found),
            "criteria": said,
            "state": PATH.initial.name,
            "proposed_by": actor.id,
            "proposed_at": clock.now(),
        },
    )
    return path


@governed
def path_confirm_light(*, actor: Actor, path_id: UUID, reason: str) -> RetrainingPath:
    """Take the light path that the classifier proposed. Nobody takes it against the classifier."""
    path = _locked(path_id)
    if path.state == PATH.initial.name and (why := rules.light_needs_the_classifier(actor, path)):
        access.require(actor, P.VERSION_VALIDATE, path)
        raise Conflict(f"The light path can't be taken: {why}.")
    return _decide(actor, path, "take-light", reason)


@governed
def path_take_full(*, actor: Actor, path_id: UUID, reason: str) -> RetrainingPath:
    """Take the full path, whatever was proposed."""
    return _decide(actor, _locked(path_id), "take-full", reason)


def _locked(path_id: UUID) -> RetrainingPath:
    found = RetrainingPath.objects.filter(pk=path_id).first()
    if found is None:
        raise NotThere
    version: Version = version_locked(found.version_id)
    path = RetrainingPath.objects.select_for_update().get(pk=path_id)
    path.version = version
    return path


def _decide(actor: Actor, path: RetrainingPath, move: str, reason: str) -> RetrainingPath:
    if not reason.strip():
        raise Invalid("Give the reason for your decision; it is kept with it.", field="reason")
    move_row(
        actor=actor,
        row=path,
        machine=PATH,
        move=move,
        event=events.PATH_MOVED,
        barred={"contributor": versions.contributors(path.version_id)},
        set={"decided_by": actor.id, "decided_at": clock.now(), "reason": reason.strip()},
    )
    return path
