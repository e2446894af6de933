"""A version on its way: submit, request checks, see what holds it back, ask for a deployment."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.serializers.decisions import (
    ChecksInput,
    GateAnswerOutput,
    PlannedBoundInput,
    PlannedBoundOutput,
    RequirementOutput,
    SlotInput,
    WarrantOutput,
)
from governance.services.checks import checks_request
from governance.services.deployments import deployment_request
from governance.services.monitors import bound_plan
from governance.services.versions import version_submit
from ledger import clock
from monitoring.serializers import RunOutput
from people.catalogue import P
from people.resources import IDEMPOTENCY, Resource
from people.services.reading import shown
from people.strict import Empty
from registry.machines import VERSION
from registry.selectors.versions import version_by_id
from registry.serializers.versions import VersionOutput


class Submit(Resource):
    @extend_schema(operation_id="version_submit", request=Empty, responses=VersionOutput)
    def post(self, request: Request, version_id: UUID) -> Response:
        """Submit a version for validation; the policy in force is pinned."""
        self.given(Empty)
        return Response(VersionOutput(version_submit(actor=self.actor(), version_id=version_id)).data)


class Checks(Resource):
    @extend_schema(
        operation_id="checks_request",
        request=ChecksInput,
        responses={201: RunOutput(many=True)},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Request the named checks, or all that the policy asks for."""
        checks = self.given(ChecksInput)["checks"]
        return self.make(
            lambda: checks_request(actor=self.actor(), version_id=version_id, checks=checks),
            RunOutput,
            many=True,
        )


class PlannedBounds(Resource):
    @extend_schema(operation_id="planned_bounds", responses=PlannedBoundOutput(many=True))
    def get(self, request: Request, version_id: UUID) -> Response:
        """The version's own bounds for production."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=version_by_id(version_id))
        return Response(PlannedBoundOutput(row.planned_bounds.order_by("requirement"), many=True).data)

    @extend_schema(
        operation_id="bound_plan",
        request=PlannedBoundInput,
        responses={201: PlannedBoundOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Set one bound of a draft's monitoring plan, as strict as the policy's or stricter."""
        given = self.given(PlannedBoundInput)
        return self.make(
            lambda: bound_plan(actor=self.actor(), version_id=version_id, **given), PlannedBoundOutput
        )


class Requirements(Resource):
    @extend_schema(operation_id="requirements", responses=RequirementOutput(many=True))
    def get(self, request: Request, version_id: UUID) -> Response:
        """Where each requirement of the policy stands."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=version_by_id(version_id))
        return Response(RequirementOutput(Context(row, clock.now()).requirements, many=True).data)


class Gates(Resource):
    @extend_schema(operation_id="gates", responses=GateAnswerOutput(many=True))
    def get(self, request: Request, version_id: UUID) -> Response:
        """Every gate of the approval with all its reasons, whatever state the version is in."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=version_by_id(version_id))
        answers = evaluate(VERSION.move("review", "approve").gates, Context(row, clock.now()))
        return Response([answer.as_dict() for answer in answers])


class Deployments(Resource):
    @extend_schema(
        operation_id="deployment_request",
        request=SlotInput,
        responses={201: WarrantOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Ask to run an approved version in a slot. The warrant is granted now and signed once it can be proved."""
        given = self.given(SlotInput)
        return self.make(
            lambda: deployment_request(actor=self.actor(), version_id=version_id, **given), WarrantOutput
        )
