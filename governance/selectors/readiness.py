"""Documents beside a version and answers to its checklists, as they stand."""

from __future__ import annotations

from django.db.models import QuerySet

from governance.models import ChecklistAnswer, VersionDocument
from registry.models import Version

AFTER_THE_DECISION = frozenset({"deploy"})
"""Moves whose questions come after the approval: their answers are no part of what was approved."""


def documents_of(version: Version) -> QuerySet[VersionDocument]:
    """What is attached now."""
    return VersionDocument.objects.filter(version=version, present=True)


def answers_of(version: Version, move: str) -> dict[str, ChecklistAnswer]:
    """Question -> its latest answer of the present round; a change of content asks anew."""
    rows = ChecklistAnswer.objects.filter(version=version, decision_round=version.decision_round, move=move)
    return {row.question: row for row in rows.order_by("answered_at", "id")}


def answers_shown(version: Version) -> list[ChecklistAnswer]:
    """The latest answers of the present round to what is asked before the decision."""
    rows = ChecklistAnswer.objects.filter(version=version, decision_round=version.decision_round)
    latest = {(row.move, row.question): row for row in rows.order_by("answered_at", "id")}
    return [row for (move, _), row in sorted(latest.items()) if move not in AFTER_THE_DECISION]
