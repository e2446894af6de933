"""Waivers beyond one version as the API takes and gives them."""

from __future__ import annotations

from rest_framework import serializers

from governance.models import WideWaiver
from people.strict import Strict


class WaiverTermsInput(Strict):
    """Why, what is done instead, and until when."""

    reason = serializers.CharField(max_length=10_000, help_text="Whoever decides and every report shows it.")
    compensating_control = serializers.CharField(
        max_length=10_000, help_text="What is done instead while the requirement is open."
    )
    ends = serializers.DateTimeField(help_text="Within the days that the policy's `waivers` allow.")


class WideWaiverInput(WaiverTermsInput):
    requirement = serializers.CharField(
        max_length=120, help_text="Its name in the policy, one of those that `waivers.checks` lists."
    )
    versions = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        default=list,
        max_length=50,
        help_text="Numbers of versions of the model; none: all of them, also later ones.",
    )
    slots = serializers.ListField(
        child=serializers.CharField(max_length=122),
        required=False,
        default=list,
        max_length=50,
        help_text="Places as environment/region/arm; none: every place.",
    )


class WideWaiverOutput(serializers.ModelSerializer[WideWaiver]):
    renews = serializers.UUIDField(
        source="renewal.wide_before_id",
        allow_null=True,
        read_only=True,
        help_text="The waiver that this one follows; null: the first of its kind.",
    )
    renewal_number = serializers.IntegerField(
        source="renewal.number",
        allow_null=True,
        read_only=True,
        help_text="The how manieth renewal; null: none.",
    )

    class Meta:
        model = WideWaiver
        fields = (
            "id", "model", "requirement", "versions", "slots", "reason", "compensating_control", "starts", "ends",
            "state", "requested_by", "requested_at", "decided_by", "decided_at", "renews", "renewal_number",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {
            "versions": {"help_text": "Ids of the versions it names; empty: every version of the model."},
            "state": {"help_text": "As decided. It covers nothing after `ends`, whatever its state says."},
        }
