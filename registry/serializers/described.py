"""Tierings, dependencies, fields of the organisation and imports as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from people.strict import Strict
from registry.models import (
    CustomField,
    Dependency,
    DependencyKind,
    FieldKind,
    FieldOf,
    InventoryImport,
    RiskTier,
    SeenBy,
    Tiering,
)


class TieringInput(Strict):
    is_model = serializers.BooleanField()
    why = serializers.CharField()
    answers = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="Question of the questionnaire -> answer."
    )
    tier = serializers.ChoiceField(
        RiskTier.choices,
        required=False,
        help_text="As the answers give, if not said. Another needs `tier_reason`.",
    )
    tier_reason = serializers.CharField(required=False, allow_blank=True, default="")


class TieringOutput(serializers.ModelSerializer[Tiering]):
    class Meta:
        model = Tiering
        fields = (
            "id",
            "system",
            "is_model",
            "why",
            "questionnaire",
            "answers",
            "computed",
            "tier",
            "tier_reason",
            "before",
            "state",
            "proposed_by",
            "proposed_at",
            "decided_by",
            "decided_at",
            "note",
            "review_by",
        )
        read_only_fields = fields


class DependencyInput(Strict):
    upstream = serializers.UUIDField(help_text="The model that this one rests on. Both ends must be seen.")
    kind = serializers.ChoiceField(DependencyKind.choices)


class DependencyOutput(serializers.ModelSerializer[Dependency]):
    class Meta:
        model = Dependency
        fields = ("id", "upstream", "downstream", "kind", "declared_by", "declared_at")
        read_only_fields = fields


class FieldInput(Strict):
    about = serializers.ChoiceField(FieldOf.choices)
    name = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(FieldKind.choices)
    required = serializers.BooleanField(required=False, default=False)  # type: ignore[assignment]
    seen_by = serializers.ChoiceField(SeenBy.choices, default=SeenBy.READERS)
    choices = serializers.ListField(child=serializers.CharField(), required=False)


class FieldOutput(serializers.ModelSerializer[CustomField]):
    class Meta:
        model = CustomField
        fields = (
            "id",
            "about",
            "name",
            "title",
            "kind",
            "choices",
            "required",
            "seen_by",
            "state",
            "defined_by",
            "defined_at",
        )
        read_only_fields: Any = fields


class ValuesInput(Strict):
    values = serializers.DictField(
        child=serializers.CharField(allow_blank=True), help_text="Name of a field -> text; empty empties it."
    )


class ValuesOutput(serializers.Serializer[Any]):
    values = serializers.DictField(child=serializers.CharField(), read_only=True)


class ImportOutput(serializers.ModelSerializer[InventoryImport]):
    class Meta:
        model = InventoryImport
        fields = (
            "id",
            "name",
            "digest",
            "media_type",
            "rows",
            "sheet",
            "header",
            "mapping",
            "state",
            "read_by",
            "read_at",
            "attestor",
            "confirmed_at",
            "finished_at",
        )
        read_only_fields = fields


class ImportMapping(Strict):
    mapping = serializers.DictField(
        child=serializers.CharField(allow_blank=True), help_text="Column of the file -> what it means."
    )


class FaultOutput(serializers.Serializer[Any]):
    column = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)


class ImportRowOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField(read_only=True)
    outcome = serializers.CharField(
        read_only=True,
        help_text="Before it is confirmed new, known or error; then waiting, written, known or failed.",
    )
    faults = FaultOutput(many=True, read_only=True)
    model = serializers.UUIDField(read_only=True, allow_null=True)


class OverdueOutput(serializers.Serializer[Any]):
    version = serializers.UUIDField(source="version.pk", read_only=True)
    model = serializers.UUIDField(source="version.model_id", read_only=True)
    system = serializers.UUIDField(source="version.system_id", read_only=True)
    name = serializers.CharField(source="version", read_only=True)
    state = serializers.CharField(source="version.state", read_only=True)
    due = serializers.DateTimeField(read_only=True)
    attestor = serializers.CharField(read_only=True)
