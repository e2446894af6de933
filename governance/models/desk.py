"""Who works on a version that waits for a decision, what it consisted of in earlier rounds, and what was said too late.

`Claim`, `Escalation` and `RoundContent` are governed. The rows below them steer reminders or count how people read;
none of those proves anything, and none carries a name into a report.
"""

from __future__ import annotations

from django.db import models

from registry.models import System, Version, VersionPart


class Claim(VersionPart):
    """A reviewer works on a version in one seat of one round. It bars nobody; how long it counts is computed when read."""

    ledger_kind = "claim"
    ledger_columns = ("version", "decision_round", "seat", "person", "since", "state", "ended_at", "ended_by")

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="claims")
    decision_round = models.PositiveIntegerField()
    seat = models.CharField(max_length=32)
    person = models.CharField(max_length=64)
    since = models.DateTimeField()
    state = models.CharField(max_length=16)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "decision_round", "seat"],
                condition=models.Q(state="held"),
                name="claim_one_per_seat",
            ),
        ]

    def __str__(self) -> str:
        return f"claim of {self.version} as {self.seat}"


class Escalation(VersionPart):
    """A version that waited too long was put to the holders of a role: by the sweep once a round and state, or by a
    person, with a reason."""

    ledger_kind = "escalation"
    ledger_columns = (
        "version", "decision_round", "waits_for", "due_at", "to_role", "raised_by", "raised_at",
    )  # fmt: skip
    ledger_personal = ("why",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="escalations")
    decision_round = models.PositiveIntegerField()
    waits_for = models.CharField(max_length=24)
    due_at = models.DateTimeField()
    to_role = models.CharField(max_length=32)
    raised_by = models.CharField(max_length=64)
    raised_at = models.DateTimeField()
    why = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "decision_round", "waits_for", "raised_by"], name="escalation_once"
            ),
        ]

    def __str__(self) -> str:
        return f"escalation of {self.version}"


class RoundContent(VersionPart):
    """What a version consisted of when it was sent back: the ground of "what changed since the last round"."""

    ledger_kind = "round-content"
    ledger_columns = ("version", "decision_round", "taken_at")
    ledger_hashed = ("content",)

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="round_contents")
    decision_round = models.PositiveIntegerField()
    taken_at = models.DateTimeField()
    content = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "decision_round"], name="round_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version} in round {self.decision_round}"


class Reminder(models.Model):
    """A reminder of one stage went out, for one state of one round: it goes out once."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    decision_round = models.PositiveIntegerField()
    waits_for = models.CharField(max_length=24)
    stage = models.CharField(max_length=16)
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "decision_round", "waits_for", "stage"], name="reminder_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of {self.version_id}"


class EvidenceOpened(models.Model):
    """Somebody who may decide on a version opened evidence of it. Forgotten after some weeks, and never reported."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    decision_round = models.PositiveIntegerField()
    person = models.CharField(max_length=64)
    what = models.CharField(max_length=16)
    about = models.UUIDField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "decision_round", "person", "what", "about"], name="evidence_opened_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.version_id}"


class ReadingCount(models.Model):
    """How the decisions of one month on one system were taken, as counts without names."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="+")
    month = models.DateField()
    decisions = models.PositiveIntegerField(default=0)
    unopened = models.PositiveIntegerField(default=0)
    quick = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "month"], name="reading_count_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.decisions}"
