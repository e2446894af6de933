"""What moves a finding, or changes it without a move: judged, answered and put off by a person in a session.

Each door asks what its page asks. No token carries any of these rights.
"""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.challenge import Challenge
from governance.serializers.challenge import (
    DissentOutput,
    ExtensionDecisionInput,
    ExtensionInput,
    FindingAnswerInput,
    FindingExtensionOutput,
    FindingMoveInput,
    FindingOutput,
    SeverityInput,
    SuccessorInput,
)
from governance.services.dissents import finding_dissent
from governance.services.extensions import extension_decide, extension_request
from governance.services.findings import finding_move, severity_change, successor_name
from people.resources import IDEMPOTENCY


class Moves(Challenge):
    @extend_schema(
        operation_id="finding_move",
        request=FindingMoveInput,
        responses={201: FindingOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, finding_id: UUID) -> Response:
        """Make one move of the table with the words it is made with.

        Makers respond, dispute and report as remedied; the finder or a named successor judges, closes and withdraws; a
        risk reviewer or executive accepts the risk until a date. Which moves are open to you, and why others aren't, is
        at `/things/finding/<id>/moves`.
        """
        given = self.given(FindingMoveInput)
        return self.make(
            lambda: finding_move(actor=self.actor(), finding_id=finding_id, **given),
            self.answer(FindingOutput),
        )


class Severity(Challenge):
    @extend_schema(
        operation_id="finding_severity",
        request=SeverityInput,
        responses={201: FindingOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, finding_id: UUID) -> Response:
        """Judge the severity anew; the due date follows, and the old severity stays in the history."""
        given = self.given(SeverityInput)
        return self.make(
            lambda: severity_change(actor=self.actor(), finding_id=finding_id, **given),
            self.answer(FindingOutput),
        )


class Successor(Challenge):
    @extend_schema(
        operation_id="finding_successor",
        request=SuccessorInput,
        responses={201: FindingOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, finding_id: UUID) -> Response:
        """Name who judges the answers beside, or after, the finder. The head of validation does."""
        given = self.given(SuccessorInput)
        return self.make(
            lambda: successor_name(actor=self.actor(), finding_id=finding_id, **given),
            self.answer(FindingOutput),
        )


class Extensions(Challenge):
    @extend_schema(
        operation_id="finding_extension_request",
        request=ExtensionInput,
        responses={201: FindingExtensionOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, finding_id: UUID) -> Response:
        """Ask for a later due date. One request waits at a time; every one is kept and counted."""
        given = self.given(ExtensionInput)
        return self.make(
            lambda: extension_request(actor=self.actor(), finding_id=finding_id, **given),
            FindingExtensionOutput,
        )


class ExtensionDecision(Challenge):
    @extend_schema(
        operation_id="finding_extension_decide",
        request=ExtensionDecisionInput,
        responses={201: FindingExtensionOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, finding_extension_id: UUID) -> Response:
        """Grant or refuse a later due date; neither who asked nor who made or owns the subject can."""
        given = self.given(ExtensionDecisionInput)
        return self.make(
            lambda: extension_decide(actor=self.actor(), extension_id=finding_extension_id, **given),
            FindingExtensionOutput,
        )


class Dissents(Challenge):
    @extend_schema(
        operation_id="finding_dissent",
        request=FindingAnswerInput,
        responses={201: DissentOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, finding_id: UUID) -> Response:
        """Disagree with how a finding ended. It is printed with it for ever and can't be taken back."""
        reason = self.given(FindingAnswerInput)["reason"]
        return self.make(
            lambda: finding_dissent(actor=self.actor(), finding_id=finding_id, reason=reason), DissentOutput
        )
