"""What every change of a version's content has in common: it is still open, somebody took part, a round is
void.

Only for the services beside it, inside their transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict
from ledger.services import records
from people import access
from people.catalogue import P
from registry import events
from registry.machines import CONTENT_OPEN, ROUND_OPEN
from registry.models import Contribution, Upload, Version, Work
from registry.selectors.versions import version_locked


def opened(actor: Actor, version_id: UUID | str, permission: P) -> Version:
    """The locked version if `actor` may change it and its content is still open.

    Raises NotThere, NotAllowed, Conflict ("immutable").
    """
    version = version_locked(version_id)
    access.require(actor, permission, version)
    if version.state not in CONTENT_OPEN:
        raise Conflict(
            f"This version is {version.state}: its content can't be changed. Register a new version.",
            code="immutable",
        )
    return version


def changed(actor: Actor, version: Version, what: Work, values: Mapping[str, Any] | None = None) -> None:
    """Write `values` on the version, record that `actor` took part, and void the decisions taken so far."""
    said: dict[str, Any] = {"what": what.value}
    fields = dict(values or {})
    if version.state in ROUND_OPEN:
        said["voided_round"] = version.decision_round
        fields["decision_round"] = version.decision_round + 1
    if fields:
        records.write(actor=actor, event=events.VERSION_EDITED, row=version, set=fields, data=said)
    took_part(actor, version, what)


def took_part(
    actor: Actor, version: Version, what: Work, *, principal: str | None = None, controller: str | None = None
) -> None:
    """Record once that `principal` (the actor, if not said) took part in `what`."""
    who = actor.id if principal is None else principal
    answers = (actor.controller if principal is None else controller) or ""
    if Contribution.objects.filter(version=version, principal=who, controller=answers, what=what).exists():
        return
    records.write(
        actor=actor,
        event=events.CONTRIBUTED,
        row=Contribution(version=version),
        set={"principal": who, "controller": answers, "what": what.value, "at": clock.now()},
    )


def uploader_took_part(actor: Actor, version: Version, upload: Upload, what: Work = Work.UPLOAD) -> None:
    """Record that whoever brought these bytes in took part, though somebody else uses them now."""
    took_part(actor, version, what, principal=upload.created_by, controller=upload.controller)
