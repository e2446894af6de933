"""Tierings: which risk tier a system was given, on which answers, by whom, and who confirmed it."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from ledger.models import Governed
from registry.machines import TIERING
from registry.models.systems import RiskTier, System


class Tiering(Governed):
    """One proposal for one system, and what became of it.

    `answers` maps questions of `registry.questionnaire` to answers, `questionnaire` says which edition; both are empty
    for what is no model. `computed` is the tier those answers give, `tier` the one proposed, `before` the one it stood
    at. `review_by` is the day from which a confirmed tiering is overdue.
    """

    ledger_kind = "tiering"
    ledger_columns = (
        "system",
        "is_model",
        "questionnaire",
        "computed",
        "tier",
        "before",
        "state",
        "proposed_by",
        "proposed_at",
        "decided_by",
        "decided_at",
        "review_by",
    )
    ledger_hashed = ("answers",)
    ledger_personal = ("why", "tier_reason", "note")
    scope_paths = {"system": "system_id"}

    system = models.ForeignKey(System, models.PROTECT, related_name="tierings")
    is_model = models.BooleanField()
    why = models.TextField()
    questionnaire = models.PositiveIntegerField(default=0)
    answers = models.JSONField(default=dict, blank=True)
    computed = models.CharField(max_length=10, blank=True)
    tier = models.CharField(max_length=10, choices=RiskTier.choices)
    tier_reason = models.TextField(blank=True)
    before = models.CharField(max_length=10)
    state = models.CharField(max_length=12, default=TIERING.initial.name)
    proposed_by = models.CharField(max_length=40)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=40, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    review_by = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-proposed_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("system",), condition=models.Q(state="proposed"), name="registry_tiering_one_proposed"
            ),
            models.UniqueConstraint(
                fields=("system",),
                condition=models.Q(state="confirmed"),
                name="registry_tiering_one_confirmed",
            ),
        ]

    def __str__(self) -> str:
        return f"tiering of {self.system}"

    def scopes(self) -> tuple[tuple[str, UUID], ...]:
        return (("system", self.system_id),)

    def ledger_system(self) -> UUID:
        return self.system_id
