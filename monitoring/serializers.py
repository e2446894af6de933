"""Runs, batches, breaches and incidents as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monitoring.models import Batch, Breach, Incident, Run
from people.strict import Strict


class BatchInput(Strict):
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    upload = serializers.UUIDField()
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()


class RunOutput(serializers.ModelSerializer[Run]):
    """Without the outcome: a list of runs stays small; one run gives it whole."""

    running = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id",
            "check_name",
            "version",
            "batch",
            "current",
            "reference",
            "policy_digest",
            "subject_digest",
            "seed",
            "requested_by",
            "requested_as",
            "requested_at",
            "state",
            "running",
            "progress",
            "attempts",
            "verdict",
            "outcome_digest",
            "error_code",
            "error_text",
            "finished_at",
        )
        read_only_fields = fields

    def get_running(self, row: Run) -> bool:
        return row.state == "due" and row.attempts > 0


class RunDetailOutput(RunOutput):
    class Meta:
        model = Run
        fields = (*RunOutput.Meta.fields, "columns", "thresholds", "parameters", "outcome")
        read_only_fields = fields


class BatchOutput(serializers.ModelSerializer[Batch]):
    runs = serializers.SerializerMethodField()

    class Meta:
        model = Batch
        fields = (
            "id",
            "deployment",
            "label",
            "blob",
            "rows",
            "period_start",
            "period_end",
            "received_at",
            "reported_by",
            "state",
            "runs",
        )
        read_only_fields = fields

    def get_runs(self, row: Batch) -> list[dict[str, Any]]:
        return [
            {"id": str(run.pk), "check_name": run.check_name, "state": run.state, "verdict": run.verdict}
            for run in row.runs.order_by("requested_at", "id")
        ]


class BreachOutput(serializers.ModelSerializer[Breach]):
    class Meta:
        model = Breach
        fields = ("id", "monitor", "batch", "run", "summary", "response", "state", "opened_at", "closed_at")
        read_only_fields = fields


class IncidentOutput(serializers.ModelSerializer[Incident]):
    class Meta:
        model = Incident
        fields = ("id", "system", "version", "cause", "title", "severity", "state", "opened_at", "closed_at")
        read_only_fields = fields
