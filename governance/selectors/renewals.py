"""How often a waiver was given again, and who has to approve it the next time."""

from __future__ import annotations

from governance.models import Waiver, WaiverRenewal, WideWaiver

LADDER = ("independent-validator", "risk-reviewer", "accountable-executive")
"""Roles that approve a waiver, each one level above the one before; above the last there is none."""


def renewal_of(waiver: Waiver | WideWaiver) -> WaiverRenewal | None:
    """The link to the waiver that this one follows; None for a first one."""
    kind = "waiver" if isinstance(waiver, Waiver) else "wide"
    return WaiverRenewal.objects.filter(**{kind: waiver}).first()


def next_role(role: str) -> str:
    """One level up; a role outside the ladder is followed by the top."""
    if role not in LADDER:
        return LADDER[-1]
    return LADDER[min(LADDER.index(role) + 1, len(LADDER) - 1)]
