"""Two versions side by side, and search."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.selectors.compare import compare
from governance.selectors.contents import content_of
from governance.selectors.search import clean, search
from governance.serializers.desk import ComparisonOutput, SearchInput, SearchOutput
from ledger import clock
from ledger.errors import Invalid
from people.catalogue import P
from people.resources import Resource, tagged
from people.services.reading import shown
from registry.selectors.versions import version_by_id


class Compare(Resource):
    @extend_schema(operation_id="versions_compare", responses=ComparisonOutput)
    def get(self, request: Request, version_id: UUID, other_id: UUID) -> Response:
        """What differs from the first version to the second, of any models: results, data, components, policy, card."""
        rows = [
            shown(actor=self.actor(), permission=P.VERSION_VIEW, row=version_by_id(one))
            for one in (version_id, other_id)
        ]
        now = clock.now()
        old, new = (content_of(row, at=now) for row in rows)
        return tagged(request, ComparisonOutput(compare(old, new).as_dict()).data)


class Search(Resource):
    @extend_schema(operation_id="search", parameters=[SearchInput], responses=SearchOutput)
    def get(self, request: Request) -> Response:
        """What you may see and `q` fits: by name, label, id, person, or the first 8 characters of a digest on."""
        if unknown := sorted(set(request.query_params) - {"q"}):
            raise Invalid("The search has no such parameter.", field=unknown[0][:100])
        asked = SearchInput(data=request.query_params)
        if not asked.is_valid():
            raise Invalid(str(next(iter(asked.errors.values()))[0]), field="q")
        text = clean(asked.validated_data["q"])
        found = search(self.actor(), text)
        hits = [asdict(hit) for one in found for hit in one.hits]
        more = [one.kind for one in found if one.more]
        answer = SearchOutput({"q": text, "results": hits, "more": more})
        return Response(answer.data, headers={"Cache-Control": "no-store"})
