"""The gate, warrants with their documents, the status list, renewals and conditions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.selectors.standing import conditions_of, standing_at
from governance.selectors.visible import (
    recertification_by_id,
    recertifications_visible,
    warrant_by_id,
    warrant_in_slot,
    warrants_visible,
)
from governance.selectors.warrants import ON_VOID
from governance.serializers.decisions import (
    ConditionOutput,
    GateInput,
    GateOutput,
    RecertificationOutput,
    RenewalInput,
    StandingOutput,
    WarrantOutput,
)
from governance.services import gate
from governance.services.recertifications import recertification_request
from governance.services.status_lists import status_newest
from ledger import clock
from ledger.errors import Conflict, Invalid
from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, paged, tagged
from people.services.reading import shown
from registry.selectors.versions import version_by_id


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
                "ground": reply.standing.ground if reply.standing else "",
                "ground_title": reply.standing.ground_title if reply.standing else "",
                "on_void": reply.on_void,
                "reasons": reply.reasons,
                "notes": reply.notes,
            },
            headers={"Cache-Control": "no-store"},
        )


class Warrants(Resource):
    @extend_schema(operation_id="warrants_list", parameters=PAGE, responses=paged(WarrantOutput))
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


class InSlot(Resource):
    @extend_schema(operation_id="warrant_in_slot", responses=StandingOutput)
    def get(self, request: Request, digest: str, environment: str, region: str, arm: str) -> Response:
        """How the warrant of a subject digest (64 hexadecimal digits) in one slot stands now, with the ground named.

        404 says the same for a digest nobody knows, a slot without a warrant, and one that you may not see.
        """
        place = {"digest": digest, "environment": environment, "region": region, "arm": arm}
        row = warrant_in_slot(self.actor(), **place)
        at = clock.now()
        standing = standing_at(row, at)
        system = row.version.model.system
        fallback = system.fallback if system.on_void == "fallback" else ""
        said = {
            "id": row.pk,
            "version": row.version_id,
            "subject_digest": row.subject_digest,
            "slot": f"{environment}/{region}/{arm}",
            "status": standing.status,
            "ground": standing.ground,
            "ground_title": standing.ground_title,
            "due_from": standing.due_from,
            "not_after": standing.not_after,
            "grace_ends": standing.grace_ends,
            "on_void": f"{ON_VOID[system.on_void]} {fallback}".strip(),
            "conditions": conditions_of(row),
            "document": f"/api/v1/warrants/{row.pk}/document" if row.document else "",
        }
        return Response(StandingOutput(said).data, headers={"Cache-Control": "no-store"})


class Status(Resource):
    @extend_schema(
        operation_id="warrant_status_list", responses={(200, "application/json"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request) -> HttpResponse:
        """The newest signed status list, byte for byte, as `modelwarrant verify-warrant --status` takes it.

        For whoever may ask the gate anywhere: it names ids of warrants and grounds, nothing else.
        """
        row = status_newest(actor=self.actor())
        answer = HttpResponse(row.document.encode("utf-8"), content_type="application/json")
        answer["Content-Disposition"] = 'attachment; filename="warrant-status.json"'
        answer["Cache-Control"] = "no-store"
        return answer


class Renewals(Resource):
    @extend_schema(
        operation_id="recertifications_list", parameters=PAGE, responses=paged(RecertificationOutput)
    )
    def get(self, request: Request) -> Response:
        """Recertifications you may see."""
        return self.page(recertifications_visible(self.actor()), RecertificationOutput, order="-requested_at")


class OneRenewal(Resource):
    @extend_schema(operation_id="recertification", responses=RecertificationOutput)
    def get(self, request: Request, recertification_id: UUID) -> Response:
        """One recertification: which policy judges it, who decided, and the warrant it granted."""
        found = recertification_by_id(recertification_id)
        row = shown(actor=self.actor(), permission=P.WARRANT_VIEW, row=found)
        return tagged(request, RecertificationOutput(row).data)


class Renewal(Resource):
    @extend_schema(
        operation_id="recertification_request",
        parameters=[IDEMPOTENCY],
        request=RenewalInput,
        responses={201: RecertificationOutput},
    )
    def post(self, request: Request, warrant_id: UUID) -> Response:
        """Ask that a warrant in force is renewed; a person decides. An open request is given back."""
        said = self.given(RenewalInput)
        return self.make(
            lambda: recertification_request(actor=self.actor(), warrant_id=warrant_id, reason=said["reason"]),
            RecertificationOutput,
        )


class Conditions(Resource):
    @extend_schema(operation_id="version_conditions", parameters=PAGE, responses=paged(ConditionOutput))
    def get(self, request: Request, version_id: UUID) -> Response:
        """The conditions that approvals of a version were given under, of all rounds."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=version_by_id(version_id))
        return self.page(row.conditions.all(), ConditionOutput, order="due_from")
