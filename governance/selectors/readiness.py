"""Documents beside a version and answers to its checklists, as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from governance.models import ChecklistAnswer, VersionDocument
from governance.selectors.ground import ground_of, policy_of
from governance.selectors.policies import document_of
from registry.models import Version
from registry.selectors.lookup import one

AFTER_THE_DECISION = frozenset({"deploy"})
"""Moves whose questions come after the approval: their answers are no part of what was approved."""


def document_by_id(document_id: UUID) -> VersionDocument:
    """Raises NotThere."""
    return one(VersionDocument.objects.select_related("version__model__system"), document_id)


def documents_on(version: Version) -> QuerySet[VersionDocument]:
    """The rows of `documents_of`, for a list by pages."""
    return VersionDocument.objects.filter(version=version, present=True)


def documents_of(version: Version) -> list[VersionDocument]:
    """What is attached now."""
    return [row for row in ground_of(version).documents if row.present]


def answers_of(version: Version, move: str) -> dict[str, ChecklistAnswer]:
    """Question -> its latest answer of the present round; a change of content asks anew."""
    return {row.question: row for row in _present(version) if row.move == move}


def checklists_of(
    version: Version, moves: Sequence[str]
) -> list[tuple[str, list[tuple[str, ChecklistAnswer | None]]]]:
    """Of `moves`, those that the policy asks questions before: each question, and the answer that counts."""
    policy = policy_of(version)
    if policy is None:
        return []
    latest = {(row.move, row.question): row for row in _present(version)}
    asked = [(move, document_of(policy).move(move).checklist) for move in moves]
    return [
        (move, [(text, latest.get((move, text))) for text in questions])
        for move, questions in asked
        if questions
    ]


def answers_shown(version: Version) -> list[ChecklistAnswer]:
    """The latest answers of the present round to what is asked before the decision."""
    latest = {(row.move, row.question): row for row in _present(version)}
    return [row for (move, _), row in sorted(latest.items()) if move not in AFTER_THE_DECISION]


def _present(version: Version) -> list[ChecklistAnswer]:
    """The answers of the present round, the oldest first."""
    rows = ground_of(version).checklist_answers
    return [row for row in rows if row.decision_round == version.decision_round]
