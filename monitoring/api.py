"""Results and production data, for CI and serving. Requesting checks is governance's: its policy sets the bounds."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring import selectors
from monitoring.models import Batch
from monitoring.serializers import (
    BatchInput,
    BatchOutput,
    BreachOutput,
    IncidentOutput,
    RunDetailOutput,
    RunOutput,
)
from monitoring.services.batches import batch_report
from monitoring.services.runs import run_cancel
from people.catalogue import P
from people.resources import IDEMPOTENCY, Resource, tagged
from people.services.reading import shown
from people.strict import Empty
from registry.selectors.deployments import deployment_by_id
from registry.selectors.versions import version_by_id


class Runs(Resource):
    @extend_schema(operation_id="runs_list", responses=RunOutput(many=True))
    def get(self, request: Request, version_id: UUID) -> Response:
        """Every run on a version, the failed and repeated ones too."""
        version = shown(actor=self.actor(), permission=P.RUN_VIEW, row=version_by_id(version_id))
        return self.page(selectors.runs_of(version.pk), RunOutput, order="-requested_at")


class OneRun(Resource):
    @extend_schema(operation_id="run", responses=RunDetailOutput)
    def get(self, request: Request, run_id: UUID) -> Response:
        """One run with its outcome."""
        row = shown(actor=self.actor(), permission=P.RUN_VIEW, row=selectors.run_by_id(run_id))
        return tagged(request, RunDetailOutput(row).data)


class CancelRun(Resource):
    @extend_schema(operation_id="run_cancel", request=Empty, responses=RunOutput)
    def post(self, request: Request, run_id: UUID) -> Response:
        """End a run that waits or runs, by whoever requested it; the attempt stays listed as an error."""
        self.given(Empty)
        run_cancel(actor=self.actor(), run_id=run_id)
        return Response(RunOutput(selectors.run_by_id(run_id)).data)


class Batches(Resource):
    @extend_schema(operation_id="batches_list", responses=BatchOutput(many=True))
    def get(self, request: Request, deployment_id: UUID) -> Response:
        """The batches of a deployment."""
        row = shown(actor=self.actor(), permission=P.RUN_VIEW, row=deployment_by_id(deployment_id))
        return self.page(Batch.objects.filter(deployment=row), BatchOutput, order="-received_at")

    @extend_schema(
        operation_id="batch_report",
        request=BatchInput,
        responses={201: BatchOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, deployment_id: UUID) -> Response:
        """Report production data of a running deployment; its monitor checks it."""
        given = self.given(BatchInput)
        upload_id = given.pop("upload")
        return self.make(
            lambda: batch_report(
                actor=self.actor(), deployment_id=deployment_id, upload_id=upload_id, **given
            ),
            BatchOutput,
        )


class OneBatch(Resource):
    @extend_schema(operation_id="batch", responses=BatchOutput)
    def get(self, request: Request, batch_id: UUID) -> Response:
        """One batch and where its checks stand."""
        row = shown(actor=self.actor(), permission=P.RUN_VIEW, row=selectors.batch_by_id(batch_id))
        return tagged(request, BatchOutput(row).data)


class Breaches(Resource):
    @extend_schema(operation_id="breaches_list", responses=BreachOutput(many=True))
    def get(self, request: Request) -> Response:
        """Breaches you may see."""
        return self.page(selectors.breaches_visible(self.actor()), BreachOutput, order="-opened_at")


class Incidents(Resource):
    @extend_schema(operation_id="incidents_list", responses=IncidentOutput(many=True))
    def get(self, request: Request) -> Response:
        """Incidents you may see."""
        return self.page(selectors.incidents_visible(self.actor()), IncidentOutput, order="-opened_at")
