"""How often a waiver was given again, and who has to approve it the next time."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from governance.models import Waiver, WaiverRenewal, WideWaiver
from registry.models import AIModel
from registry.selectors.lookup import one

LADDER = ("independent-validator", "risk-reviewer", "accountable-executive")
"""Roles that approve a waiver, each one level above the one before; above the last there is none."""


def wide_waivers_of(model: AIModel) -> QuerySet[WideWaiver]:
    """Waivers of a model beyond one version, with what each renews."""
    return WideWaiver.objects.filter(model=model).select_related("model__system", "renewal")


def wide_waiver_by_id(waiver_id: UUID) -> WideWaiver:
    """Raises NotThere."""
    return one(WideWaiver.objects.select_related("model__system", "renewal"), waiver_id)


def renewal_of(waiver: Waiver | WideWaiver) -> WaiverRenewal | None:
    """The link to the waiver that this one follows; None for a first one."""
    kind = "waiver" if isinstance(waiver, Waiver) else "wide"
    return WaiverRenewal.objects.filter(**{kind: waiver}).first()


def next_role(role: str) -> str:
    """One level up; a role outside the ladder is followed by the top."""
    if role not in LADDER:
        return LADDER[-1]
    return LADDER[min(LADDER.index(role) + 1, len(LADDER) - 1)]
