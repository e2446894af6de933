"""One row by its id, or the one answer for everything that can't be shown."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet

from ledger.errors import NotThere

M = TypeVar("M", bound=Model)


def one(rows: QuerySet[M], pk: UUID | str) -> M:
    """The row with this id. Raises NotThere for an unknown id and for what is no UUID at all."""
    try:
        return rows.get(pk=UUID(str(pk)))
    except (ObjectDoesNotExist, ValueError) as error:
        raise NotThere from error


def locked(rows: QuerySet[M], pk: UUID | str) -> M:
    """Like `one`, locked until the transaction ends. Joined rows are read, not locked."""
    return one(rows.select_for_update(of=("self",)), pk)
