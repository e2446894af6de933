"""Findings, validations and comments: read by anybody who may see them; findings opened and answered by a person in a
session. What else moves a finding is in `governance.api.findings`; validations are assigned and issued in the portal.
"""

from __future__ import annotations

from functools import partial
from typing import cast
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import Finding, Validation
from governance.selectors.comments import threads_on
from governance.selectors.findings import finding_by_id, findings_visible, open_at
from governance.selectors.validations import validation_by_id, validations_visible
from governance.serializers.challenge import (
    CommentOutput,
    FindingAnswerInput,
    FindingDetailOutput,
    FindingFilter,
    FindingInput,
    FindingOutput,
    ValidationOutput,
)
from governance.services.findings import Subjects, finding_move, finding_open
from governance.services.validations import report_bytes
from ledger import clock
from ledger.errors import Invalid
from people import access
from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, Shape, paged, tagged
from people.services.reading import shown
from registry.models import Version
from registry.selectors.versions import version_by_id


class Challenge(Resource):
    """What the resources below share: answers leave out what the caller may not see."""

    def answer(self, shape: Shape) -> Shape:
        """`shape` that knows how far the caller sees."""
        return cast("Shape", partial(shape, context={"reach": access.reach(self.actor())}))

    def comments(self, thing: Version | Finding | Validation) -> Response:
        """One page of the threads on `thing`."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=thing)
        return self.page(threads_on(row), CommentOutput, order="-written_at")


class Findings(Challenge):
    @extend_schema(
        operation_id="findings_list", parameters=[FindingFilter, *PAGE], responses=paged(FindingOutput)
    )
    def get(self, request: Request) -> Response:
        """Findings on what you may see; of one across systems, only the subjects you may see."""
        asked = FindingFilter(data=request.query_params)
        if not asked.is_valid():
            field, errors = next(iter(asked.errors.items()))
            raise Invalid(str(errors[0]), field=str(field))
        said, now = asked.validated_data, clock.now()
        rows = findings_visible(self.actor())
        if said.get("state") == "open":
            rows = rows.filter(open_at(now))
        elif said.get("state") == "risk-accepted":
            rows = rows.filter(state="risk-accepted", accepted_until__gt=now)
        elif "state" in said:
            rows = rows.filter(state=said["state"])
        if "severity" in said:
            rows = rows.filter(severity=said["severity"])
        if said.get("overdue"):
            rows = rows.filter(open_at(now), due_at__lt=now)
        return self.page(rows, self.answer(FindingOutput), order="-found_at")

    @extend_schema(
        operation_id="finding_open",
        request=FindingInput,
        responses={201: FindingOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request) -> Response:
        """Open a finding on versions, models or systems. A person in a session; no token carries this."""
        given = self.given(FindingInput)
        about = Subjects(*(given.pop(name) for name in ("versions", "models", "systems")))
        return self.make(
            lambda: finding_open(actor=self.actor(), about=about, **given), self.answer(FindingOutput)
        )


class OneFinding(Challenge):
    @extend_schema(operation_id="finding", responses=FindingDetailOutput)
    def get(self, request: Request, finding_id: UUID) -> Response:
        """One finding with all that was said."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=finding_by_id(finding_id))
        return tagged(request, self.answer(FindingDetailOutput)(row).data)


class Respond(Challenge):
    @extend_schema(
        operation_id="finding_respond",
        request=FindingAnswerInput,
        responses={201: FindingOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, finding_id: UUID) -> Response:
        """The makers' response to an open finding."""
        reason = self.given(FindingAnswerInput)["reason"]
        return self.make(
            lambda: finding_move(actor=self.actor(), finding_id=finding_id, move="respond", reason=reason),
            self.answer(FindingOutput),
        )


class Validations(Challenge):
    @extend_schema(operation_id="validations_list", parameters=PAGE, responses=paged(ValidationOutput))
    def get(self, request: Request) -> Response:
        """Validations of versions you may see."""
        return self.page(
            validations_visible(self.actor()), self.answer(ValidationOutput), order="-planned_at"
        )


class OneValidation(Challenge):
    @extend_schema(operation_id="validation", responses=ValidationOutput)
    def get(self, request: Request, validation_id: UUID) -> Response:
        """One validation."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=validation_by_id(validation_id))
        return tagged(request, self.answer(ValidationOutput)(row).data)


class Report(Challenge):
    @extend_schema(
        operation_id="validation_report",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, validation_id: UUID) -> HttpResponse:
        """The validation report, byte for byte as it was handed in."""
        actor = self.actor()
        row = shown(actor=actor, permission=P.VERSION_VIEW, row=validation_by_id(validation_id))
        data = report_bytes(row, access.reach(actor))
        answer = HttpResponse(data, content_type="application/octet-stream")
        answer["Content-Disposition"] = f'attachment; filename="{row.report_name}"'
        return answer


class VersionComments(Challenge):
    @extend_schema(operation_id="version_comments", parameters=PAGE, responses=paged(CommentOutput))
    def get(self, request: Request, version_id: UUID) -> Response:
        """Threads on a version, the newest first."""
        return self.comments(version_by_id(version_id))


class FindingComments(Challenge):
    @extend_schema(operation_id="finding_comments", parameters=PAGE, responses=paged(CommentOutput))
    def get(self, request: Request, finding_id: UUID) -> Response:
        """Threads on a finding, the newest first."""
        return self.comments(finding_by_id(finding_id))


class ValidationComments(Challenge):
    @extend_schema(operation_id="validation_comments", parameters=PAGE, responses=paged(CommentOutput))
    def get(self, request: Request, validation_id: UUID) -> Response:
        """Threads on a validation, the newest first."""
        return self.comments(validation_by_id(validation_id))
