"""The second line's word on a tier: the registry's moves, with the cooling-off period that policies set."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from governance.models import Policy
from governance.selectors.requirements import document_of
from ledger.actors import Actor
from ledger.services.transactions import governed
from registry.models import Tiering
from registry.services import tierings


@governed
def tiering_confirm(*, actor: Actor, tiering_id: UUID, note: str) -> Tiering:
    """Confirm a proposed tier; neither its proposer nor who owns the system, or did until recently, can."""
    return tierings.tiering_confirm(actor=actor, tiering_id=tiering_id, note=note, cooling_off=cooling_off())


@governed
def tiering_send_back(*, actor: Actor, tiering_id: UUID, note: str) -> Tiering:
    """Send a proposed tier back."""
    return tierings.tiering_send_back(
        actor=actor, tiering_id=tiering_id, note=note, cooling_off=cooling_off()
    )


def cooling_off() -> dt.timedelta:
    """The longest that any policy in force asks for: which policy will apply is what is being decided."""
    texts = Policy.objects.filter(state="in-force")
    return dt.timedelta(days=max((document_of(row).cooling_off_days for row in texts), default=0))
