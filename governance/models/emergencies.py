"""Running without approval in an emergency: always with a reason, a second person and an end. Counted for ever."""

from __future__ import annotations

from django.db import models

from governance.models.warrants import Warrant
from registry.models import Deployment, Version, VersionPart


class Emergency(VersionPart):
    """One use of break-glass for one version in one slot.

    `hours` is the clock that was asked for; `ends` and `review_by` are set when the second person agrees. What the
    end brought back is `fallback`. No second row prolongs a first: each is asked for, agreed on and counted by itself.
    """

    ledger_kind = "emergency"
    ledger_columns = (
        "version", "deployment", "state", "hours", "requested_by", "requested_at", "agreed_by", "agreed_at", "agreed_as",
        "ends", "review_by", "warrant", "closed_at",
    )  # fmt: skip
    ledger_hashed = ("fallback",)
    ledger_personal = ("reason",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="emergencies")
    state = models.CharField(max_length=16, db_index=True)
    reason = models.TextField()
    hours = models.PositiveIntegerField()
    requested_by = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    agreed_by = models.CharField(max_length=64, blank=True)
    agreed_at = models.DateTimeField(null=True)
    agreed_as = models.CharField(max_length=32, blank=True)
    ends = models.DateTimeField(null=True)
    review_by = models.DateTimeField(null=True)
    warrant = models.ForeignKey(Warrant, on_delete=models.PROTECT, null=True, related_name="emergencies")
    fallback = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "emergencies"
        ordering = ("-requested_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=models.Q(state__in=("requested", "open")),
                name="emergency_one_open_per_version",
            ),
        ]

    def __str__(self) -> str:
        return f"emergency of {self.version} in {self.deployment.slot}"
