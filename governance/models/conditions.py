"""Conditions of an approval."""

from __future__ import annotations

from django.db import models

from governance.models.decisions import Decision
from monitoring.models import Run
from registry.models import Version, VersionPart


class Condition(VersionPart):
    """What an approval was given under: a text, a deadline, and the person who sees to it.

    `kind` is `set` (by a decider) or `independent-review` (the seat named in `seat` is filled afterwards). Whether an
    open one is overdue is computed from `due_from` when it is read; so are the grace and the end that follow for every
    warrant of the version, whose moments were fixed with the condition.
    """

    ledger_kind = "condition"
    ledger_columns = (
        "version", "decision", "decision_round", "kind", "seat", "responsible", "due_from", "not_after", "grace_ends",
        "set_by", "set_at", "state", "met_by", "met_at", "run",
    )  # fmt: skip
    ledger_hashed = ("text",)
    ledger_personal = ("evidence",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="conditions")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="conditions")
    decision_round = models.PositiveIntegerField()
    kind = models.CharField(max_length=24)
    seat = models.CharField(max_length=32, blank=True)
    text = models.TextField()
    responsible = models.CharField(max_length=64)
    due_from = models.DateTimeField()
    not_after = models.DateTimeField()
    grace_ends = models.DateTimeField()
    set_by = models.CharField(max_length=64)
    set_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    met_by = models.CharField(max_length=64, blank=True)
    met_at = models.DateTimeField(null=True)
    evidence = models.TextField(blank=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="conditions")

    class Meta:
        indexes = [models.Index(fields=["state", "due_from"])]

    def __str__(self) -> str:
        return f"condition of {self.version}"
