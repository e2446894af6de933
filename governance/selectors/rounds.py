"""What an earlier round left: the changes that were requested, and the versions that stand before and beside one."""

from __future__ import annotations

from governance.models import Decision
from governance.selectors.ground import ground_of
from registry.machines import ROUND_OPEN
from registry.models import Version

APPROVED_ONCE = ("approved", "restricted", "suspended", "retired")


def requested_changes(version: Version) -> list[tuple[Decision, list[str]]]:
    """The decisions of the last round that asked for changes, each with its items; none once the version is decided."""
    if version.state not in ("draft", *ROUND_OPEN):
        return []
    rows = Decision.objects.filter(version=version, outcome="request-changes")
    if version.state in ROUND_OPEN:
        rows = rows.exclude(decision_round=version.decision_round)
    found = list(rows.order_by("-decision_round", "decided_at"))
    return [(row, items(row.reason)) for row in found if row.decision_round == found[0].decision_round]


def items(reason: str) -> list[str]:
    """The requested changes that a reason lists, one per line."""
    return [text for line in reason.splitlines() if (text := line.strip().lstrip("-*• ").strip())]


def last_approved(version: Version) -> Version | None:
    """The version of the model that was approved last; None if there is none."""
    rows = Version.objects.select_related("model__system").filter(
        model=version.model_id, state__in=APPROVED_ONCE
    )
    return rows.exclude(pk=version.pk).order_by("-number").first()


def newer_versions(version: Version) -> list[Version]:
    """Later versions of the model that are submitted or approved: whoever decides on this one should know of them."""
    return [row for row in ground_of(version).later if row.state in (*ROUND_OPEN, "approved")][:20]
