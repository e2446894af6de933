"""Waivers: an approved exception to one requirement of one version, with an end. Never about integrity."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from governance import events
from governance.machines import WAIVER
from governance.models import Waiver
from governance.selectors.requirements import document_of, policy_of
from governance.services import rules
from governance.services.endings import end_early
from governance.services.refusals import because
from governance.services.waiver_terms import allowing, terms
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services import delegations
from people.services.moves import move_row
from registry.machines import CONTENT_OPEN
from registry.selectors import versions
from registry.selectors.versions import version_locked


@governed
def waiver_request(
    *,
    actor: Actor,
    version_id: UUID,
    requirement: str,
    reason: str,
    compensating_control: str,
    ends: dt.datetime,
) -> Waiver:
    """Ask that `requirement` (its key in the policy) may stay unmet until `ends`."""
    version = version_locked(version_id)
    access.require(actor, P.WAIVER_REQUEST, version)
    if version.state not in CONTENT_OPEN:
        raise Conflict(f"The version is {version.state}; a waiver is asked for before the decision.")
    policy = policy_of(version)
    document = allowing(document_of(policy) if policy else None, version)
    said = terms(
        document,
        actor=actor,
        requirement=requirement,
        reason=reason,
        compensating_control=compensating_control,
        ends=ends,
    )
    if Waiver.objects.filter(version=version, requirement=requirement, state="requested").exists():
        raise Conflict("A waiver for this requirement already waits for a decision.")
    waiver = Waiver()
    records.write(
        actor=actor,
        event=events.WAIVER_REQUESTED,
        row=waiver,
        set={"version": version, **said, "state": WAIVER.initial.name},
    )
    return waiver


@governed
def waiver_approve(*, actor: Actor, waiver_id: UUID) -> Waiver:
    """Approve a waiver; neither its requester nor a contributor can."""
    waiver = _locked(waiver_id)
    if waiver.ends <= clock.now():
        raise Conflict("This waiver would already have ended.")
    return _decide(actor, waiver, "approve")


@governed
def waiver_refuse(*, actor: Actor, waiver_id: UUID) -> Waiver:
    """Refuse a waiver."""
    return _decide(actor, _locked(waiver_id), "refuse")


@governed
def waiver_revoke(*, actor: Actor, waiver_id: UUID) -> Waiver:
    """End an approved waiver early; warrants of the version end early with it."""
    waiver = _decide(actor, _locked(waiver_id), "revoke")
    end_early(waiver.version, actor=actor, ground="waiver-revoked")
    return waiver


def _decide(actor: Actor, waiver: Waiver, move: str) -> Waiver:
    why = rules.waiver_needs_its_role(actor, waiver) if move == "approve" else ""
    if why:
        access.require(actor, P.WAIVER_APPROVE, waiver)
        text = f"You can't approve it: {why}."
        raise because(
            "You can't approve this waiver.",
            waiver.version,
            P.WAIVER_APPROVE,
            gate="waiver",
            code="approver",
            text=text,
        )
    move_row(
        actor=actor,
        row=waiver,
        machine=WAIVER,
        move=move,
        event=events.WAIVER_MOVED,
        barred={
            "requester": frozenset({waiver.requested_by}),
            "contributor": versions.contributors(waiver.version_id),
        },
        set={"decided_by": actor.id, "decided_at": clock.now()},
    )
    if move == "approve":
        held = access.roles(actor, waiver.version)
        role = next(role for role in rules.roles_for_waiver(waiver) if role in held)
        delegations.acted_for(actor=actor, row=waiver, role=role, on=waiver.version)
    return waiver


def _locked(waiver_id: UUID) -> Waiver:
    waiver = Waiver.objects.select_for_update().filter(pk=waiver_id).first()
    if waiver is None:
        raise NotThere()
    # The version is what every other decision locks first.
    version_locked(waiver.version_id)
    return waiver
