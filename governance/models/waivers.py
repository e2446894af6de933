"""Exceptions beyond one version, and exceptions that were given again."""

from __future__ import annotations

import uuid

from django.db import models

from governance.models.decisions import Waiver
from ledger.models import Governed
from registry.models import AIModel


class WideWaiver(Governed):
    """An approved exception to one requirement for every version of a model, or for those that are named, with an end.

    `versions` holds ids as text, empty for every version; `slots` places as `environment/region/arm`, empty for every
    place. Where it names places, a warrant for any other place finds the requirement open.
    """

    ledger_kind = "wide-waiver"
    ledger_columns = (
        "model", "requirement", "starts", "ends", "state", "requested_by", "requested_at", "decided_by", "decided_at",
    )  # fmt: skip
    ledger_hashed = ("versions", "slots")
    ledger_personal = ("reason", "compensating_control")
    scope_paths = {"system": "model__system_id", "model": "model_id"}

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="wide_waivers")
    requirement = models.CharField(max_length=120)
    versions = models.JSONField(default=list)
    slots = models.JSONField(default=list)
    reason = models.TextField()
    compensating_control = models.TextField()
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    state = models.CharField(max_length=16)
    requested_by = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-requested_at", "id")

    def __str__(self) -> str:
        return f"waiver of {self.requirement} for {self.scope}"

    @property
    def scope(self) -> str:
        """For what it holds, in words."""
        number = len(self.versions)
        which = (
            f"{number} version{'s' if number != 1 else ''} of {self.model}"
            if number
            else f"all of {self.model}"
        )
        return f"{which} in {', '.join(self.slots)}" if self.slots else which

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return (("model", self.model_id), ("system", self.model.system_id))

    def ledger_system(self) -> uuid.UUID:
        return self.model.system_id


class WaiverRenewal(Governed):
    """A waiver that follows another for the same requirement: which it follows, the how manieth it is, and the role
    that has to approve it, one level above the one before."""

    ledger_kind = "waiver-renewal"
    ledger_columns = ("waiver", "before", "wide", "wide_before", "number", "role", "renewed_at")
    scope_paths = {
        "system": "waiver__version__model__system_id",
        "model": "waiver__version__model_id",
    }

    waiver = models.OneToOneField(Waiver, on_delete=models.PROTECT, null=True, related_name="renewal")
    before = models.OneToOneField(Waiver, on_delete=models.PROTECT, null=True, related_name="renewed_by")
    wide = models.OneToOneField(WideWaiver, on_delete=models.PROTECT, null=True, related_name="renewal")
    wide_before = models.OneToOneField(
        WideWaiver, on_delete=models.PROTECT, null=True, related_name="renewed_by"
    )
    number = models.PositiveIntegerField()
    role = models.CharField(max_length=32)
    renewed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"renewal {self.number} of {self._about}"

    @property
    def _about(self) -> Waiver | WideWaiver:
        about = self.waiver or self.wide
        if about is None:
            raise ValueError(f"renewal {self.pk} is of no waiver")
        return about

    def scopes(self) -> tuple[tuple[str, uuid.UUID], ...]:
        return self._about.scopes()

    def ledger_system(self) -> uuid.UUID:
        return self._about.ledger_system()
