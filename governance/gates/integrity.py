"""Gates on bytes and records: is the subject what was signed, and is the record what was written?

A state column is never believed here. Each row a decision rests on is held against the replay of its own
entries, so a value set by SQL closes the gate instead of opening it.
"""

from __future__ import annotations

from collections.abc import Iterator

from governance.gates.answers import Reason
from governance.gates.context import Context
from governance.models import Acceptance, Waiver
from ledger.models import Governed
from ledger.services import replay
from registry.models import Binding
from registry.selectors import artifacts, cards, signatures, versions
from registry.selectors.described import described


def records_intact(context: Context) -> tuple[list[Reason], list[str]]:
    """Do the rows this decision rests on say what their ledger entries say?"""
    reasons = [
        Reason("record-altered", f"{row.ledger_kind} {row.pk}: {fault}", str(row.pk))
        for row in governed_rows(context)
        for fault in replay.row_faults(row)
    ]
    return reasons, []


def governed_rows(context: Context) -> Iterator[Governed]:
    """Every row that a decision on this version rests on."""
    version = context.version
    yield version
    yield version.model
    yield version.model.system
    if context.policy:
        yield context.policy
    for related in (version.files, version.components, version.signatures, version.contributions, version.lineage,
                    version.runs):  # fmt: skip
        yield from related.all()
    yield from Acceptance.objects.filter(version=version)
    yield from Waiver.objects.filter(version=version)
    yield from context.decisions


def signature_valid(context: Context) -> tuple[list[Reason], list[str]]:
    """Does a trusted key's signature cover exactly the stored files?"""
    if context.version.binding != Binding.BYTES:
        return [], [
            f"Bound as {context.version.binding}: there are no stored files that a signature could cover."
        ]
    standing = signatures.standing(context.version)
    if standing.valid:
        return [], []
    return [Reason(f"signature-{standing.status}", standing.detail)], []


def described_as_signed(context: Context) -> tuple[list[Reason], list[str]]:
    """Is nothing of the model card and the components recorded otherwise than it was signed with the model?"""
    found = described(context.version, signatures.standing(context.version))
    if found.status == "not-covered":
        return [], [f"Card and components: {found.detail[:1].lower()}{found.detail[1:]}"]
    return [Reason("description-differs", f"{text[:1].upper()}{text[1:]}.") for text in found.differs], []


def signature_lost(context: Context) -> tuple[list[Reason], list[str]]:
    """Has a key under the accepted signature been revoked, so that no trusted signature is left?"""
    if signatures.rests_on_revoked(context.version) and not signatures.standing(context.version).valid:
        return [], []
    text = "A signature of this version still counts, or none rested on a key that was revoked."
    return [Reason("signature-counts", text)], []


def artifact_intact(context: Context) -> tuple[list[Reason], list[str]]:
    """Are the stored objects still the ones that were hashed?"""
    return [Reason("artifact-altered", text, path) for path, text in artifacts.faults(context.version)], []


def artifact_complete(context: Context) -> tuple[list[Reason], list[str]]:
    """Is there a subject that a warrant can bind?"""
    return [Reason("artifact-incomplete", text) for text in artifacts.missing(context.version)], []


def card_complete(context: Context) -> tuple[list[Reason], list[str]]:
    """Does the model card say everything that the policy asks for?"""
    wanted = context.document.card_fields("submit") if context.document else ()
    return [
        Reason("card-incomplete", f"The model card says nothing about: {title}.", field)
        for field, title in cards.missing(context.version, extra=wanted)
    ], []


def datasets_declared(context: Context) -> tuple[list[Reason], list[str]]:
    """Are the data it was trained on and the data it is tested on named by digest?"""
    roles = set(versions.lineage(context.version.pk).values_list("role", flat=True))
    return [
        Reason("dataset-undeclared", f"No dataset version is declared as {role} data.", role)
        for role in ("training", "evaluation")
        if role not in roles
    ], []
