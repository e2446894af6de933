"""Versions and their parts."""

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
from registry.api.bodies import BundleParser
from registry.models import Signature, Version
from registry.selectors import systems as inventory
from registry.selectors import versions as standing
from registry.serializers.versions import (
    ComponentInput,
    ComponentOutput,
    FileOutput,
    FilesInput,
    LineageInput,
    LineageOutput,
    SignatureOutput,
    UnpackInput,
    VersionChanges,
    VersionInput,
    VersionOutput,
)
from registry.services import artifacts, components, datasets, signatures, versions


class Versions(Resource):
    @extend_schema(operation_id="versions_list", responses=paged(VersionOutput), parameters=PAGE)
    def get(self, request: Request, model_id: UUID) -> Response:
        """The versions of a model."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=inventory.model_by_id(model_id))
        rows = standing.versions_visible(self.actor()).filter(model=row)
        return self.page(rows, VersionOutput, order="-number")

    @extend_schema(
        operation_id="version_register",
        request=VersionInput,
        responses={201: VersionOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, model_id: UUID) -> Response:
        """Register the next version of a model."""
        given = self.given(VersionInput)
        return self.make(
            lambda: versions.version_register(actor=self.actor(), model_id=model_id, **given), VersionOutput
        )


class AllVersions(Resource):
    @extend_schema(
        operation_id="versions_visible",
        responses=paged(VersionOutput),
        parameters=[
            *PAGE,
            OpenApiParameter("subject", OpenApiTypes.STR, description="Only with this subject digest."),
        ],
    )
    def get(self, request: Request) -> Response:
        """All versions you may see."""
        rows = standing.versions_visible(self.actor())
        if subject := request.query_params.get("subject"):
            rows = rows.filter(subject_digest=subject)
        return self.page(rows, VersionOutput, order="-registered_at")


class VersionPart(Resource):
    def version(self, version_id: UUID) -> Version:
        row = standing.version_by_id(version_id)
        return shown(actor=self.actor(), permission=P.VERSION_VIEW, row=row)


class OneVersion(VersionPart):
    @extend_schema(operation_id="version", responses=VersionOutput)
    def get(self, request: Request, version_id: UUID) -> Response:
        """One version."""
        return tagged(request, VersionOutput(self.version(version_id)).data)

    @extend_schema(operation_id="version_edit", request=VersionChanges, responses=VersionOutput)
    def patch(self, request: Request, version_id: UUID) -> Response:
        """Change card, label, code reference, environment or declaration while the content is open."""
        given = self.given(VersionChanges)
        row = versions.version_edit(actor=self.actor(), version_id=version_id, changes=given)
        return Response(VersionOutput(row).data)


class Files(VersionPart):
    @extend_schema(operation_id="files_list", responses=paged(FileOutput), parameters=PAGE)
    def get(self, request: Request, version_id: UUID) -> Response:
        """The files of a version."""
        rows = standing.files(self.version(version_id).pk)
        return self.page(rows, FileOutput, order="path")

    @extend_schema(
        operation_id="files_attach",
        request=FilesInput,
        responses={201: FileOutput(many=True)},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Make finished uploads the files of a version: all or none."""
        files: dict[str, Any] = self.given(FilesInput)["files"]
        return self.make(
            lambda: artifacts.artifact_attach(actor=self.actor(), version_id=version_id, files=files),
            FileOutput,
            many=True,
        )

    @extend_schema(
        operation_id="file_remove",
        responses={204: None},
        parameters=[OpenApiParameter("path", OpenApiTypes.STR, required=True)],
    )
    def delete(self, request: Request, version_id: UUID) -> Response:
        """Take a file out of a version whose content is open."""
        path = request.query_params.get("path")
        if not path:
            raise Invalid("Say which file.", field="path")
        artifacts.artifact_remove(actor=self.actor(), version_id=version_id, path=path)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Unpack(Resource):
    @extend_schema(operation_id="archive_unpack", request=UnpackInput, responses={201: FileOutput(many=True)})
    def post(self, request: Request, version_id: UUID) -> Response:
        """Unpack a finished archive upload into files: the whole of it or nothing."""
        upload = self.given(UnpackInput)["upload"]
        rows = artifacts.artifact_unpack(actor=self.actor(), version_id=version_id, upload_id=upload)
        return Response(FileOutput(rows, many=True).data, status=status.HTTP_201_CREATED)


class Components(VersionPart):
    @extend_schema(operation_id="components_list", responses=paged(ComponentOutput), parameters=PAGE)
    def get(self, request: Request, version_id: UUID) -> Response:
        """The bill of materials of a version."""
        rows = standing.components(self.version(version_id).pk)
        return self.page(rows, ComponentOutput, order="name")

    @extend_schema(
        operation_id="component_set",
        request=ComponentInput,
        responses={201: ComponentOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Add or change one component, known by kind and name."""
        given = self.given(ComponentInput)
        return self.make(
            lambda: components.component_set(actor=self.actor(), version_id=version_id, **given),
            ComponentOutput,
        )


class OneComponent(Resource):
    @extend_schema(operation_id="component_remove", responses={204: None})
    def delete(self, request: Request, version_id: UUID, component_id: UUID) -> Response:
        """Take a component off the bill of materials."""
        components.component_remove(actor=self.actor(), version_id=version_id, component_id=component_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LineageOf(VersionPart):
    @extend_schema(operation_id="lineage_list", responses=paged(LineageOutput), parameters=PAGE)
    def get(self, request: Request, version_id: UUID) -> Response:
        """The data a version rests on."""
        rows = standing.lineage(self.version(version_id).pk)
        return self.page(rows, LineageOutput, order="pk")

    @extend_schema(
        operation_id="lineage_set",
        request=LineageInput,
        responses={201: LineageOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Say that a version rests on a dataset version."""
        given = self.given(LineageInput)
        return self.make(
            lambda: datasets.lineage_set(
                actor=self.actor(),
                version_id=version_id,
                dataset_version_id=given["dataset_version"],
                role=given["role"],
            ),
            LineageOutput,
        )


class OneLineage(Resource):
    @extend_schema(operation_id="lineage_remove", responses={204: None})
    def delete(self, request: Request, version_id: UUID, lineage_id: UUID) -> Response:
        """Say that a version doesn't rest on this data after all."""
        datasets.lineage_remove(actor=self.actor(), version_id=version_id, lineage_id=lineage_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Signatures(VersionPart):
    parser_classes = [BundleParser]

    @extend_schema(operation_id="signatures_list", responses=paged(SignatureOutput), parameters=PAGE)
    def get(self, request: Request, version_id: UUID) -> Response:
        """The signatures given for a version, each with what checking it gave on that day."""
        rows = Signature.objects.filter(version=self.version(version_id))
        return self.page(rows, SignatureOutput, order="-checked_at")

    @extend_schema(
        operation_id="signature_add",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: SignatureOutput},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Give an OMS bundle, as its bytes. Recorded whatever checking it gives; see `status`."""
        bundle: Any = request.data
        row = signatures.signature_add(actor=self.actor(), version_id=version_id, bundle=bundle)
        return Response(SignatureOutput(row).data, status=status.HTTP_201_CREATED)
