"""The base of every row whose state the log accounts for.

A governed row is written by `ledger.services.records.write` alone; the self-audit folds all entries and compares.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models


class Governed(models.Model):
    """Each concrete column stands in exactly one of four lists (field names; a foreign key by its field's name).

    `ledger_columns`: recorded as they are. `ledger_hashed`: long texts and JSON, recorded as their SHA-256.
    `ledger_personal`: texts about people, recorded as commitments. `ledger_free`: not governed at all: leases,
    attempts, progress, caches, secrets' digests.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    ledger_kind: ClassVar[str] = ""
    ledger_columns: ClassVar[tuple[str, ...]] = ()
    ledger_hashed: ClassVar[tuple[str, ...]] = ()
    ledger_personal: ClassVar[tuple[str, ...]] = ()
    ledger_free: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def ledger_system(self) -> uuid.UUID | str | None:
        """Id of the AI system this row belongs to, so that a history page finds it; None where there is none."""
        return None

    def ledger_person(self) -> str | None:
        """Pseudonym of the person whom the personal columns are about; None: whoever writes them."""
        return None

    def ledger_erased(self, column: str) -> str:
        """What a personal column holds once its person was erased."""
        return "[erased]"


def recorded(model: type[Governed]) -> tuple[str, ...]:
    """Names of all columns that entries account for."""
    return model.ledger_columns + model.ledger_hashed + model.ledger_personal


def governed_models() -> dict[str, type[Governed]]:
    """Kind -> model, of all apps. ValueError where two models claim one kind, or one has none."""
    found: dict[str, type[Governed]] = {}
    waiting: list[type[Governed]] = Governed.__subclasses__()
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model._meta.abstract or model._meta.proxy:
            continue
        if not model.ledger_kind or found.setdefault(model.ledger_kind, model) is not model:
            raise ValueError(f"{model.__name__}: kind {model.ledger_kind!r} is empty or taken")
    return dict(sorted(found.items()))
