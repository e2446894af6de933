"""Who the API takes the caller for."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from people import access, actors, selectors


class GrantSummary(serializers.Serializer):  # type: ignore[type-arg]
    role = serializers.CharField()
    scope_type = serializers.CharField()
    scope_id = serializers.UUIDField(allow_null=True)
    starts = serializers.DateTimeField()
    ends = serializers.DateTimeField(allow_null=True)


class MeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    kind = serializers.ChoiceField(choices=("user", "service"))
    id = serializers.CharField(help_text="Pseudonym, as in the log.")
    name = serializers.CharField()
    controller = serializers.CharField(allow_null=True, help_text="Who answers for a service identity.")
    second_factor = serializers.BooleanField()
    grants = GrantSummary(many=True, help_text="In force now.")
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="What this session or token may use, on some scope."
    )


class Me(APIView):
    """The caller: who, in which roles, with which rights."""

    @extend_schema(operation_id="me", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        actor = actors.of(request)
        grants = access.in_force(actor).order_by("role", "starts", "pk")
        return Response(
            MeSerializer(
                {
                    "kind": actor.kind,
                    "id": actor.id,
                    "name": selectors.name_of(actor.id),
                    "controller": actor.controller,
                    "second_factor": actor.interactive,
                    "grants": grants,
                    "permissions": sorted(access.reach(actor).all),
                }
            ).data
        )
