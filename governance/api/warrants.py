"""The gate, and warrants with their documents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.selectors.visible import warrant_by_id, warrants_visible
from governance.serializers.decisions import GateInput, GateOutput, WarrantOutput
from governance.services import gate
from ledger.errors import Conflict, Invalid
from people.catalogue import P
from people.resources import Resource, tagged
from people.services.reading import shown


class Gate(Resource):
    @extend_schema(operation_id="gate", parameters=[GateInput], responses=GateOutput)
    def get(self, request: Request) -> Response:
        """May this version, or this digest, run in this slot? `pass`, `pending` or `refused`, with every reason."""
        asked = GateInput(data=request.query_params)
        if not asked.is_valid():
            field, errors = next(iter(asked.errors.items()))
            raise Invalid(str(errors[0]), field=str(field))
        given: dict[str, Any] = dict(asked.validated_data)
        slot = {name: given[name] for name in ("environment", "region", "arm")}
        if "version" in given:
            reply = gate.ask(actor=self.actor(), version_id=given["version"], **slot)
        else:
            reply = gate.ask_by_digest(actor=self.actor(), digest=given["digest"], **slot)
        return Response(
            {
                "answer": reply.answer,
                "slot": reply.slot,
                "version": str(reply.version.pk) if reply.version else None,
                "warrant": str(reply.warrant.pk) if reply.warrant else None,
                "warrant_status": reply.warrant_status,
                "reasons": reply.reasons,
                "notes": reply.notes,
            },
            headers={"Cache-Control": "no-store"},
        )


class Warrants(Resource):
    @extend_schema(operation_id="warrants_list", responses=WarrantOutput(many=True))
    def get(self, request: Request) -> Response:
        """Warrants you may see."""
        return self.page(warrants_visible(self.actor()), WarrantOutput, order="-granted_at")


class OneWarrant(Resource):
    @extend_schema(operation_id="warrant", responses=WarrantOutput)
    def get(self, request: Request, warrant_id: UUID) -> Response:
        """One warrant and how it stands now."""
        row = shown(actor=self.actor(), permission=P.WARRANT_VIEW, row=warrant_by_id(warrant_id))
        return tagged(request, WarrantOutput(row).data)


class Document(Resource):
    @extend_schema(
        operation_id="warrant_document", responses={(200, "application/json"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, warrant_id: UUID) -> HttpResponse:
        """The signed warrant, byte for byte, as `modelwarrant verify-warrant` takes it."""
        row = shown(actor=self.actor(), permission=P.WARRANT_VIEW, row=warrant_by_id(warrant_id))
        if not row.document:
            raise Conflict(
                "The warrant is granted and not signed yet: its proof is still to come.", code="not-issued"
            )
        answer = HttpResponse(row.document.encode("utf-8"), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="warrant-{row.pk}.json"'
        return answer
