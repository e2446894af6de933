"""Runs, batches, breaches and incidents as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monitoring.models import Batch, Breach, Incident, LabelSet, Monitor, Run
from monitoring.services.runs import plan_of
from people.strict import Strict


class BatchInput(Strict):
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    upload = serializers.UUIDField()
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()


class RowsInput(Strict):
    """The query's members and the body's lines."""

    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    lines = serializers.CharField(trim_whitespace=False)
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()


class LabelsInput(Strict):
    name = serializers.CharField(max_length=80)
    upload = serializers.UUIDField()
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()


class LabelRowsInput(Strict):
    """The query's members and the body's lines."""

    name = serializers.CharField(max_length=80)
    lines = serializers.CharField(trim_whitespace=False)
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
            for run in sorted(row.runs.all(), key=lambda run: (run.requested_at, run.pk))
        ]


class BreachOutput(serializers.ModelSerializer[Breach]):
    told = serializers.SerializerMethodField()

    class Meta:
        model = Breach
        fields = (
            "id", "monitor", "batch", "run", "summary", "response", "state", "opened_at", "closed_at", "told",
        )  # fmt: skip
        read_only_fields = fields

    def get_told(self, row: Breach) -> dict[str, Any] | None:
        """Whether people were told and why; null while the batch's other checks run."""
        paging = getattr(row, "paging", None)
        return {"paged": paging.paged, "rule": paging.rule, "why": paging.why} if paging is not None else None


class LabelSetOutput(serializers.ModelSerializer[LabelSet]):
    class Meta:
        model = LabelSet
        fields = (
            "id",
            "deployment",
            "name",
            "blob",
            "period_start",
            "period_end",
            "received_at",
            "reported_by",
        )
        read_only_fields = fields


class MonitorOutput(serializers.ModelSerializer[Monitor]):
    plan = serializers.SerializerMethodField()
    baselines = serializers.SerializerMethodField()
    missed = serializers.SerializerMethodField()

    class Meta:
        model = Monitor
        fields = (
            "id",
            "deployment",
            "reference",
            "checks",
            "response",
            "state",
            "plan",
            "baselines",
            "missed",
        )
        read_only_fields = fields

    def get_plan(self, row: Monitor) -> dict[str, Any] | None:
        plan = plan_of(row)
        if plan is None:
            return None
        names = (
            "every_days",
            "silent_after_days",
            "labels_after_days",
            "quiet_days",
            "baseline_days",
            "starts_at",
        )
        return {name: getattr(plan, name) for name in names}

    def get_baselines(self, row: Monitor) -> list[dict[str, Any]]:
        names = (
            "number",
            "blob_id",
            "days",
            "first_day",
            "last_day",
            "asked_by",
            "asked_at",
            "learnt_at",
            "state",
        )
        return [{name: getattr(one, name) for name in names} for one in row.baselines.order_by("number")]

    def get_missed(self, row: Monitor) -> list[dict[str, Any]]:
        """The newest spans without data, at most 200."""
        return [
            {"starts_at": one.starts_at, "ends_at": one.ends_at}
            for one in row.missed.order_by("-starts_at")[:200]
        ]


class IncidentOutput(serializers.ModelSerializer[Incident]):
    class Meta:
        model = Incident
        fields = ("id", "system", "version", "cause", "title", "severity", "state", "opened_at", "closed_at")
        read_only_fields = fields
