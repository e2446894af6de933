"""Emergencies, the way back and retraining as the API takes and gives them."""

from __future__ import annotations

from rest_framework import serializers

from governance.models import Emergency, RetrainingCandidate, RetrainingPath, Rollback, RollbackDrill
from governance.selectors.emergencies import status_at
from governance.serializers.moments import OneMoment
from people.strict import Strict


class EmergencyOutput(OneMoment, serializers.ModelSerializer[Emergency]):
    status = serializers.SerializerMethodField()
    slot = serializers.CharField(source="deployment.slot.__str__", read_only=True)

    class Meta:
        model = Emergency
        fields = (
            "id", "version", "deployment", "slot", "state", "status", "reason", "hours", "requested_by", "requested_at",
            "agreed_by", "agreed_as", "agreed_at", "ends", "review_by", "warrant", "fallback", "closed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_status(self, row: Emergency) -> str:
        return status_at(row, self._now)


class RollBackInput(Strict):
    reason = serializers.CharField(max_length=10_000)


class RollbackOutput(serializers.ModelSerializer[Rollback]):
    class Meta:
        model = Rollback
        fields = (
            "id",
            "version",
            "left",
            "returned",
            "warrant",
            "window_ends",
            "requested_by",
            "requested_at",
            "reason",
        )
        read_only_fields = fields


class DrillInput(Strict):
    planned_for = serializers.DateTimeField()


class DrillOutcomeInput(Strict):
    outcome = serializers.ChoiceField(choices=RollbackDrill.Outcome.choices)
    seconds = serializers.IntegerField(min_value=0)
    note = serializers.CharField(max_length=10_000)


class DrillOutput(serializers.ModelSerializer[RollbackDrill]):
    class Meta:
        model = RollbackDrill
        fields = (
            "id", "version", "deployment", "state", "planned_by", "planned_at", "planned_for", "performed_by",
            "performed_at", "outcome", "seconds", "note",
        )  # fmt: skip
        read_only_fields = fields


class CandidateInput(Strict):
    request = serializers.UUIDField()


class CandidateOutput(serializers.ModelSerializer[RetrainingCandidate]):
    class Meta:
        model = RetrainingCandidate
        fields = ("id", "version", "request", "named_by", "named_at")
        read_only_fields = fields


class CriterionOutput(serializers.Serializer[dict[str, object]]):
    name = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.BooleanField(allow_null=True, help_text="null: it can't be told, which isn't a yes.")
    why = serializers.CharField()


class PathOutput(serializers.ModelSerializer[RetrainingPath]):
    criteria = CriterionOutput(many=True, read_only=True)

    class Meta:
        model = RetrainingPath
        fields = (
            "id", "version", "before", "proposal", "criteria", "state", "proposed_by", "proposed_at", "decided_by",
            "decided_at", "reason",
        )  # fmt: skip
        read_only_fields = fields
