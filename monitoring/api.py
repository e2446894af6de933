"""Results and production data, for CI and serving. Requesting checks is governance's: its policy sets the bounds."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring import selectors
from monitoring.models import Batch, LabelSet
from monitoring.serializers import (
    BatchInput,
    BatchOutput,
    BreachOutput,
    IncidentOutput,
    LabelRowsInput,
    LabelSetOutput,
    LabelsInput,
    MonitorOutput,
    RowsInput,
    RunDetailOutput,
    RunOutput,
)
from monitoring.services.arrivals import label_rows_report, rows_report
from monitoring.services.batches import batch_report
from monitoring.services.labels import labels_report
from monitoring.services.runs import run_cancel
from people.catalogue import P
from people.parsers import LINES, LinesParser
from people.resources import IDEMPOTENCY, Resource, tagged
from people.services.reading import shown
from people.strict import Empty
from registry.selectors.deployments import deployment_by_id
from registry.selectors.versions import version_by_id

PERIOD = ("period_start", "period_end")


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
        return self.page(
            Batch.objects.filter(deployment=row).prefetch_related("runs"), BatchOutput, order="-received_at"
        )

    @extend_schema(
        operation_id="batch_report",
        request=BatchInput,
        responses={201: BatchOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, deployment_id: UUID) -> Response:
        """Report production data of a running deployment; its monitor checks it. The same label again is the same batch."""
        given = self.given(BatchInput)
        upload_id = given.pop("upload")
        return self.make(
            lambda: batch_report(
                actor=self.actor(), deployment_id=deployment_id, upload_id=upload_id, **given
            ),
            BatchOutput,
        )


class Rows(Resource):
    parser_classes = (LinesParser,)

    @extend_schema(
        operation_id="rows_report",
        request={LINES: OpenApiTypes.STR},
        responses={201: BatchOutput},
        parameters=[
            *(OpenApiParameter(name, str, required=True) for name in ("label", *PERIOD)),
            IDEMPOTENCY,
        ],
    )
    def post(self, request: Request, deployment_id: UUID) -> Response:
        """Report production data as JSON Lines, one flat object a row; as `batch_report` otherwise."""
        given = self.sent(RowsInput)
        return self.make(
            lambda: rows_report(actor=self.actor(), deployment_id=deployment_id, **given), BatchOutput
        )


class LabelSets(Resource):
    @extend_schema(operation_id="labels_list", responses=LabelSetOutput(many=True))
    def get(self, request: Request, deployment_id: UUID) -> Response:
        """The labels that came for a deployment's data."""
        row = shown(actor=self.actor(), permission=P.RUN_VIEW, row=deployment_by_id(deployment_id))
        return self.page(LabelSet.objects.filter(deployment=row), LabelSetOutput, order="-received_at")

    @extend_schema(
        operation_id="labels_report",
        request=LabelsInput,
        responses={201: LabelSetOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, deployment_id: UUID) -> Response:
        """Report labels that came later, joined to a period's rows by their id. The same name again is the same set."""
        given = self.given(LabelsInput)
        upload_id = given.pop("upload")
        return self.make(
            lambda: labels_report(
                actor=self.actor(), deployment_id=deployment_id, upload_id=upload_id, **given
            ),
            LabelSetOutput,
        )


class LabelRows(Resource):
    parser_classes = (LinesParser,)

    @extend_schema(
        operation_id="label_rows_report",
        request={LINES: OpenApiTypes.STR},
        responses={201: LabelSetOutput},
        parameters=[*(OpenApiParameter(name, str, required=True) for name in ("name", *PERIOD)), IDEMPOTENCY],
    )
    def post(self, request: Request, deployment_id: UUID) -> Response:
        """Report labels as JSON Lines; as `labels_report` otherwise."""
        given = self.sent(LabelRowsInput)
        return self.make(
            lambda: label_rows_report(actor=self.actor(), deployment_id=deployment_id, **given),
            LabelSetOutput,
        )


class OneMonitor(Resource):
    @extend_schema(operation_id="monitor", responses=MonitorOutput)
    def get(self, request: Request, deployment_id: UUID) -> Response:
        """What watches a deployment: plan, baselines, spans for which no data came."""
        row = shown(actor=self.actor(), permission=P.RUN_VIEW, row=selectors.monitor_of(deployment_id))
        return tagged(request, MonitorOutput(row).data)


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
