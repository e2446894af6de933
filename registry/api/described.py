"""What describes systems and models: tierings, dependencies, fields of the organisation."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, paged, tagged
from people.services.reading import shown
from registry.models import AIModel, System
from registry.selectors import dependencies as links
from registry.selectors import fields as own
from registry.selectors import systems as inventory
from registry.selectors import tierings as standing
from registry.serializers.described import (
    DependencyInput,
    DependencyOutput,
    FieldInput,
    FieldOutput,
    TieringInput,
    TieringOutput,
    ValuesInput,
    ValuesOutput,
)
from registry.services import dependencies, fields, tierings


class Tierings(Resource):
    @extend_schema(operation_id="tierings_list", responses=paged(TieringOutput), parameters=PAGE)
    def get(self, request: Request, system_id: UUID) -> Response:
        """Every tiering of a system. Only a person of the second line confirms one, in the portal."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=inventory.system_by_id(system_id))
        return self.page(row.tierings.all(), TieringOutput, order="-proposed_at")

    @extend_schema(
        operation_id="tiering_propose",
        request=TieringInput,
        responses={201: TieringOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, system_id: UUID) -> Response:
        """Propose the tier of a system."""
        given = self.given(TieringInput)
        return self.make(
            lambda: tierings.tiering_propose(actor=self.actor(), system_id=system_id, **given), TieringOutput
        )


class OneTiering(Resource):
    @extend_schema(operation_id="tiering", responses=TieringOutput)
    def get(self, request: Request, tiering_id: UUID) -> Response:
        """One tiering."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=standing.tiering_by_id(tiering_id))
        return tagged(request, TieringOutput(row).data)


class Dependencies(Resource):
    @extend_schema(operation_id="dependencies_list", responses=paged(DependencyOutput), parameters=PAGE)
    def get(self, request: Request, model_id: UUID) -> Response:
        """What a model rests on and what rests on it, as far as you may see both ends."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=inventory.model_by_id(model_id))
        seen = links.dependencies_visible(self.actor())
        return self.page(
            seen.filter(upstream=row) | seen.filter(downstream=row), DependencyOutput, order="-declared_at"
        )

    @extend_schema(
        operation_id="dependency_set",
        request=DependencyInput,
        responses={201: DependencyOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, model_id: UUID) -> Response:
        """Say what a model rests on."""
        given = self.given(DependencyInput)
        return self.make(
            lambda: dependencies.dependency_set(
                actor=self.actor(), downstream_id=model_id, upstream_id=given["upstream"], kind=given["kind"]
            ),
            DependencyOutput,
        )


class OneDependency(Resource):
    @extend_schema(operation_id="dependency_remove", responses={204: None})
    def delete(self, request: Request, dependency_id: UUID) -> Response:
        """Say that a dependency holds no more."""
        dependencies.dependency_remove(actor=self.actor(), dependency_id=dependency_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Fields(Resource):
    @extend_schema(operation_id="fields_list", responses=paged(FieldOutput), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """The organisation's own fields of systems and models, retired ones too."""
        return self.page(own.fields_visible(self.actor()), FieldOutput, order="-defined_at")

    @extend_schema(
        operation_id="field_define",
        request=FieldInput,
        responses={201: FieldOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        """Define a field. Needs a person in a session with a second factor."""
        given = self.given(FieldInput)
        return self.make(lambda: fields.field_define(actor=self.actor(), **given), FieldOutput)


class SystemValues(Resource):
    @extend_schema(operation_id="system_values", responses=ValuesOutput)
    def get(self, request: Request, system_id: UUID) -> Response:
        """The fields of a system that you may see."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=inventory.system_by_id(system_id))
        return self._filled(row)

    @extend_schema(operation_id="system_values_set", request=ValuesInput, responses=ValuesOutput)
    def patch(self, request: Request, system_id: UUID) -> Response:
        """Write fields of a system. Needs a person in a session with a second factor."""
        given = self.given(ValuesInput)
        fields.system_values_set(actor=self.actor(), system_id=system_id, values=given["values"])
        return self._filled(inventory.system_by_id(system_id))

    def _filled(self, row: System | AIModel) -> Response:
        values = {item.field.name: item.text for item in own.filled(self.actor(), row)}
        return Response(ValuesOutput({"values": values}).data)


class ModelValues(SystemValues):
    @extend_schema(operation_id="model_values", responses=ValuesOutput)
    def get(self, request: Request, model_id: UUID) -> Response:
        """The fields of a model that you may see."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=inventory.model_by_id(model_id))
        return self._filled(row)

    @extend_schema(operation_id="model_values_set", request=ValuesInput, responses=ValuesOutput)
    def patch(self, request: Request, model_id: UUID) -> Response:
        """Write fields of a model."""
        given = self.given(ValuesInput)
        fields.model_values_set(actor=self.actor(), model_id=model_id, values=given["values"])
        return self._filled(inventory.model_by_id(model_id))
