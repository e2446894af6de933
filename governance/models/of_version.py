"""What most rows of a version's life share: who may see one, and which system's history it belongs to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import ClassVar

from django.db import models

from ledger.models import Governed
from registry.models import Version


class OfVersion(Governed):
    """A row about one version."""

    scope_paths: ClassVar[Mapping[str, str]] = {
        "system": "version__model__system_id",
        "model": "version__model_id",
    }

    version = models.ForeignKey(Version, on_delete=models.PROTECT)

    class Meta:
        abstract = True

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self.version.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self.version.model.system_id
