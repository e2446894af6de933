"""Systems, models, slots and deployments as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from people.strict import Strict
from registry.machines import REPORTED
from registry.models import AIActClass, AIModel, Deployment, DeploymentReport, OnVoid, RiskTier, Slot, System


class SystemInput(Strict):
    slug = serializers.CharField(help_text="Stands in addresses; can't be changed.")
    name = serializers.CharField()
    purpose = serializers.CharField()
    affected_people = serializers.CharField()
    owner = serializers.CharField(help_text="Pseudonym of the person who answers for it.")
    legal_entity = serializers.CharField()
    risk_tier = serializers.ChoiceField(
        RiskTier.choices,
        help_text="A claim until a tiering of it is confirmed; from then on it changes by tierings.",
    )
    ai_act_class = serializers.ChoiceField(AIActClass.choices, default=AIActClass.UNCLASSIFIED)
    on_void = serializers.ChoiceField(OnVoid.choices, help_text="What it does when its warrant is void.")
    fallback = serializers.CharField(required=False, allow_blank=True, default="")


class SystemChanges(Strict):
    name = serializers.CharField(required=False)
    purpose = serializers.CharField(required=False)
    affected_people = serializers.CharField(required=False)
    owner = serializers.CharField(required=False)
    legal_entity = serializers.CharField(required=False)
    ai_act_class = serializers.ChoiceField(AIActClass.choices, required=False)
    on_void = serializers.ChoiceField(OnVoid.choices, required=False)
    fallback = serializers.CharField(required=False, allow_blank=True)


class SystemOutput(serializers.ModelSerializer[System]):
    class Meta:
        model = System
        fields = (
            "id",
            "slug",
            "name",
            "purpose",
            "affected_people",
            "owner",
            "legal_entity",
            "risk_tier",
            "ai_act_class",
            "on_void",
            "fallback",
            "state",
            "created_at",
        )
        read_only_fields = fields


class ModelInput(Strict):
    slug = serializers.CharField()
    name = serializers.CharField()
    task = serializers.CharField(help_text="What it does: classification, regression, generation.")
    kind = serializers.CharField(required=False, allow_blank=True, default="")


class ModelOutput(serializers.ModelSerializer[AIModel]):
    class Meta:
        model = AIModel
        fields = ("id", "system", "slug", "name", "task", "kind", "created_at")
        read_only_fields = fields


class PlaceInput(Strict):
    environment = serializers.CharField()
    region = serializers.CharField()
    arm = serializers.CharField(required=False, default="main")


class SlotOutput(serializers.ModelSerializer[Slot]):
    class Meta:
        model = Slot
        fields = ("id", "model", "environment", "region", "arm", "created_at")
        read_only_fields = fields


class DeploymentOutput(serializers.ModelSerializer[Deployment]):
    class Meta:
        model = Deployment
        fields = (
            "id",
            "version",
            "slot",
            "state",
            "requested_by",
            "requested_at",
            "reported_digest",
            "reported_at",
        )
        read_only_fields = fields


class ReportInput(Strict):
    digest = serializers.CharField(help_text="SHA-256 of the subject that runs, in hex.")
    state = serializers.ChoiceField([(name, name) for name in REPORTED])


class ReportOutput(serializers.ModelSerializer[DeploymentReport]):
    reasons = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = DeploymentReport
        fields = (
            "id",
            "slot",
            "digest",
            "reported_state",
            "version",
            "deployment",
            "unexpected",
            "reasons",
            "reported_by",
            "reported_at",
        )
        read_only_fields: Any = fields
