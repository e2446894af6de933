"""What all resources of the API share: who asks, one page of a list, one change with its idempotency key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers, status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger.actors import Actor
from ledger.errors import Invalid
from ledger.services import idempotency
from people import actors

IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key with the same request has its effect once and gets the same answer, for a day.",
)
PAGE = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="From `next` or `previous` of an answer."),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="At most 200; 50 if not said."),
]
Shape = type[serializers.BaseSerializer[Any]]


def _in_query(item: OpenApiParameter | type[serializers.Serializer[Any]]) -> set[str]:
    """The names that one declared parameter, or a serializer of several, gives the query."""
    if isinstance(item, OpenApiParameter):
        return {item.name} if item.location == OpenApiParameter.QUERY else set()
    return set(item().fields)


@cache
def paged(shape: Shape) -> Any:
    """One page of a list, for the schema: links to its neighbours, and the rows."""
    return inline_serializer(
        f"{shape.__name__.removesuffix('Output')}Page",
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": shape(many=True),
        },
    )


class Resource(APIView):
    """A view that only translates: input to a service's arguments, its answer to JSON."""

    def actor(self) -> Actor:
        return actors.of(self.request)

    def page(self, rows: QuerySet[Any], shape: Shape, *, order: str) -> Response:
        """One page of `rows` by cursor. Raises Invalid for a name in the query that the schema doesn't declare."""
        self._require_declared()
        paginator: Any = import_string(str(settings.REST_FRAMEWORK["DEFAULT_PAGINATION_CLASS"]))()
        paginator.ordering = order
        found = paginator.paginate_queryset(rows, self.request, view=self)
        response: Response = paginator.get_paginated_response(shape(found, many=True).data)
        return response

    def _require_declared(self) -> None:
        # A filter that isn't known must not look as if it had filtered.
        handler = getattr(self, (self.request.method or "").lower())
        schema = handler.kwargs["schema"]()
        schema.view = self
        names = {name for item in (*PAGE, *schema.get_override_parameters()) for name in _in_query(item)}
        if unknown := sorted(set(self.request.query_params) - names):
            raise Invalid(
                f"There is no such filter here; possible: {', '.join(sorted(names))}.", field=unknown[0]
            )

    def make(self, work: Callable[[], Any], shape: Shape, *, many: bool = False) -> Response:
        """Call a service that makes something; with an Idempotency-Key at most once."""

        def run() -> Any:
            return plain(shape(work(), many=many).data)

        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            body = run()
        else:
            body = idempotency.once(
                actor=self.actor(), key=key, request_digest=_digest(self.request), work=run
            )
        return Response(body, status=status.HTTP_201_CREATED)

    def given(self, shape: Shape) -> dict[str, Any]:
        """The request's members, checked for form; what they mean is checked by the service."""
        taken = shape(data=self.request.data)
        taken.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(taken.validated_data)
        return values

    def sent(self, shape: Shape) -> dict[str, Any]:
        """As `given`, of the query's members and the body together; none may be said twice."""
        query, body = self.request.query_params, self.request.data
        if not isinstance(body, dict):
            raise serializers.ValidationError("An object is expected.")
        if repeated := sorted(name for name in query if len(query.getlist(name)) > 1 or name in body):
            raise serializers.ValidationError(dict.fromkeys(repeated, "This is said twice."))
        taken = shape(data={**query.dict(), **body})
        taken.is_valid(raise_exception=True)
        return dict(taken.validated_data)


def plain(data: Any) -> Any:
    """Rendered data as JSON's own types."""
    return json.loads(JSONRenderer().render(data))


def tagged(request: Request, data: Any) -> Response:
    """An answer with its ETag; 304 without a body where the client has it already."""
    body = plain(data)
    text = json.dumps(body, sort_keys=True)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    if tag in [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]:
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag})


def _digest(request: Request) -> str:
    said = [request.method, request.get_full_path(), request.data]
    return "sha256:" + hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
