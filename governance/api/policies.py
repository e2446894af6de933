"""Policies: the list, one with its text, the linter, and the published schema."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.policies.document import digest, lint
from governance.policies.lint import schema
from governance.serializers.policies import PolicyLintOutput, PolicyOutput, PolicyTextInput, WholePolicyOutput
from governance.services.policies import known_words, policies_shown, policy_shown
from people.resources import Resource, tagged


class Policies(Resource):
    @extend_schema(operation_id="policies_list", responses=PolicyOutput(many=True))
    def get(self, request: Request) -> Response:
        """Every policy, the newest first: for people who may sign in, and for tokens that carry the right to read reports
        on anything."""
        return self.page(policies_shown(actor=self.actor()), PolicyOutput, order="-number")


class OnePolicy(Resource):
    @extend_schema(operation_id="policy", responses=WholePolicyOutput)
    def get(self, request: Request, policy_id: UUID) -> Response:
        """One policy: its exact text, its digest, and every rule as a sentence. For whoever may list them."""
        row = policy_shown(actor=self.actor(), policy_id=policy_id)
        return tagged(request, WholePolicyOutput(row).data)


class Lint(Resource):
    @extend_schema(operation_id="policy_lint", request=PolicyTextInput, responses=PolicyLintOutput)
    def post(self, request: Request) -> Response:
        """Every problem of a text with its line. Nothing is stored; the answer is 200 also for a text full of problems."""
        text = self.given(PolicyTextInput)["text"]
        self.actor()
        problems = lint(text, known=known_words())
        return Response(
            {
                "digest": digest(text),
                "problems": [
                    {"line": item.line, "column": item.column, "path": item.path, "message": item.message}
                    for item in problems
                ],
            }
        )


@require_safe
@cache_control(public=True, max_age=86_400)
def policy_schema(request: HttpRequest) -> JsonResponse:
    """The JSON Schema of policies, for everybody: it says what a text may say, and nothing of any policy."""
    answer = JsonResponse(schema(), json_dumps_params={"indent": 2})
    answer["Content-Type"] = "application/schema+json"
    return answer
