"""Waivers beyond one version: asked for, decided on, taken back and renewed by people in a session; no token does."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.models import WideWaiver
from governance.selectors.renewals import wide_waiver_by_id, wide_waivers_of
from governance.serializers.waivers import WaiverTermsInput, WideWaiverInput, WideWaiverOutput
from governance.services.renewals import wide_waiver_renew
from governance.services.wide_waivers import (
    wide_waiver_approve,
    wide_waiver_refuse,
    wide_waiver_request,
    wide_waiver_revoke,
)
from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, paged, tagged
from people.services.reading import shown
from people.strict import Empty
from registry.selectors.systems import model_by_id


class WideWaivers(Resource):
    @extend_schema(operation_id="wide_waivers_list", parameters=PAGE, responses=paged(WideWaiverOutput))
    def get(self, request: Request, model_id: UUID) -> Response:
        """Every waiver for a model beyond one version, whatever became of it, the newest first."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=model_by_id(model_id))
        return self.page(wide_waivers_of(row), WideWaiverOutput, order="-requested_at")

    @extend_schema(
        operation_id="wide_waiver_request",
        request=WideWaiverInput,
        responses={201: WideWaiverOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, model_id: UUID) -> Response:
        """Ask that a requirement may stay unmet until a date, for all versions of a model or those named."""
        given = self.given(WideWaiverInput)
        return self.make(
            lambda: wide_waiver_request(actor=self.actor(), model_id=model_id, **given), WideWaiverOutput
        )


class OneWideWaiver(Resource):
    @extend_schema(operation_id="wide_waiver", responses=WideWaiverOutput)
    def get(self, request: Request, wide_waiver_id: UUID) -> Response:
        """One waiver beyond one version."""
        row = shown(actor=self.actor(), permission=P.SYSTEM_VIEW, row=wide_waiver_by_id(wide_waiver_id))
        return tagged(request, WideWaiverOutput(row).data)


class Decided(Resource):
    """What the three decisions below share: the path says everything."""

    def decide(self, work: Callable[..., WideWaiver], wide_waiver_id: UUID) -> Response:
        self.given(Empty)
        return self.make(lambda: work(actor=self.actor(), waiver_id=wide_waiver_id), WideWaiverOutput)


class Approve(Decided):
    @extend_schema(
        operation_id="wide_waiver_approve",
        request=Empty,
        responses={201: WideWaiverOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, wide_waiver_id: UUID) -> Response:
        """Approve it. The accountable executive does; neither its requester nor a contributor to a version it names."""
        return self.decide(wide_waiver_approve, wide_waiver_id)


class Refuse(Decided):
    @extend_schema(
        operation_id="wide_waiver_refuse",
        request=Empty,
        responses={201: WideWaiverOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, wide_waiver_id: UUID) -> Response:
        """Refuse it."""
        return self.decide(wide_waiver_refuse, wide_waiver_id)


class Revoke(Decided):
    @extend_schema(
        operation_id="wide_waiver_revoke",
        request=Empty,
        responses={201: WideWaiverOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, wide_waiver_id: UUID) -> Response:
        """Take an approved one back early, for every version it named: the requirement blocks again from now on."""
        return self.decide(wide_waiver_revoke, wide_waiver_id)


class Renewal(Resource):
    @extend_schema(
        operation_id="wide_waiver_renew",
        request=WaiverTermsInput,
        responses={201: WideWaiverOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, wide_waiver_id: UUID) -> Response:
        """Ask for an approved one again, once, for the same versions and places: a waiver of its own, linked and counted."""
        given = self.given(WaiverTermsInput)
        return self.make(
            lambda: wide_waiver_renew(actor=self.actor(), waiver_id=wide_waiver_id, **given),
            WideWaiverOutput,
        )
