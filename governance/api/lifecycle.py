"""Emergencies to read, and for pipelines: the way back, its drills, and the retraining that a version answers."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import RollbackDrill
from governance.selectors.emergencies import emergencies_visible
from governance.serializers.lifecycle import (
    CandidateInput,
    CandidateOutput,
    DrillInput,
    DrillOutcomeInput,
    DrillOutput,
    EmergencyOutput,
    PathOutput,
    RollBackInput,
    RollbackOutput,
)
from governance.services.candidates import candidate_name, path_propose
from governance.services.rollbacks import deployment_roll_back_to, drill_perform, drill_plan
from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, paged
from people.services.reading import shown
from people.strict import Empty
from registry.selectors.deployments import deployment_by_id


class Emergencies(Resource):
    @extend_schema(operation_id="emergencies_list", responses=paged(EmergencyOutput), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """Every emergency of what you may see, whatever became of it. People break glass in the portal; tokens don't."""
        return self.page(emergencies_visible(self.actor()), EmergencyOutput, order="-requested_at")


class RollBack(Resource):
    @extend_schema(
        operation_id="deployment_roll_back",
        request=RollBackInput,
        responses={201: RollbackOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, deployment_id: UUID) -> Response:
        """Give the slot of a live deployment back to the version that was live before, within the policy's window."""
        given = self.given(RollBackInput)
        return self.make(
            lambda: deployment_roll_back_to(actor=self.actor(), deployment_id=deployment_id, **given),
            RollbackOutput,
        )


class Drills(Resource):
    @extend_schema(operation_id="drills_list", responses=paged(DrillOutput), parameters=PAGE)
    def get(self, request: Request, deployment_id: UUID) -> Response:
        """Drills of the way back from a deployment."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=deployment_by_id(deployment_id))
        return self.page(RollbackDrill.objects.filter(deployment=row), DrillOutput, order="-planned_for")

    @extend_schema(
        operation_id="drill_plan", request=DrillInput, responses={201: DrillOutput}, parameters=[IDEMPOTENCY]
    )
    def post(self, request: Request, deployment_id: UUID) -> Response:
        """Plan a drill."""
        given = self.given(DrillInput)
        return self.make(
            lambda: drill_plan(actor=self.actor(), deployment_id=deployment_id, **given), DrillOutput
        )


class DrillOutcome(Resource):
    @extend_schema(
        operation_id="drill_perform",
        request=DrillOutcomeInput,
        responses={201: DrillOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, drill_id: UUID) -> Response:
        """Record how a planned drill went and how many seconds the way back took."""
        given = self.given(DrillOutcomeInput)
        return self.make(lambda: drill_perform(actor=self.actor(), drill_id=drill_id, **given), DrillOutput)


class Candidates(Resource):
    @extend_schema(
        operation_id="retraining_candidate",
        request=CandidateInput,
        responses={201: CandidateOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Say that a version answers an approved retraining request of its model."""
        asked = self.given(CandidateInput)["request"]
        return self.make(
            lambda: candidate_name(actor=self.actor(), version_id=version_id, request_id=asked),
            CandidateOutput,
        )


class Paths(Resource):
    @extend_schema(
        operation_id="retraining_path", request=Empty, responses={201: PathOutput}, parameters=[IDEMPOTENCY]
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Have the light or full path proposed from what is recorded; a person confirms it in the portal."""
        self.given(Empty)
        return self.make(lambda: path_propose(actor=self.actor(), version_id=version_id), PathOutput)
