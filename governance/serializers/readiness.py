"""Documents and checklists as the API takes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.models import ChecklistAnswer, VersionDocument
from governance.services.readiness import ANSWERED_BY, ANSWERS
from people.strict import Strict


class DocumentInput(Strict):
    """What a document is, said in the query; its bytes are the body."""

    kind = serializers.CharField(max_length=60, help_text="A word of the policy, like `validation-report`.")
    title = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=255, help_text="What the file is called.")
    attached_as = serializers.ChoiceField(
        ["maker", "validator"],
        default="maker",
        help_text="A maker takes part in the version by it; a validator doesn't, and may only if they never did.",
    )


class DocumentOutput(serializers.ModelSerializer[VersionDocument]):
    class Meta:
        model = VersionDocument
        fields = (
            "id", "version", "kind", "title", "name", "blob_digest", "size", "attached_as", "attached_by",
            "attached_at", "present",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {
            "blob_digest": {"help_text": "SHA-256 of exactly these bytes."},
            "present": {"help_text": "False once it was taken off; its record and bytes stay."},
        }


class AnswerInput(Strict):
    """An answer to one question; the latest of a round counts."""

    move = serializers.ChoiceField(
        list(ANSWERED_BY),
        help_text="Makers answer before `submit`, reviewers who took no part before `start-review` and `approve`, the "
        "owner before `deploy`.",
    )
    question = serializers.CharField(max_length=120, help_text="Word for word as the policy asks it.")
    answer = serializers.ChoiceField(list(ANSWERS))
    note = serializers.CharField(
        max_length=10_000,
        required=False,
        default="",
        allow_blank=True,
        help_text="Why, in a sentence; needed for any answer but `yes`.",
    )


class AnswerOutput(serializers.ModelSerializer[ChecklistAnswer]):
    class Meta:
        model = ChecklistAnswer
        fields = ("id", "move", "question", "answer", "note", "person", "answered_at", "decision_round")
        read_only_fields = fields


class QuestionOutput(serializers.Serializer[Any]):
    question = serializers.CharField()
    answer = AnswerOutput(
        allow_null=True, help_text="The latest of the present round; null until it is answered."
    )


class ChecklistOutput(serializers.Serializer[Any]):
    """The questions of one move, with the answers that count."""

    move = serializers.CharField()
    open = serializers.BooleanField(help_text="Whether it can be answered in the version's present state.")
    questions = QuestionOutput(many=True)
