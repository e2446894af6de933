"""Gates on bytes and records: is the subject what was signed, and is the record what was written?

A state column is never believed here. Each row a decision rests on is held against the replay of its own
entries, so a value set by SQL closes the gate instead of opening it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from governance.gates.answers import Answer, Reason
from governance.gates.context import Context
from governance.models import Finding, FindingLink
from governance.selectors.conditions import current_conditions
from ledger.models import Governed
from ledger.selectors import subjects_within
from ledger.services import replay
from ledger.services.findings import Finding as Altered
from registry.models import Binding
from registry.selectors import artifacts, cards, signatures, tierings
from registry.selectors.described import described

MOVES = ("submit", "start-review", "approve")
"""Moves of a policy in the order in which a version makes them before it may run."""


def records_intact(context: Context) -> tuple[list[Reason], list[str]]:
    """Do the rows this decision rests on say what their ledger entries say?"""
    return altered(examined(context).findings), []


def altered(findings: Iterable[Altered]) -> list[Reason]:
    """What the log says against rows, as reasons."""
    return [
        Reason("record-altered", f"{item.where}: {item.message}", item.where.rpartition(" ")[2])
        for item in findings
    ]


def examined(
    context: Context,
    *,
    ids: Mapping[type[Governed], Iterable[UUID]] | None = None,
    fresh: Iterable[Governed] = (),
    also: Iterable[replay.Place] = (),
) -> replay.Examined:
    """The rows of the context, read for it, held against the log; with what else the caller rests on (as
    `replay.examine`), so that the log is asked once."""
    held: dict[type[Governed], list[UUID]] = {model: list(rows) for model, rows in (ids or {}).items()}
    # An objection that was taken out of the database still stands: the log knows where each was put.
    if context.ground.objected:
        links = subjects_within(FindingLink.ledger_kind, context.version.system_id)
        held[FindingLink] = links
        held[Finding] = list(
            FindingLink.objects.filter(pk__in=links).values_list("finding_id", flat=True).distinct()
        )
    return replay.examine(held, fresh=[*governed_rows(context), *fresh], also=also)


def governed_rows(context: Context) -> Iterator[Governed]:
    """Every row that a decision on this version rests on: the very ones that the other gates go by."""
    version, ground = context.version, context.ground
    yield version
    yield version.model
    yield version.model.system
    if context.policy:
        yield context.policy
    for rows in (
        context.decisions, ground.documents, ground.checklist_answers, ground.file_rows, ground.component_rows,
        ground.signatures, ground.contributions, ground.lineage_rows, ground.runs, ground.acceptances, ground.waivers,
        ground.wide_waivers, ground.paths, current_conditions(version),
    ):  # fmt: skip
        yield from rows


def signature_valid(context: Context) -> tuple[list[Reason], list[str]]:
    """Does a trusted key's signature cover exactly the subject: the stored files, the image or the declaration?"""
    version, standing = context.version, context.signature
    if standing.valid:
        return [], []
    asked = version.binding == Binding.BYTES or context.document is None or context.document.signed
    if asked or context.ground.signatures:
        return [Reason(f"signature-{standing.status}", standing.detail)], []
    return [], [f"Bound as {version.binding}, and the policy asks for no signature: {standing.detail}"]


def described_as_signed(context: Context) -> tuple[list[Reason], list[str]]:
    """Is nothing of the model card and the components recorded otherwise than it was signed with the model?"""
    found = described(context.version, context.signature)
    if found.status == "not-covered":
        return [], [f"Card and components: {found.detail[:1].lower()}{found.detail[1:]}"]
    return [Reason("description-differs", f"{text[:1].upper()}{text[1:]}.") for text in found.differs], []


def signature_lost(context: Context) -> tuple[list[Reason], list[str]]:
    """Has a key under the accepted signature been revoked, so that no trusted signature is left?"""
    if signatures.rests_on_revoked(context.version) and not context.signature.valid:
        return [], []
    text = "A signature of this version still counts, or none rested on a key that was revoked."
    return [Reason("signature-counts", text)], []


def artifact_intact(context: Context) -> tuple[list[Reason], list[str]]:
    """Are the stored objects still the ones that were hashed?"""
    return [Reason("artifact-altered", text, path) for path, text in artifacts.faults(context.version)], []


def artifact_complete(context: Context) -> tuple[list[Reason], list[str]]:
    """Is there a subject that a warrant can bind?"""
    return [Reason("artifact-incomplete", text) for text in artifacts.missing(context.version)], []


def tier_confirmed(context: Context) -> tuple[list[Reason], list[str]]:
    """Has the second line confirmed the tier that chose the policy?"""
    system, found = context.version.model.system, context.tier
    reasons = altered(context.system_examined.findings)
    policy = context.policy
    strictest = policy is not None and policy.tier == tierings.STRICTEST
    if not found.is_confirmed and not strictest:
        text = f"The tier “{system.get_risk_tier_display()}” is a claim: the second line has to confirm a tiering."
        reasons.append(Reason("tier-unconfirmed", text, str(system.pk), Answer.PENDING))
    return reasons, list(_about_tier(found, policy.tier if policy else ""))


def _about_tier(found: tierings.Standing, judged: str) -> Iterator[str]:
    if not found.is_confirmed:
        yield f"The tier of the system. {found.words}"
    if found.lowered:
        yield f"The tier of the system. {found.lowered}"
    if found.overdue:
        yield "The tier of the system is due to be looked at again."
    if judged and judged != found.tier:
        yield f"The system is of the tier {found.tier} now; this version stays under the policy of the tier {judged}."


def card_complete(context: Context, move: str) -> tuple[list[Reason], list[str]]:
    """Does the model card say everything that the policy asks for up to this move?"""
    moves = MOVES[: MOVES.index(move) + 1] if move in MOVES else MOVES
    wanted = (
        [name for step in moves for name in context.document.card_fields(step)] if context.document else []
    )
    return [
        Reason("card-incomplete", f"The model card says nothing about: {title}.", field)
        for field, title in cards.missing(context.version, extra=wanted)
    ], []


def datasets_declared(context: Context) -> tuple[list[Reason], list[str]]:
    """Are the data it was trained on and the data it is tested on named by digest, and none of them refused?"""
    links = context.ground.lineage
    vendors = context.version.binding == Binding.DECLARED
    wanted = ("evaluation",) if vendors else ("training", "evaluation")
    reasons = [
        Reason("dataset-undeclared", f"No dataset version is declared as {role} data.", role)
        for role in wanted
        if role not in {link.role for link in links}
    ]
    reasons += [
        Reason(
            "dataset-refused", f"{link.dataset_version} was refused: it contradicts its contract.", link.role
        )
        for link in links
        if link.dataset_version.state == "refused"
    ]
    notes = ["Declared by a vendor: what it was trained on is not known here."] if vendors else []
    return reasons, notes
