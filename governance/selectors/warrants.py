"""What a warrant says. How it stands at a moment: `selectors.standing`."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from governance.models import Decision, Emergency, Policy, Recertification, Warrant
from governance.selectors.emergencies import agreement
from ledger import selectors as log
from ledger.errors import IntegrityFault
from modelwarrant import warrant as warrants
from registry.models import Binding, Version
from registry.selectors import signatures

ON_VOID = {"keep": "keep", "fallback": "fall back", "stop": "stop"}
VERIFIER = "https://modelwarrant.dev/verifier/v1"


def terms_of(warrant: Warrant, *, issued: dt.datetime) -> warrants.Terms:
    """The statement to sign for a granted warrant."""
    version = warrant.version
    system = version.model.system
    policy = Policy.objects.get(digest=warrant.policy_digest)
    slot = warrant.slot
    return warrants.Terms(
        id=str(warrant.id),
        subject=subject_of(version),
        slot=warrants.Slot(slot.environment, slot.region, slot.arm),
        resource_uri=f"modelwarrant:{system.slug}/{version.model.slug}/{version.number}",
        policy_uri=f"modelwarrant:policy/{policy.tier}/{policy.number}",
        policy_digest=warrant.policy_digest,
        verifier=VERIFIER,
        issued=issued,
        not_before=warrant.granted_at,
        due_from=warrant.due_from,
        not_after=warrant.not_after,
        grace_ends=warrant.grace_ends,
        decisions=_decisions(warrant),
        conditions=tuple(warrant.conditions),
        on_void=ON_VOID[system.on_void],
        fallback=system.fallback if system.on_void == "fallback" else "",
    )


def subject_of(version: Version) -> warrants.Subject:
    """The subject of a version as a warrant prints it."""
    name = f"{version.model.system.slug}/{version.model.slug}/{version.number}"
    if version.binding == Binding.BYTES:
        ignored = signatures.standing(version).ignored
        return warrants.Subject(name, "bytes", version.subject_digest, version.manifest_digest, ignored)
    binding: warrants.Binding = "container" if version.binding == Binding.CONTAINER else "declared"
    return warrants.Subject(name, binding, version.subject_digest)


def _decisions(warrant: Warrant) -> tuple[warrants.Decision, ...]:
    ids = decisions_of(warrant)
    found = []
    for decision in Decision.objects.filter(id__in=ids).order_by("decided_at"):
        entry = log.first_entry(decision.ledger_kind, decision.pk)
        if entry is None:
            raise IntegrityFault(f"decision {decision.pk} has no entry in the log")
        found.append(warrants.Decision(hashlib.sha256(bytes(entry.bytes)).hexdigest(), decision.seat))
    for emergency in Emergency.objects.filter(id__in=ids):
        agreed = agreement(emergency)
        if agreed is None:
            raise IntegrityFault(f"the agreement to emergency {emergency.pk} has no entry in the log")
        found.append(warrants.Decision(hashlib.sha256(bytes(agreed.bytes)).hexdigest(), emergency.agreed_as))
    for renewal in Recertification.objects.filter(id__in=ids):
        moves = [
            item.row
            for item in log.history(renewal.ledger_kind, renewal.pk)
            if item.parsed.entry and item.parsed.entry.data.get("move") == "grant"
        ]
        if not moves:
            raise IntegrityFault(f"recertification {renewal.pk} was not granted by the log")
        found.append(warrants.Decision(hashlib.sha256(bytes(moves[0].bytes)).hexdigest(), "recertification"))
    return tuple(found)


def decisions_of(warrant: Warrant) -> list[str]:
    """The ids of the decisions and renewals that its grant rests on, as the log has them."""
    granted = log.first_entry(warrant.ledger_kind, warrant.pk)
    return list(log.parsed(granted).data["decisions"]) if granted else []


def received_at(warrant: Warrant) -> tuple[int, int] | None:
    """The place in the logs that recorded the signed warrant; None while it has none. What a key signed before the
    place it is revoked from counts by this, not by the date in the document."""
    return issued_at(log.history(warrant.ledger_kind, warrant.pk))


def issued_at(moved: Sequence[log.HistoryItem]) -> tuple[int, int] | None:
    """`received_at` for who has the warrant's entries, in the order of the log."""
    issued = [item for item in moved if item.parsed.entry and item.parsed.entry.data.get("move") == "issue"]
    return issued[-1].place if issued else None
