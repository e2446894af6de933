"""A waiver that ended or will end, asked for again: one level up each time, linked to the one before, counted."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from governance import events
from governance.machines import WAIVER, WIDE_WAIVER
from governance.models import Waiver, WaiverRenewal, WideWaiver
from governance.selectors.ground import policy_of
from governance.selectors.policies import document_in_force, document_of
from governance.selectors.renewals import next_role, renewal_of
from governance.services.wide_waivers import checked
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry.machines import CONTENT_OPEN
from registry.selectors.systems import model_locked
from registry.selectors.versions import version_locked

RENEWABLE = CONTENT_OPEN | {"approved", "restricted"}


@governed
def waiver_renew(
    *, actor: Actor, waiver_id: UUID, reason: str, compensating_control: str, ends: dt.datetime
) -> Waiver:
    """Ask for an approved waiver again. Whoever approves it stands one level above whoever approved the last one."""
    before = Waiver.objects.select_for_update().filter(pk=waiver_id).first()
    if before is None:
        raise NotThere
    version = version_locked(before.version_id)
    access.require(actor, P.WAIVER_REQUEST, version)
    if version.state not in RENEWABLE:
        raise Conflict(f"The version is {version.state}; nothing rests on this waiver any more.")
    _require_renewable(before)
    policy = policy_of(version)
    now = clock.now()
    document = checked(
        document_of(policy) if policy else None, before.requirement, reason, compensating_control, ends, now
    )
    waiver = Waiver()
    records.write(
        actor=actor,
        event=events.WAIVER_REQUESTED,
        row=waiver,
        set={
            "version": version,
            "requirement": before.requirement,
            "reason": reason.strip(),
            "compensating_control": compensating_control.strip(),
            "starts": now,
            "ends": ends,
            "state": WAIVER.initial.name,
            "requested_by": actor.id,
        },
    )
    link = renewal_of(before)
    row = WaiverRenewal(waiver=waiver, before=before)
    _link(actor, row, link, link.role if link else document.waivers.role)
    return waiver


@governed
def wide_waiver_renew(
    *, actor: Actor, waiver_id: UUID, reason: str, compensating_control: str, ends: dt.datetime
) -> WideWaiver:
    """Ask for an approved waiver of a model again, for the same versions and places."""
    before = WideWaiver.objects.select_for_update().filter(pk=waiver_id).first()
    if before is None:
        raise NotThere
    model = model_locked(before.model_id)
    access.require(actor, P.WAIVER_REQUEST, model)
    _require_renewable(before)
    now = clock.now()
    document = document_in_force(model)
    checked(document, before.requirement, reason, compensating_control, ends, now)
    waiver = WideWaiver(model=model)
    records.write(
        actor=actor,
        event=events.WIDE_WAIVER_REQUESTED,
        row=waiver,
        set={
            "requirement": before.requirement,
            "versions": before.versions,
            "slots": before.slots,
            "reason": reason.strip(),
            "compensating_control": compensating_control.strip(),
            "starts": now,
            "ends": ends,
            "state": WIDE_WAIVER.initial.name,
            "requested_by": actor.id,
            "requested_at": now,
        },
    )
    link = renewal_of(before)
    _link(actor, WaiverRenewal(wide=waiver, wide_before=before), link, "accountable-executive")
    return waiver


def _require_renewable(before: Waiver | WideWaiver) -> None:
    if before.state != "approved":
        raise Conflict(f"Only an approved waiver is renewed; this one is {before.state}.")
    if WaiverRenewal.objects.filter(
        **{"before" if isinstance(before, Waiver) else "wide_before": before}
    ).exists():
        raise Conflict("This waiver was asked for again already.")


def _link(actor: Actor, row: WaiverRenewal, last: WaiverRenewal | None, role: str) -> None:
    records.write(
        actor=actor,
        event=events.WAIVER_RENEWED,
        row=row,
        set={
            "number": last.number + 1 if last else 1,
            "role": next_role(role),
            "renewed_at": clock.now(),
        },
    )
