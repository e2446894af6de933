"""What holds for every request of a waiver, whatever it is for: what the policy lets one ask, and how it is said."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.policies.document import PolicyDocument
from governance.services.refusals import because
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid
from people.catalogue import P
from registry.models import AIModel, Version


def allowing(document: PolicyDocument | None, about: Version | AIModel) -> PolicyDocument:
    """The policy in force, if it allows waivers at all. Raises Refused ("not-allowed")."""
    if document is None or not document.waivers.allowed:
        raise because(
            "No waiver can be requested.",
            about,
            P.WAIVER_REQUEST,
            gate="waiver",
            code="not-allowed",
            text="The policy allows no waivers.",
        )
    return document


def terms(
    document: PolicyDocument,
    *,
    actor: Actor,
    requirement: str,
    reason: str,
    compensating_control: str,
    ends: dt.datetime,
) -> dict[str, Any]:
    """The columns that every waiver has, as they are written when `actor` asks now. Raises Invalid naming the field."""
    if not document.waivable(requirement):
        possible = ", ".join(document.waivers.checks) or "nothing"
        raise Invalid(
            f"The policy lets '{requirement}' not be waived; it lets: {possible}.", field="requirement"
        )
    for field, text in (("reason", reason), ("compensating_control", compensating_control)):
        if not text.strip():
            raise Invalid("Say it in a sentence; whoever decides and every report shows it.", field=field)
    now = clock.now()
    if not now < ends <= now + dt.timedelta(days=document.waivers.max_days):
        raise Invalid(f"A waiver must end within {document.waivers.max_days} days from now.", field="ends")
    return {
        "requirement": requirement,
        "reason": reason.strip(),
        "compensating_control": compensating_control.strip(),
        "starts": now,
        "ends": ends,
        "requested_by": actor.id,
    }
