"""Inventory imports: a program may upload a file and read its dry run; confirming and discarding need a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import clock
from people.catalogue import P
from people.resources import PAGE, Resource, paged, tagged
from people.services.reading import shown
from registry.api.bodies import SpreadsheetParser
from registry.machines import IMPORT
from registry.models import ImportRow, InventoryImport
from registry.selectors import imports as standing
from registry.selectors.intake import plan
from registry.serializers.described import ImportMapping, ImportOutput, ImportRowOutput, OverdueOutput
from registry.services import imports

NAME = OpenApiParameter("name", OpenApiTypes.STR, description="What the file is called, to recognise it by.")


class Imports(Resource):
    parser_classes = [SpreadsheetParser]

    @extend_schema(operation_id="imports_list", responses=paged(ImportOutput), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """Inventory imports, for who sees the whole inventory."""
        return self.page(standing.imports_visible(self.actor()), ImportOutput, order="-read_at")

    @extend_schema(
        operation_id="import_read",
        request={
            "application/octet-stream": OpenApiTypes.BINARY,
            "text/csv": OpenApiTypes.BINARY,
        },
        responses={201: ImportOutput},
        parameters=[NAME],
    )
    def post(self, request: Request) -> Response:
        """Upload a workbook or CSV file of models that already run. The same bytes again give the same import.

        Nothing is written: a person confirms the dry run, or discards it, in the portal; no token can.
        """
        name = request.query_params.get("name", "import")
        data: Any = request.data
        row = imports.import_read(actor=self.actor(), name=name, data=data)
        return Response(ImportOutput(row).data, status=status.HTTP_201_CREATED)


class OneImport(Resource):
    @extend_schema(operation_id="import", responses=ImportOutput)
    def get(self, request: Request, import_id: UUID) -> Response:
        """One import and how far it is."""
        return tagged(request, ImportOutput(_seen(self, import_id)).data)

    @extend_schema(operation_id="import_map", request=ImportMapping, responses=ImportOutput)
    def patch(self, request: Request, import_id: UUID) -> Response:
        """Say what the columns of the file mean."""
        given = self.given(ImportMapping)
        row = imports.import_map(actor=self.actor(), import_id=import_id, mapping=given["mapping"])
        return Response(ImportOutput(row).data)


class ImportRows(Resource):
    @extend_schema(operation_id="import_rows", responses=paged(ImportRowOutput), parameters=PAGE)
    def get(self, request: Request, import_id: UUID) -> Response:
        """What each row would become, or became, with everything that is wrong with it."""
        row = _seen(self, import_id)
        planned = {}
        if row.state == IMPORT.initial.name:
            planned = {item.number: item for item in plan(row).rows}
        paginator: Any = import_string(str(settings.REST_FRAMEWORK["DEFAULT_PAGINATION_CLASS"]))()
        paginator.ordering = "number"
        found = paginator.paginate_queryset(standing.rows_of(row), request, view=self)
        said = [_row(item, planned.get(item.number)) for item in found]
        answer: Response = paginator.get_paginated_response(ImportRowOutput(said, many=True).data)
        return answer


class OverdueModels(Resource):
    @extend_schema(operation_id="inventory_overdue", responses=paged(OverdueOutput), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """Versions in use without a warrant beyond their date, by the clock of this request."""
        rows = standing.overdue_visible(self.actor(), clock.now())
        paginator: Any = import_string(str(settings.REST_FRAMEWORK["DEFAULT_PAGINATION_CLASS"]))()
        paginator.ordering = "-registered_at"
        found = paginator.paginate_queryset(rows, request, view=self)
        answer: Response = paginator.get_paginated_response(
            OverdueOutput(list(standing.spelt(found)), many=True).data
        )
        return answer


def _seen(resource: Resource, import_id: UUID) -> InventoryImport:
    return shown(actor=resource.actor(), permission=P.SYSTEM_VIEW, row=standing.import_by_id(import_id))


def _row(row: ImportRow, planned: Any) -> dict[str, Any]:
    if planned is not None:
        faults = [{"column": column, "reason": reason} for column, reason in planned.faults]
        return {"number": row.number, "outcome": planned.outcome, "faults": faults, "model": None}
    faults = [{"column": "", "reason": row.reason}] if row.reason else []
    return {"number": row.number, "outcome": row.state, "faults": faults, "model": row.model_id}
