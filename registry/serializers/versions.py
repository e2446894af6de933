"""Versions and their parts as the API takes and gives them."""

from __future__ import annotations

from rest_framework import serializers

from people.strict import Strict
from registry.models import (
    ArtifactFile,
    Binding,
    Component,
    ComponentKind,
    DataRole,
    Lineage,
    Signature,
    Version,
)


class VersionInput(Strict):
    label = serializers.CharField(required=False, allow_blank=True, default="")  # type: ignore[assignment]
    binding = serializers.ChoiceField(Binding.choices, default=Binding.BYTES)
    image_digest = serializers.CharField(required=False, allow_blank=True, default="")
    declared = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    code_ref = serializers.CharField(required=False, allow_blank=True, default="")
    environment = serializers.DictField(child=serializers.CharField(), required=False)
    card = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    in_use = serializers.BooleanField(required=False, default=False)


class VersionChanges(Strict):
    label = serializers.CharField(required=False, allow_blank=True)  # type: ignore[assignment]
    declared = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    code_ref = serializers.CharField(required=False, allow_blank=True)
    environment = serializers.DictField(child=serializers.CharField(), required=False)
    card = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)


class VersionOutput(serializers.ModelSerializer[Version]):
    class Meta:
        model = Version
        fields = (
            "id",
            "model",
            "number",
            "label",
            "binding",
            "subject_digest",
            "manifest_digest",
            "declared",
            "card",
            "code_ref",
            "environment",
            "state",
            "registered_by",
            "registered_at",
            "policy_digest",
            "decision_round",
        )
        read_only_fields = fields


class FilesInput(Strict):
    files = serializers.DictField(
        child=serializers.UUIDField(),
        allow_empty=False,
        help_text="Relative path -> id of a finished upload.",
    )


class UnpackInput(Strict):
    upload = serializers.UUIDField(help_text="Id of a finished upload with the purpose 'archive'.")


class FileOutput(serializers.ModelSerializer[ArtifactFile]):
    digest = serializers.CharField(source="blob_id", read_only=True)
    size = serializers.IntegerField(source="blob.size", read_only=True)
    format = serializers.CharField(source="blob.format", read_only=True)
    executable = serializers.CharField(
        source="blob.executable", read_only=True, help_text="Whether loading it runs code: yes, no, unknown."
    )
    note = serializers.CharField(source="blob.format_note", read_only=True)

    class Meta:
        model = ArtifactFile
        fields = (
            "id",
            "path",
            "digest",
            "size",
            "format",
            "executable",
            "note",
            "attached_by",
            "attached_at",
        )
        read_only_fields = fields


class ComponentInput(Strict):
    kind = serializers.ChoiceField(ComponentKind.choices)
    name = serializers.CharField()
    digest = serializers.CharField(required=False, allow_blank=True, default="")
    size = serializers.IntegerField(required=False, allow_null=True, default=None)
    licence = serializers.CharField(required=False, allow_blank=True, default="")
    origin = serializers.CharField(required=False, allow_blank=True, default="")


class ComponentOutput(serializers.ModelSerializer[Component]):
    class Meta:
        model = Component
        fields = ("id", "kind", "name", "digest", "size", "licence", "origin")
        read_only_fields = fields


class LineageInput(Strict):
    dataset_version = serializers.UUIDField()
    role = serializers.ChoiceField(DataRole.choices)


class LineageOutput(serializers.ModelSerializer[Lineage]):
    digest = serializers.CharField(source="dataset_version.digest", read_only=True)

    class Meta:
        model = Lineage
        fields = ("id", "dataset_version", "role", "digest")
        read_only_fields = fields


class SignatureOutput(serializers.ModelSerializer[Signature]):
    class Meta:
        model = Signature
        fields = (
            "id",
            "keyid",
            "status",
            "detail",
            "manifest_digest",
            "subject_digest",
            "added_by",
            "checked_at",
        )
        read_only_fields = fields
