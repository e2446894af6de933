"""Findings, validations and comments as the API takes and gives them. What a caller may not see isn't in a row."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.challenge import FINDING
from governance.models import Comment, Finding, FindingExtension, FindingLink, FindingStatement, Validation
from governance.models.findings import Severity
from governance.selectors.findings import links_visible, standing
from governance.selectors.validations import overdue, report_readable
from governance.serializers.moments import OneMoment
from people.strict import Strict


class FindingInput(Strict):
    versions = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=200
    )
    models = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=200
    )
    systems = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=200
    )
    title = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=10_000)
    severity = serializers.ChoiceField(Severity.choices)
    owner = serializers.CharField(max_length=254, required=False, default="")


class FindingAnswerInput(Strict):
    reason = serializers.CharField(max_length=10_000)


class FindingMoveInput(Strict):
    move = serializers.ChoiceField(
        [move.name for move in FINDING.transitions if move.name != "lapse"],
        help_text="A move of the machine `finding`.",
    )
    reason = serializers.CharField(
        max_length=10_000, help_text="The response, the rebuttal, the ground: it stays beside the move."
    )
    until = serializers.DateTimeField(
        required=False,
        help_text="The end of an accepted risk, at most twelve months on; for `accept-risk`, and only for it.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("until" in attrs) != (attrs["move"] == "accept-risk"):
            raise serializers.ValidationError(
                {"until": "A date goes with accepting a risk, and with nothing else."}
            )
        return attrs


class SeverityInput(Strict):
    severity = serializers.ChoiceField(Severity.choices)
    reason = serializers.CharField(max_length=10_000)


class SuccessorInput(Strict):
    successor = serializers.CharField(
        max_length=254,
        help_text="Pseudonym or e-mail address of somebody who judges findings on all its subjects.",
    )
    reason = serializers.CharField(max_length=10_000)


class ExtensionInput(Strict):
    until = serializers.DateTimeField(help_text="After the due date, in the future, within twelve months.")
    reason = serializers.CharField(max_length=10_000, help_text="Whoever decides reads it.")


class ExtensionDecisionInput(Strict):
    grant = serializers.BooleanField(help_text="False refuses it; the due date stays.")
    note = serializers.CharField(max_length=10_000, help_text="The reason of the decision, kept with it.")


class FindingLinkOutput(serializers.ModelSerializer[FindingLink]):
    class Meta:
        model = FindingLink
        fields = ("system", "model", "version")
        read_only_fields = fields


class FindingStatementOutput(serializers.ModelSerializer[FindingStatement]):
    class Meta:
        model = FindingStatement
        fields = ("kind", "person", "said_at", "before", "after", "text")
        read_only_fields = fields


class FindingExtensionOutput(serializers.ModelSerializer[FindingExtension]):
    class Meta:
        model = FindingExtension
        fields = (
            "id", "was_due", "until", "state", "reason", "requested_by", "requested_at", "decided_by", "decided_at",
            "decision_note",
        )  # fmt: skip
        read_only_fields = fields


class DissentOutput(serializers.Serializer[Any]):
    person = serializers.CharField()
    against = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    reason = serializers.CharField()


class FindingOutput(OneMoment, serializers.ModelSerializer[Finding]):
    """`state` and `overdue` are as of now; `subjects` are those the caller may see."""

    state = serializers.SerializerMethodField()
    overdue = serializers.SerializerMethodField()
    subjects = serializers.SerializerMethodField()

    class Meta:
        model = Finding
        fields: tuple[str, ...] = (
            "id", "about", "subjects", "validation", "title", "description", "severity", "state", "overdue", "owner",
            "found_by", "found_at", "due_at", "closer", "accepted_until", "closed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_state(self, row: Finding) -> str:
        return standing(row, self._now).state

    def get_overdue(self, row: Finding) -> bool:
        return standing(row, self._now).overdue

    @extend_schema_field(FindingLinkOutput(many=True))
    def get_subjects(self, row: Finding) -> Any:
        return FindingLinkOutput(links_visible(self.context["reach"], row), many=True).data


class FindingDetailOutput(FindingOutput):
    """With everything that was said."""

    statements = serializers.SerializerMethodField()
    extensions = serializers.SerializerMethodField()
    dissents = serializers.SerializerMethodField()

    class Meta(FindingOutput.Meta):
        fields: tuple[str, ...] = (*FindingOutput.Meta.fields, "statements", "extensions", "dissents")
        read_only_fields = fields

    @extend_schema_field(FindingStatementOutput(many=True))
    def get_statements(self, row: Finding) -> Any:
        return FindingStatementOutput(row.statements.order_by("said_at", "id"), many=True).data

    @extend_schema_field(FindingExtensionOutput(many=True))
    def get_extensions(self, row: Finding) -> Any:
        return FindingExtensionOutput(row.extensions.order_by("requested_at", "id"), many=True).data

    @extend_schema_field(DissentOutput(many=True))
    def get_dissents(self, row: Finding) -> Any:
        return DissentOutput(row.dissents.order_by("recorded_at", "id"), many=True).data


class ValidationOutput(OneMoment, serializers.ModelSerializer[Validation]):
    """Rating, conclusion and report are empty where the draft isn't the caller's to read yet."""

    overdue = serializers.SerializerMethodField()

    class Meta:
        model = Validation
        fields = (
            "id", "version", "state", "overdue", "scope", "planned_by", "planned_at", "due_at", "validator", "rating",
            "summary", "limitations", "report_digest", "report_name", "response_due", "issued_at", "next_due",
        )  # fmt: skip
        read_only_fields = fields

    def get_overdue(self, row: Validation) -> bool:
        return overdue(row, self._now)

    def to_representation(self, instance: Validation) -> dict[str, Any]:
        said: dict[str, Any] = super().to_representation(instance)
        if not report_readable(instance, self.context["reach"]):
            said |= dict.fromkeys(("rating", "summary", "limitations", "report_digest", "report_name"), "")
        return said


class CommentAnswerOutput(serializers.ModelSerializer[Comment]):
    class Meta:
        model = Comment
        fields = ("id", "author", "written_at", "text")
        read_only_fields = fields


class CommentOutput(serializers.ModelSerializer[Comment]):
    """One thread."""

    answers = CommentAnswerOutput(many=True, read_only=True)

    class Meta:
        model = Comment
        fields = ("id", "author", "written_at", "text", "state", "resolved_at", "answers")
        read_only_fields = fields


class FindingFilter(Strict):
    """Query of the list: `state`, `severity`, `overdue`, and the paging."""

    state = serializers.ChoiceField(["open", "risk-accepted", "closed", "withdrawn"], required=False)
    severity = serializers.ChoiceField(Severity.choices, required=False)
    overdue = serializers.BooleanField(required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False)
