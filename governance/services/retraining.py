"""Retraining requests: opened by a breach or a person, decided by a person before any training starts."""

from __future__ import annotations

from uuid import UUID

from governance import events
from governance.machines import RETRAINING
from governance.models import RetrainingRequest
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring.models import Breach
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.selectors.versions import version_locked


@governed
def retraining_request(
    *, actor: Actor, version_id: UUID, reason: str, breach: Breach | None = None
) -> RetrainingRequest:
    """Ask whether this model should be trained again. One open request per version: a second ask returns it."""
    version = version_locked(version_id)
    access.require(actor, P.RETRAINING_REQUEST, version)
    if not reason.strip():
        raise Invalid("Say why the model should be trained again.", field="reason")
    waiting = RetrainingRequest.objects.filter(version=version, state="requested").first()
    if waiting:
        return waiting
    request = RetrainingRequest()
    records.write(
        actor=actor,
        event=events.RETRAINING_REQUESTED,
        row=request,
        set={
            "version": version,
            "breach": breach,
            "reason": reason.strip(),
            "state": RETRAINING.initial.name,
            "requested_by": actor.id,
            "requested_at": clock.now(),
        },
    )
    return request


@governed
def retraining_decide(*, actor: Actor, request_id: UUID, approve: bool, note: str) -> RetrainingRequest:
    """A person's yes or no, with its reason."""
    request = RetrainingRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise NotThere()
    if not note.strip():
        raise Invalid("Give the reason for your decision; it is kept with it.", field="note")
    move_row(
        actor=actor,
        row=request,
        machine=RETRAINING,
        move="approve" if approve else "refuse",
        event=events.RETRAINING_MOVED,
        set={"decided_by": actor.id, "decided_at": clock.now(), "decision_note": note.strip()},
    )
    return request
