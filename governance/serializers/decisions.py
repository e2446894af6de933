"""Gates, requirements, warrants and reports as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.models import Condition, PlannedBound, Recertification, Warrant
from governance.selectors.requirements import RequirementState
from governance.selectors.standing import condition_state, standing_at
from governance.serializers.moments import OneMoment
from people.strict import Strict


class ChecksInput(Strict):
    checks = serializers.ListField(child=serializers.CharField(), required=False, default=list)


class SlotInput(Strict):
    environment = serializers.CharField(max_length=40)
    region = serializers.CharField(max_length=40)
    arm = serializers.CharField(max_length=40, default="main")


class GateInput(SlotInput):
    """Query of the gate: a version by id, or a subject by digest."""

    version = serializers.UUIDField(required=False)
    digest = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("version" in attrs) == ("digest" in attrs):
            raise serializers.ValidationError({"version": "Name either a version or a digest."})
        return attrs


class ReasonOutput(serializers.Serializer[Any]):
    gate = serializers.CharField()
    code = serializers.CharField()
    text = serializers.CharField()
    about = serializers.CharField(required=False, allow_blank=True)


class GateOutput(serializers.Serializer[Any]):
    answer = serializers.ChoiceField(["pass", "pending", "refused"])
    slot = serializers.CharField()
    version = serializers.UUIDField(allow_null=True)
    warrant = serializers.UUIDField(allow_null=True)
    warrant_status = serializers.CharField(allow_blank=True)
    ground = serializers.CharField(allow_blank=True, help_text="Why the warrant isn't plain active.")
    ground_title = serializers.CharField(allow_blank=True, help_text="The same in words.")
    on_void = serializers.CharField(allow_blank=True, help_text="What the system declared to do when void.")
    reasons = ReasonOutput(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class GateAnswerOutput(serializers.Serializer[Any]):
    gate = serializers.CharField()
    title = serializers.CharField()
    answer = serializers.ChoiceField(["ok", "pending", "refused"])
    reasons = ReasonOutput(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class RequirementOutput(serializers.Serializer[Any]):
    """Where one requirement of the policy stands."""

    name = serializers.CharField()
    title = serializers.CharField()
    check_name = serializers.CharField()
    standing = serializers.CharField()
    why = serializers.CharField()
    open = serializers.BooleanField()
    gating = serializers.BooleanField()
    attempts = serializers.IntegerField()
    run = serializers.UUIDField(allow_null=True)
    acceptance = serializers.UUIDField(allow_null=True)
    waiver = serializers.UUIDField(allow_null=True)

    def to_representation(self, instance: RequirementState) -> dict[str, Any]:
        return {
            "name": instance.requirement.name,
            "title": instance.title,
            "check_name": instance.requirement.check,
            "standing": str(instance.standing),
            "why": instance.why,
            "open": instance.open,
            "gating": instance.requirement.gating,
            "attempts": instance.attempts,
            "run": str(instance.run.pk) if instance.run else None,
            "acceptance": str(instance.acceptance.pk) if instance.acceptance else None,
            "waiver": str(instance.waiver.pk) if instance.waiver else None,
        }


class ConditionOutput(OneMoment, serializers.ModelSerializer[Condition]):
    """A condition of an approval; `status` is `open`, `overdue` or `met`, computed now."""

    status = serializers.SerializerMethodField()

    class Meta:
        model = Condition
        fields = (
            "id",
            "version",
            "decision",
            "kind",
            "seat",
            "text",
            "responsible",
            "status",
            "due_from",
            "not_after",
            "grace_ends",
            "set_by",
            "set_at",
            "met_by",
            "met_at",
        )
        read_only_fields = fields

    def get_status(self, row: Condition) -> str:
        return condition_state(row, self._now)


class StandingOutput(serializers.Serializer[Any]):
    """How the warrant of a digest in a slot stands, with the ground named."""

    id = serializers.UUIDField()
    version = serializers.UUIDField()
    subject_digest = serializers.CharField()
    slot = serializers.CharField()
    status = serializers.ChoiceField(["granted", "active", "due", "grace", "lapsed", "superseded", "void"])
    ground = serializers.CharField(allow_blank=True)
    ground_title = serializers.CharField(allow_blank=True)
    due_from = serializers.DateTimeField()
    not_after = serializers.DateTimeField()
    grace_ends = serializers.DateTimeField()
    on_void = serializers.CharField()
    conditions = ConditionOutput(many=True)
    document = serializers.CharField(
        allow_blank=True, help_text="Path of the signed warrant; empty until signed."
    )


class RecertificationOutput(serializers.ModelSerializer[Recertification]):
    class Meta:
        model = Recertification
        fields = (
            "id",
            "version",
            "warrant",
            "state",
            "policy_digest",
            "requested_by",
            "requested_at",
            "reviewed_from",
            "decided_by",
            "decided_at",
            "granted",
        )
        read_only_fields = fields


class RenewalInput(Strict):
    reason = serializers.CharField(max_length=10_000)


class WarrantOutput(OneMoment, serializers.ModelSerializer[Warrant]):
    status = serializers.SerializerMethodField()
    ground = serializers.SerializerMethodField()
    slot_name = serializers.CharField(source="slot.__str__", read_only=True)

    class Meta:
        model = Warrant
        fields = (
            "id",
            "deployment",
            "version",
            "slot",
            "slot_name",
            "subject_digest",
            "policy_digest",
            "conditions",
            "state",
            "status",
            "ground",
            "granted_at",
            "issued_at",
            "due_from",
            "not_after",
            "grace_ends",
            "keyid",
            "document_digest",
            "void_ground",
            "voided_at",
        )
        read_only_fields = fields

    def get_status(self, row: Warrant) -> str:
        return standing_at(row, self._now).status

    def get_ground(self, row: Warrant) -> str:
        return standing_at(row, self._now).ground


class PlannedBoundInput(Strict):
    requirement = serializers.CharField(max_length=120)
    bound = serializers.CharField(max_length=40)
    why = serializers.CharField(max_length=10_000)


class PlannedBoundOutput(serializers.ModelSerializer[PlannedBound]):
    class Meta:
        model = PlannedBound
        fields = ("id", "version", "requirement", "bound", "why", "proposed_by", "proposed_at")
        read_only_fields = fields
