"""Datasets and uploads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.errors import Invalid
from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, paged, tagged
from people.services.reading import shown
from registry.api.bodies import OffsetStreamParser, StreamParser
from registry.selectors import datasets as standing
from registry.selectors import systems as inventory
from registry.serializers.data import (
    DatasetInput,
    DatasetOutput,
    DatasetVersionInput,
    DatasetVersionOutput,
    UploadInput,
    UploadOutput,
)
from registry.services import datasets, uploads

OFFSET = OpenApiParameter(
    "Upload-Offset",
    OpenApiTypes.INT,
    OpenApiParameter.HEADER,
    required=True,
    description="Where these bytes begin. Bytes sent again are compared and passed over.",
)


class Datasets(Resource):
    @extend_schema(operation_id="datasets_list", responses=paged(DatasetOutput), parameters=PAGE)
    def get(self, request: Request, system_id: UUID) -> Response:
        """The datasets of a system."""
        row = shown(actor=self.actor(), permission=P.DATASET_VIEW, row=inventory.system_by_id(system_id))
        rows = standing.datasets_visible(self.actor()).filter(system=row)
        return self.page(rows, DatasetOutput, order="-created_at")

    @extend_schema(
        operation_id="dataset_register",
        request=DatasetInput,
        responses={201: DatasetOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, system_id: UUID) -> Response:
        """Register a dataset of a system."""
        given = self.given(DatasetInput)
        return self.make(
            lambda: datasets.dataset_register(actor=self.actor(), system_id=system_id, **given),
            DatasetOutput,
        )


class OneDataset(Resource):
    @extend_schema(operation_id="dataset", responses=DatasetOutput)
    def get(self, request: Request, dataset_id: UUID) -> Response:
        """One dataset."""
        row = shown(actor=self.actor(), permission=P.DATASET_VIEW, row=standing.dataset_by_id(dataset_id))
        return tagged(request, DatasetOutput(row).data)


class DatasetVersions(Resource):
    @extend_schema(
        operation_id="dataset_versions_list", responses=paged(DatasetVersionOutput), parameters=PAGE
    )
    def get(self, request: Request, dataset_id: UUID) -> Response:
        """The versions of a dataset."""
        row = shown(actor=self.actor(), permission=P.DATASET_VIEW, row=standing.dataset_by_id(dataset_id))
        rows = standing.dataset_versions_visible(self.actor()).filter(dataset=row)
        return self.page(rows, DatasetVersionOutput, order="-number")

    @extend_schema(
        operation_id="dataset_version_register",
        request=DatasetVersionInput,
        responses={201: DatasetVersionOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, dataset_id: UUID) -> Response:
        """Register a finished upload as the next version of a dataset."""
        given = self.given(DatasetVersionInput)
        upload_id = given.pop("upload")

        def work() -> Any:
            return datasets.dataset_version_register(
                actor=self.actor(), dataset_id=dataset_id, upload_id=upload_id, **given
            )

        return self.make(work, DatasetVersionOutput)


class OneDatasetVersion(Resource):
    @extend_schema(operation_id="dataset_version", responses=DatasetVersionOutput)
    def get(self, request: Request, dataset_version_id: UUID) -> Response:
        """One dataset version."""
        row = standing.dataset_version_by_id(dataset_version_id)
        row = shown(actor=self.actor(), permission=P.DATASET_VIEW, row=row)
        return tagged(request, DatasetVersionOutput(row).data)


class Uploads(Resource):
    @extend_schema(
        operation_id="upload_start",
        request=UploadInput,
        responses={201: UploadOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        """Announce bytes: how many, their digest and what for."""
        given = self.given(UploadInput)
        model_id, system_id = given.pop("model"), given.pop("system")

        def work() -> Any:
            return uploads.upload_start(actor=self.actor(), model_id=model_id, system_id=system_id, **given)

        return self.make(work, UploadOutput)


class OneUpload(Resource):
    parser_classes = [StreamParser, OffsetStreamParser]

    @extend_schema(operation_id="upload", responses=UploadOutput)
    def get(self, request: Request, upload_id: UUID) -> Response:
        """How far an upload of yours is; HEAD gives the offset in the header `Upload-Offset`."""
        row = uploads.upload_shown(actor=self.actor(), upload_id=upload_id)
        headers = {"Upload-Offset": str(row.offset), "Cache-Control": "no-store"}
        return Response(UploadOutput(row).data, headers=headers)

    @extend_schema(
        operation_id="upload_append",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={204: None},
        parameters=[OFFSET],
    )
    def patch(self, request: Request, upload_id: UUID) -> Response:
        """Append bytes at the offset the upload has; the new offset is in the header `Upload-Offset`."""
        said = request.headers.get("Upload-Offset", "")
        if not (said.isascii() and said.isdigit() and len(said) < 20):
            raise Invalid("The header must be a whole number of bytes.", field="Upload-Offset")
        if not request.stream:
            raise Invalid("There is no body, or its length isn't said.", field="Content-Length")
        pieces: Any = request.data
        reached = uploads.upload_append(
            actor=self.actor(), upload_id=upload_id, offset=int(said), chunks=pieces
        )
        return Response(
            status=status.HTTP_204_NO_CONTENT,
            headers={"Upload-Offset": str(reached), "Cache-Control": "no-store"},
        )

    @extend_schema(operation_id="upload_abort", responses={204: None})
    def delete(self, request: Request, upload_id: UUID) -> Response:
        """Throw away what was received."""
        uploads.upload_abort(actor=self.actor(), upload_id=upload_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class FinishUpload(Resource):
    @extend_schema(operation_id="upload_finish", request=None, responses=UploadOutput)
    def post(self, request: Request, upload_id: UUID) -> Response:
        """Hash what was received and make it usable. Finishing twice gives the same answer."""
        row = uploads.upload_finish(actor=self.actor(), upload_id=upload_id)
        return Response(UploadOutput(row).data)
