"""Attestations: a role holder's statement for one subcategory, with an end. Shown as attested, never as verified."""

from __future__ import annotations

import datetime as dt
import re
from uuid import UUID

from governance import events
from governance.frameworks.pack import Pack
from governance.machines import ATTESTATION
from governance.models import Attestation
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services import delegations
from people.services.moves import move_row
from registry.selectors.systems import system_by_id

LONGEST = dt.timedelta(days=366)


@governed
def attestation_give(
    *,
    actor: Actor,
    pack: Pack,
    subcategory: str,
    system_id: UUID | None,
    role: str,
    statement: str,
    expires: dt.datetime,
    document_digest: str = "",
) -> Attestation:
    """State, as holder of `role`, what the service can't see: for one system, or for the organisation."""
    system = system_by_id(system_id) if system_id else None
    access.require(actor, P.ATTEST, system)
    if subcategory not in pack.subcategories:
        raise Invalid(f"{pack.title} has no subcategory '{subcategory}'.", field="subcategory")
    if role not in access.roles(actor, system):
        raise Invalid(f"You do not hold the role '{role}' here.", field="role")
    if not statement.strip():
        raise Invalid("Write the statement; reports print it.", field="statement")
    if document_digest and not re.fullmatch(r"[0-9a-f]{64}", document_digest):
        raise Invalid("Not a SHA-256 digest in 64 hexadecimal digits.", field="document_digest")
    now = clock.now()
    if not now < expires <= now + LONGEST:
        raise Invalid("An attestation ends within twelve months.", field="expires")
    attestation = Attestation()
    records.write(
        actor=actor,
        event=events.ATTESTATION_GIVEN,
        row=attestation,
        set={
            "framework": pack.id,
            "subcategory": subcategory,
            "system": system,
            "person": actor.id,
            "role": role,
            "statement": statement.strip(),
            "document_digest": document_digest,
            "given_at": now,
            "expires": expires,
            "state": ATTESTATION.initial.name,
        },
    )
    delegations.acted_for(actor=actor, row=attestation, role=role, on=system)
    return attestation


@governed
def attestation_withdraw(*, actor: Actor, attestation_id: UUID) -> Attestation:
    """Take a statement back; from now on it carries nothing."""
    attestation = Attestation.objects.select_for_update().filter(pk=attestation_id).first()
    if attestation is None:
        raise NotThere()
    move_row(
        actor=actor, row=attestation, machine=ATTESTATION, move="withdraw", event=events.ATTESTATION_MOVED
    )
    return attestation
