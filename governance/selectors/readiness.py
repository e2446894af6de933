"""Documents beside a version and answers to its checklists, as they stand."""

from __future__ import annotations

from governance.models import ChecklistAnswer, VersionDocument
from governance.selectors.ground import ground_of
from registry.models import Version

AFTER_THE_DECISION = frozenset({"deploy"})
"""Moves whose questions come after the approval: their answers are no part of what was approved."""


def documents_of(version: Version) -> list[VersionDocument]:
    """What is attached now."""
    return [row for row in ground_of(version).documents if row.present]


def answers_of(version: Version, move: str) -> dict[str, ChecklistAnswer]:
    """Question -> its latest answer of the present round; a change of content asks anew."""
    return {row.question: row for row in _present(version) if row.move == move}


def answers_shown(version: Version) -> list[ChecklistAnswer]:
    """The latest answers of the present round to what is asked before the decision."""
    latest = {(row.move, row.question): row for row in _present(version)}
    return [row for (move, _), row in sorted(latest.items()) if move not in AFTER_THE_DECISION]


def _present(version: Version) -> list[ChecklistAnswer]:
    """The answers of the present round, the oldest first."""
    rows = ground_of(version).checklist_answers
    return [row for row in rows if row.decision_round == version.decision_round]
