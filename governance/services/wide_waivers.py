"""Waivers beyond one version: for a model, or for versions and places that are named. The accountable executive's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from governance import events
from governance.machines import WIDE_WAIVER
from governance.models import WideWaiver
from governance.selectors.policies import document_in_force
from governance.services import rules
from governance.services.waiver_terms import allowing, terms
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.models import AIModel, Version
from registry.selectors import versions as registry_versions
from registry.selectors.systems import model_locked

MOST = 50
"""Versions or places that one waiver may name."""


@governed
def wide_waiver_request(
    *,
    actor: Actor,
    model_id: UUID,
    requirement: str,
    reason: str,
    compensating_control: str,
    ends: dt.datetime,
    versions: Sequence[int] = (),
    slots: Sequence[str] = (),
) -> WideWaiver:
    """Ask that `requirement` may stay unmet until `ends` for every version of a model, or for those of the numbers
    `versions`, in every place or in those named (`environment/region/arm`)."""
    model = model_locked(model_id)
    access.require(actor, P.WAIVER_REQUEST, model)
    said = terms(
        allowing(document_in_force(model), model),
        actor=actor,
        requirement=requirement,
        reason=reason,
        compensating_control=compensating_control,
        ends=ends,
    )
    waiting = WideWaiver.objects.filter(model=model, requirement=requirement, state="requested")
    if waiting.exists():
        raise Conflict("A waiver of this requirement for this model already waits for a decision.")
    waiver = WideWaiver(model=model)
    records.write(
        actor=actor,
        event=events.WIDE_WAIVER_REQUESTED,
        row=waiver,
        set={
            **said,
            "versions": _named(model, versions),
            "slots": _places(slots),
            "state": WIDE_WAIVER.initial.name,
            "requested_at": said["starts"],
        },
    )
    return waiver


@governed
def wide_waiver_approve(*, actor: Actor, waiver_id: UUID) -> WideWaiver:
    """Approve it; neither its requester nor a contributor to a version it names can, and only the accountable
    executive may."""
    waiver = _locked(waiver_id)
    if waiver.state == WIDE_WAIVER.initial.name and (why := rules.wide_waiver_is_still_wanted(actor, waiver)):
        access.require(actor, P.WAIVER_APPROVE, waiver)
        raise Conflict(f"This waiver can't be approved: {why}.")
    return _decide(actor, waiver, "approve")


@governed
def wide_waiver_refuse(*, actor: Actor, waiver_id: UUID) -> WideWaiver:
    """Refuse it."""
    return _decide(actor, _locked(waiver_id), "refuse")


@governed
def wide_waiver_revoke(*, actor: Actor, waiver_id: UUID) -> WideWaiver:
    """End it early, for every version it named."""
    return _decide(actor, _locked(waiver_id), "revoke")


def contributors(waiver: WideWaiver) -> frozenset[str]:
    """Everybody who took part in a version that it covers."""
    covered = Version.objects.filter(model=waiver.model_id)
    if waiver.versions:
        covered = covered.filter(pk__in=waiver.versions)
    found: frozenset[str] = frozenset()
    for version_id in covered.values_list("pk", flat=True):
        found |= registry_versions.contributors(version_id)
    return found


def _named(model: AIModel, numbers: Sequence[int]) -> list[str]:
    wanted = sorted(set(numbers))
    if len(wanted) > MOST:
        raise Invalid(f"A waiver names at most {MOST} versions.", field="versions")
    known = dict(Version.objects.filter(model=model, number__in=wanted).values_list("number", "pk"))
    if strange := [str(number) for number in wanted if number not in known]:
        raise Invalid(f"This model has no such version: {', '.join(strange)}.", field="versions")
    return [str(known[number]) for number in wanted]


def _places(slots: Sequence[str]) -> list[str]:
    wanted = sorted({slot.strip() for slot in slots if slot.strip()})
    if len(wanted) > MOST:
        raise Invalid(f"A waiver names at most {MOST} places.", field="slots")
    for slot in wanted:
        if len(slot.split("/")) != 3 or not all(slot.split("/")) or len(slot) > 122:
            raise Invalid(f"A place is environment/region/arm, not '{slot[:60]}'.", field="slots")
    return wanted


def _locked(waiver_id: UUID) -> WideWaiver:
    waiver = WideWaiver.objects.select_for_update().filter(pk=waiver_id).first()
    if waiver is None:
        raise NotThere
    return waiver


def _decide(actor: Actor, waiver: WideWaiver, move: str) -> WideWaiver:
    move_row(
        actor=actor,
        row=waiver,
        machine=WIDE_WAIVER,
        move=move,
        event=events.WIDE_WAIVER_MOVED,
        barred={"requester": frozenset({waiver.requested_by}), "contributor": contributors(waiver)},
        set={"decided_by": actor.id, "decided_at": clock.now()},
    )
    return waiver
