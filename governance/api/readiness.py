"""Documents beside a version, by their bytes, and answers to the checklists of its policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from governance.selectors.readiness import checklists_of, document_by_id, documents_on
from governance.serializers.readiness import (
    AnswerInput,
    AnswerOutput,
    ChecklistOutput,
    DocumentInput,
    DocumentOutput,
)
from governance.services.readiness import (
    ANSWERED_IN,
    MAX_DOCUMENT,
    checklist_answer,
    document_attach,
    document_bytes,
    document_remove,
)
from ledger.errors import Invalid, TooLarge
from people.catalogue import P
from people.resources import IDEMPOTENCY, PAGE, Resource, paged, tagged
from people.services.reading import shown
from registry.selectors.versions import version_by_id


class DocumentParser(BaseParser):
    """Gives the bytes of a file of at most MAX_DOCUMENT, whatever they are called; nothing here opens them."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        data = stream.read(MAX_DOCUMENT + 1)
        if len(data) > MAX_DOCUMENT:
            raise TooLarge(f"A document has at most {MAX_DOCUMENT // 2**20} MB.", field="file")
        return data


class Documents(Resource):
    parser_classes = [DocumentParser]

    @extend_schema(operation_id="documents_list", parameters=PAGE, responses=paged(DocumentOutput))
    def get(self, request: Request, version_id: UUID) -> Response:
        """What is attached to a version now, the newest first."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=version_by_id(version_id))
        return self.page(documents_on(row), DocumentOutput, order="-attached_at")

    @extend_schema(
        operation_id="document_attach",
        parameters=[DocumentInput],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: DocumentOutput},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Attach a document while the version is open; the body is its bytes.

        The same bytes as the same kind again are the same document, so it needs no key to be sent twice.
        """
        asked = DocumentInput(data=request.query_params)
        if not asked.is_valid():
            field, errors = next(iter(asked.errors.items()))
            raise Invalid(str(errors[0]), field=str(field))
        said: Any = request.data
        # an empty body isn't parsed, and what is there instead isn't bytes
        data = said if isinstance(said, bytes) else b""
        row = document_attach(actor=self.actor(), version_id=version_id, data=data, **asked.validated_data)
        return Response(DocumentOutput(row).data, status=status.HTTP_201_CREATED)


class OneDocument(Resource):
    @extend_schema(operation_id="document", responses=DocumentOutput)
    def get(self, request: Request, document_id: UUID) -> Response:
        """One document: what it is, its digest, who attached it."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=document_by_id(document_id))
        return tagged(request, DocumentOutput(row).data)

    @extend_schema(operation_id="document_remove", responses={204: None})
    def delete(self, request: Request, document_id: UUID) -> Response:
        """Take it off while the version is open; its record and bytes stay. Approvals given with it no longer count."""
        document_remove(actor=self.actor(), document_id=document_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DocumentContent(Resource):
    @extend_schema(
        operation_id="document_content",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, document_id: UUID) -> HttpResponse:
        """Its bytes, as they were attached; 410 once retention has deleted them."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=document_by_id(document_id))
        answer = HttpResponse(document_bytes(row), content_type="application/octet-stream")
        answer["Content-Disposition"] = f'attachment; filename="document-{row.pk}"'
        return answer


class Checklists(Resource):
    @extend_schema(operation_id="checklists", responses=ChecklistOutput(many=True))
    def get(self, request: Request, version_id: UUID) -> Response:
        """The questions of the version's policy, move by move, with the answers that count; none without a policy."""
        row = shown(actor=self.actor(), permission=P.VERSION_VIEW, row=version_by_id(version_id))
        said = [
            {
                "move": move,
                "open": row.state in ANSWERED_IN[move],
                "questions": [{"question": text, "answer": answer} for text, answer in asked],
            }
            for move, asked in checklists_of(row, list(ANSWERED_IN))
        ]
        return Response(ChecklistOutput(said, many=True).data)

    @extend_schema(
        operation_id="checklist_answer",
        request=AnswerInput,
        responses={201: AnswerOutput},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Answer one question. Reviewers' questions need a person in a session who took no part in the version."""
        given = self.given(AnswerInput)
        return self.make(
            lambda: checklist_answer(actor=self.actor(), version_id=version_id, **given), AnswerOutput
        )
