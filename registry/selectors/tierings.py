"""How a system's tier stands: proposed, confirmed, overdue, or only claimed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from ledger.actors import Actor
from people import access
from people.catalogue import P
from registry import questionnaire
from registry.models import RiskTier, System, Tiering
from registry.selectors.lookup import locked, one

STRICTEST = questionnaire.ORDER[-1]
"""The tier that claims nothing in one's own favour."""
_WITH_SYSTEM = Tiering.objects.select_related("system")


@dataclass(frozen=True, slots=True)
class Standing:
    """`confirmed` is the tiering in force, None while the tier is only claimed; `proposed` waits for the second line."""

    tier: str
    confirmed: Tiering | None
    proposed: Tiering | None
    overdue: bool

    @property
    def is_confirmed(self) -> bool:
        """Whether the second line confirmed exactly the tier that the system has."""
        return self.confirmed is not None and self.confirmed.is_model and self.confirmed.tier == self.tier

    @property
    def is_model(self) -> bool:
        """False once the second line confirmed that it is no model."""
        return self.confirmed is None or self.confirmed.is_model

    @property
    def words(self) -> str:
        """One sentence that says how far the tier can be relied on."""
        if not self.is_model:
            return "Confirmed as no model; it stays in the inventory as such."
        if not self.is_confirmed:
            return "Not confirmed: a claim that nobody of the second line has looked at."
        return (
            "Confirmed, and due to be looked at again." if self.overdue else "Confirmed by the second line."
        )

    @property
    def lowered(self) -> str:
        """Why it stands below what the questionnaire gave, in its proposer's words; empty if it doesn't."""
        row = self.confirmed
        if row is None or not row.is_model or not questionnaire.below(row.tier, row.computed):
            return ""
        computed = RiskTier(row.computed).label.lower()
        return f"The questionnaire gave {computed}. Reason for a lower tier: {row.tier_reason}"


def standing(system: System, at: datetime) -> Standing:
    """How the tier of `system` stands at a moment."""
    rows = {
        row.state: row for row in Tiering.objects.filter(system=system, state__in=("proposed", "confirmed"))
    }
    confirmed = rows.get("confirmed")
    overdue = confirmed is not None and confirmed.review_by is not None and confirmed.review_by <= at
    return Standing(system.risk_tier, confirmed, rows.get("proposed"), overdue)


def confirming(system: Any, tier: Any) -> QuerySet[Tiering]:
    """What confirms, by the second line, that `system` (an id or an expression) has this tier or is no model."""
    return Tiering.objects.filter(Q(is_model=False) | Q(tier=tier), system=system, state="confirmed")


def tiering_by_id(tiering_id: UUID | str) -> Tiering:
    return one(_WITH_SYSTEM.all(), tiering_id)


def tiering_locked(tiering_id: UUID | str) -> Tiering:
    return locked(_WITH_SYSTEM.all(), tiering_id)


def tierings_visible(actor: Actor) -> QuerySet[Tiering]:
    return access.visible(actor, P.SYSTEM_VIEW, _WITH_SYSTEM.all())
