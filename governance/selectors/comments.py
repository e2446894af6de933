"""Threads of comments, and the things they are about."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from governance.models import Comment, Finding, Validation
from governance.selectors.findings import finding_by_id
from governance.selectors.validations import validation_by_id
from ledger.errors import NotThere
from registry.models import Version
from registry.selectors.versions import version_by_id


def thing_by_id(kind: str, row_id: UUID) -> Version | Finding | Validation:
    """What a comment of this `kind` is about. Raises NotThere, also for an unknown kind."""
    if kind == "version":
        return version_by_id(row_id)
    if kind == "finding":
        return finding_by_id(row_id)
    if kind == "validation":
        return validation_by_id(row_id)
    raise NotThere


def kind_of(thing: Version | Finding | Validation) -> str:
    return thing.ledger_kind


def threads_on(thing: Version | Finding | Validation) -> QuerySet[Comment]:
    """Its threads, the newest first, each with its answers."""
    rows = Comment.objects.filter(**{kind_of(thing): thing}, parent=None)
    return rows.prefetch_related("answers").order_by("-written_at", "id")
