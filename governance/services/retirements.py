"""The end of a version's data: a named person attests what became of them. Without it nothing is retired."""

from __future__ import annotations

import re
from uuid import UUID

from governance import events
from governance.models import Disposal
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry.machines import VERSION
from registry.selectors.versions import version_locked

LONGEST = 300
SHA256 = re.compile(r"[0-9a-f]{64}")


@governed
def disposal_attest(
    *, actor: Actor, version_id: UUID, what: str, how: str, statement: str, document_digest: str = ""
) -> Disposal:
    """Attest what became of data that were held for a version: which, how, in one's own words, and the digest
    (SHA-256, hex) of the document that shows it, where there is one. Raises Conflict once the version is retired."""
    version = version_locked(version_id)
    access.require(actor, P.ATTEST, version)
    if version.state == "retired" or not any(move.name == "retire" for move in VERSION.legal(version.state)):
        raise Conflict(f"The version is {version.state}; disposal is attested before it is retired.")
    if not what.strip() or len(what.strip()) > LONGEST:
        raise Invalid(f"Name the data, in 1 to {LONGEST} characters.", field="what")
    if how not in Disposal.How.values:
        raise Invalid(f"Possible: {', '.join(Disposal.How.values)}.", field="how")
    if not statement.strip():
        raise Invalid("Say in a sentence how it was done and how you know.", field="statement")
    if document_digest.strip() and not SHA256.fullmatch(document_digest.strip().lower()):
        raise Invalid("A SHA-256 digest has 64 hexadecimal digits.", field="document_digest")
    disposal = Disposal(version=version)
    records.write(
        actor=actor,
        event=events.DISPOSAL_ATTESTED,
        row=disposal,
        set={
            "what": what.strip(),
            "how": how,
            "statement": statement.strip(),
            "document_digest": document_digest.strip().lower(),
            "attested_by": actor.id,
            "attested_at": clock.now(),
        },
    )
    return disposal
