"""Systems, models, slots and what runs in them."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, paged, tagged
from people.services.reading import shown
from registry.selectors import deployments as deployed
from registry.selectors import systems as standing
from registry.serializers.inventory import (
    DeploymentOutput,
    ModelInput,
    ModelOutput,
    PlaceInput,
    ReportInput,
    ReportOutput,
    SlotOutput,
    SystemChanges,
    SystemInput,
    SystemOutput,
)
from registry.services import deployments, models, systems


class Systems(Resource):
    @extend_schema(operation_id="systems_list", responses=paged(SystemOutput), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """The systems you may see."""
        return self.page(standing.systems_visible(self.actor()), SystemOutput, order="-created_at")

    @extend_schema(
        operation_id="system_register",
        request=SystemInput,
        responses={201: SystemOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        """Register a system."""
        given = self.given(SystemInput)
        return self.make(lambda: systems.system_register(actor=self.actor(), **given), SystemOutput)


class OneSystem(Resource):
    @extend_schema(operation_id="system", responses=SystemOutput)
    def get(self, request: Request, system_id: UUID) -> Response:
        """One system."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=standing.system_by_id(system_id))
        return tagged(request, SystemOutput(row).data)

    @extend_schema(operation_id="system_edit", request=SystemChanges, responses=SystemOutput)
    def patch(self, request: Request, system_id: UUID) -> Response:
        """Change its description or owner. Needs a person in a session with a second factor."""
        given = self.given(SystemChanges)
        row = systems.system_edit(actor=self.actor(), system_id=system_id, changes=given)
        return Response(SystemOutput(row).data)


class Models(Resource):
    @extend_schema(operation_id="models_list", responses=paged(ModelOutput), parameters=PAGE)
    def get(self, request: Request, system_id: UUID) -> Response:
        """The models of a system."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=standing.system_by_id(system_id))
        rows = standing.models_visible(self.actor()).filter(system=row)
        return self.page(rows, ModelOutput, order="-created_at")

    @extend_schema(
        operation_id="model_register",
        request=ModelInput,
        responses={201: ModelOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, system_id: UUID) -> Response:
        """Register a model of a system."""
        given = self.given(ModelInput)
        return self.make(
            lambda: models.model_register(actor=self.actor(), system_id=system_id, **given), ModelOutput
        )


class AllModels(Resource):
    @extend_schema(operation_id="models_visible", responses=paged(ModelOutput), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """All models you may see."""
        return self.page(standing.models_visible(self.actor()), ModelOutput, order="-created_at")


class OneModel(Resource):
    @extend_schema(operation_id="model", responses=ModelOutput)
    def get(self, request: Request, model_id: UUID) -> Response:
        """One model."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=standing.model_by_id(model_id))
        return tagged(request, ModelOutput(row).data)


class Slots(Resource):
    @extend_schema(operation_id="slots_list", responses=paged(SlotOutput), parameters=PAGE)
    def get(self, request: Request, model_id: UUID) -> Response:
        """The slots of a model."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=standing.model_by_id(model_id))
        return self.page(
            standing.slots_visible(self.actor()).filter(model=row), SlotOutput, order="-created_at"
        )

    @extend_schema(
        operation_id="slot_register",
        request=PlaceInput,
        responses={201: SlotOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, model_id: UUID) -> Response:
        """Name a place where versions of a model run."""
        given = self.given(PlaceInput)
        return self.make(
            lambda: models.slot_register(actor=self.actor(), model_id=model_id, **given), SlotOutput
        )


class Reports(Resource):
    @extend_schema(operation_id="deployment_reports_list", responses=paged(ReportOutput), parameters=PAGE)
    def get(self, request: Request, slot_id: UUID) -> Response:
        """What serving reported for a slot."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=standing.slot_by_id(slot_id))
        rows = deployed.reports_visible(self.actor()).filter(slot=row)
        return self.page(rows, ReportOutput, order="-reported_at")

    @extend_schema(
        operation_id="deployment_report",
        request=ReportInput,
        responses={201: ReportOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, slot_id: UUID) -> Response:
        """Report which digest runs in a slot. Recorded whatever it says; `unexpected` if nothing allows
        it."""
        given = self.given(ReportInput)
        return self.make(
            lambda: deployments.deployment_report(actor=self.actor(), slot_id=slot_id, **given), ReportOutput
        )


class Deployments(Resource):
    @extend_schema(operation_id="deployments_list", responses=paged(DeploymentOutput), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """The deployments you may see."""
        return self.page(deployed.deployments_visible(self.actor()), DeploymentOutput, order="-requested_at")


class OneDeployment(Resource):
    @extend_schema(operation_id="deployment", responses=DeploymentOutput)
    def get(self, request: Request, deployment_id: UUID) -> Response:
        """One deployment."""
        row = deployed.deployment_by_id(deployment_id)
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=row)
        return tagged(request, DeploymentOutput(row).data)
