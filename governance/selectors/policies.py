"""Which policy speaks for a version, and why; never a silent pick.

A version that was submitted keeps the policy it was submitted under. Before that it is the one in force for the tier of
its system whose scope names the model most closely; approval of a policy refuses two that would tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from governance.models import Policy
from governance.policies.document import PolicyDocument, load
from governance.policies.scope import Place
from ledger import reading
from registry.models import AIModel, Slot, Version

UNPINNED = frozenset({"draft", "in-use-not-warranted"})
"""States in which a version is held to no policy yet; after a return the next submission pins anew."""
# By the whole text, not by a digest that stands beside it: a text that was altered is read anew. A page asks a dozen
# times, and reading takes longer than all its queries.
_read = lru_cache(maxsize=64)(load)


@dataclass(frozen=True, slots=True)
class Choice:
    """The policy that speaks for a version, the reason in a sentence, and the others in force that don't."""

    policy: Policy | None
    why: str
    others: tuple[Policy, ...] = ()


def document_of(policy: Policy) -> PolicyDocument:
    """The parsed text of a stored policy. It was linted before it was stored, so a problem here is an alteration."""
    return _read(policy.text)


def choices_for(version: Version) -> tuple[Choice, Choice]:
    """The policy of a version, and the one that speaks for its model now; each with the reason why."""
    tier = version.model.system.risk_tier
    known = reading.read_where(
        Policy, '"digest" = %s OR ("state" = %s AND "tier" = %s)', [version.policy_digest, "in-force", tier]
    )
    rows = [row for row in known if (row.state, row.tier) == ("in-force", tier)]
    now = choice_among(sorted(rows, key=lambda row: row.number), version.model)
    if not version.policy_digest or version.state in UNPINNED:
        return now, now
    pinned = next((row for row in known if row.digest == version.policy_digest), None)
    why = "It was in force when the version was submitted, and the version keeps it."
    return Choice(pinned, why), now


def choice_in_force(model: AIModel) -> Choice:
    """Of the policies in force for the model's tier, the one whose scope names it most closely."""
    return choice_among(in_force(model.system.risk_tier), model)


def choice_among(rows: Sequence[Policy], model: AIModel) -> Choice:
    """Of these policies in force for the model's tier, the one that speaks for the model."""
    tier = model.system.risk_tier
    ranked = sorted(
        ((rank, row) for row, rank in _ranked(rows, model) if rank is not None),
        key=lambda item: item[0],
        reverse=True,
    )
    if not ranked:
        why = f"No policy in force for the {tier} tier speaks of this model." if rows else (
            f"No policy is in force for the {tier} tier."
        )  # fmt: skip
        return Choice(None, why, tuple(rows))
    if (
        len(ranked) > 1 and ranked[0][0] == ranked[1][0]
    ):  # approval refuses this; a restored database may hold it
        return Choice(None, f"{ranked[0][1]} and {ranked[1][1]} speak of it equally closely.", tuple(rows))
    chosen = ranked[0][1]
    others = tuple(row for row in rows if row.pk != chosen.pk)
    return Choice(chosen, _why(chosen, others), others)


def document_in_force(model: AIModel) -> PolicyDocument | None:
    """What is asked of this model now, whatever a version of it has pinned."""
    policy = choice_in_force(model).policy
    return document_of(policy) if policy else None


def in_force(tier: str) -> list[Policy]:
    """The policies in force for a tier."""
    return list(Policy.objects.filter(tier=tier, state="in-force").order_by("number"))


def speaks_of(document: PolicyDocument, model: AIModel) -> bool:
    """Whether the scope of a policy holds a model; its tier is asked elsewhere."""
    return document.scope.precedence({model.kind, model.task}, places_of(model)) is not None


def bars_slot(version: Version, pinned: PolicyDocument, place: Place) -> str:
    """Why the policy of the version can't allow this slot: it speaks of others only, or another speaks of this one."""
    if pinned.scope.slots:
        return "" if pinned.scope.speaks_in(place) else (
            "The policy of this version speaks of other slots only; a version for this one is submitted anew."
        )  # fmt: skip
    words = {version.model.kind, version.model.task}
    for row in in_force(version.model.system.risk_tier):
        scope = document_of(row).scope
        if scope.slots and scope.precedence(words, [place]) is not None:
            return f"{row.title} ({row.number}) speaks of this slot by name, and the version was not judged under it."
    return ""


def places_of(model: AIModel) -> list[Place]:
    """The slots of a model."""
    return list(Slot.objects.filter(model=model).values_list("environment", "region", "arm"))


def _ranked(rows: Iterable[Policy], model: AIModel) -> list[tuple[Policy, tuple[int, int] | None]]:
    scopes = [(row, document_of(row).scope) for row in rows]
    places = places_of(model) if any(scope.slots for _, scope in scopes) else []
    words = {model.kind, model.task}
    return [(row, scope.precedence(words, places)) for row, scope in scopes]


def _why(chosen: Policy, others: tuple[Policy, ...]) -> str:
    scope = document_of(chosen).scope
    if scope.slots:
        return "It is in force and names a slot of this model."
    if scope.kinds:
        return "It is in force and names this kind of model."
    if others:
        return f"It is in force for the {chosen.tier} tier, and no other names this model."
    return f"It is the one in force for the {chosen.tier} tier."
