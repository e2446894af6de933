"""Datasets and uploads as the API takes and gives them."""

from __future__ import annotations

from rest_framework import serializers

from people.strict import Strict
from registry.models import Dataset, DatasetVersion, Purpose, Upload
from registry.services.datasets import MEDIA_TYPES


class DatasetInput(Strict):
    slug = serializers.CharField()
    name = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="Where the data comes from, in words; never fetched."
    )
    description = serializers.CharField(required=False, allow_blank=True, default="")


class DatasetOutput(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = ("id", "system", "slug", "name", "source", "description", "created_at")
        read_only_fields = fields


class DatasetVersionInput(Strict):
    upload = serializers.UUIDField(help_text="Id of a finished upload with the purpose 'dataset'.")
    media_type = serializers.ChoiceField([(name, name) for name in MEDIA_TYPES])
    rows = serializers.IntegerField(min_value=0)
    schema = serializers.DictField(help_text="`{columns: [{name, dtype, role, ...}]}`, see docs/registry.md.")
    sensitive = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    label_column = serializers.CharField(required=False, allow_blank=True, default="")
    prediction_column = serializers.CharField(required=False, allow_blank=True, default="")
    score_column = serializers.CharField(required=False, allow_blank=True, default="")


class DatasetVersionOutput(serializers.ModelSerializer[DatasetVersion]):
    digest = serializers.CharField(read_only=True)
    schema = serializers.DictField(read_only=True)
    size = serializers.IntegerField(source="blob.size", read_only=True)

    class Meta:
        model = DatasetVersion
        fields = (
            "id",
            "dataset",
            "number",
            "digest",
            "size",
            "media_type",
            "rows",
            "schema",
            "sensitive",
            "label_column",
            "prediction_column",
            "score_column",
            "state",
            "faults",
            "registered_by",
            "registered_at",
        )
        read_only_fields = fields


class UploadInput(Strict):
    purpose = serializers.ChoiceField(Purpose.choices)
    size = serializers.IntegerField(help_text="Bytes.")
    digest = serializers.CharField(help_text="SHA-256 in hex.")
    name = serializers.CharField(help_text="What people call the file; never used as a place.")
    model = serializers.UUIDField(required=False, allow_null=True, default=None)
    system = serializers.UUIDField(required=False, allow_null=True, default=None)


class UploadOutput(serializers.ModelSerializer[Upload]):
    digest = serializers.CharField(source="blob_id", read_only=True, allow_null=True)

    class Meta:
        model = Upload
        fields = (
            "id",
            "system",
            "model",
            "purpose",
            "name",
            "declared_size",
            "declared_digest",
            "offset",
            "state",
            "digest",
            "created_at",
            "expires_at",
        )
        read_only_fields = fields
