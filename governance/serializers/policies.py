"""Policies as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.models import Policy
from governance.policies.reading import MAX_BYTES
from governance.policies.sentences import sentences
from governance.selectors.policies import document_of
from people.strict import Strict


class PolicyTextInput(Strict):
    text = serializers.CharField(max_length=MAX_BYTES, trim_whitespace=False, allow_blank=True)


class PolicyProblemOutput(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    column = serializers.IntegerField()
    path = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class PolicyLintOutput(serializers.Serializer[Any]):
    digest = serializers.CharField(help_text="What would be approved: sha256 of exactly these bytes.")
    problems = PolicyProblemOutput(many=True)


class PolicyOutput(serializers.ModelSerializer[Policy]):
    class Meta:
        model = Policy
        fields = ("id", "tier", "number", "title", "digest", "state", "drafted_by", "effective_from")
        read_only_fields = fields


class WholePolicyOutput(serializers.ModelSerializer[Policy]):
    """A policy with its text and what it says."""

    sections = serializers.SerializerMethodField()

    class Meta:
        model = Policy
        fields = (*PolicyOutput.Meta.fields, "text", "sections")
        read_only_fields = fields

    def get_sections(self, row: Policy) -> list[dict[str, Any]]:
        said = sentences(document_of(row))
        return [{"title": part.title, "sentences": list(part.sentences)} for part in said]
